// What runtime.rs asks of the platform. Each is one call, and one promise at most.
import { env, waitUntil } from "cloudflare:workers";

// One request to Twilio, or to Turnstile.
export async function send(method, url, authorization, type, ifMatch, webhooks, timeout, body) {
  const headers = authorization ? { Authorization: authorization } : {};
  if (type) headers["Content-Type"] = type;
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (webhooks) headers["X-Twilio-Webhook-Enabled"] = "true";
  const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(timeout) });
  return {
    status: answer.status,
    etag: answer.headers.get("etag"),
    retryAfter: answer.ok ? undefined : answer.headers.get("retry-after"),
    body: await answer.text(),
  };
}

// The platform's own operations have no time limit.
function within(time, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), time);
    const ended = (settle) => (outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    promise.then(ended(resolve), ended(reject));
  });
}

export const kvGet = (key, time) => within(time, env.STATE.get(key));
export const kvPut = (key, value, metadata, expirationTtl, time) =>
  within(time, env.STATE.put(key, value, { metadata, expirationTtl }));
export const kvDelete = (key, time) => within(time, env.STATE.delete(key));
// A page of keys: the next one's cursor, then each key and its metadata, a line each.
export async function kvList(prefix, cursor, time) {
  const page = await within(time, env.STATE.list({ prefix, cursor }));
  let lines = page.list_complete ? "" : page.cursor;
  for (const { name, metadata } of page.keys) lines += `\n${name}\n${metadata ?? ""}`;
  return lines;
}

// Asks the exactly-once gate.
export async function ask(key, question, time) {
  const asked = env.GATE.getByName(key).fetch("https://gate/", { method: "POST", body: question });
  const answer = await within(time, asked);
  if (!answer.ok) throw new Error(`the gate answered ${answer.status}`);
  return answer.text();
}

// Counts one more; whether the rate limiter lets it pass.
export const limit = async (name, key, time) => (await within(time, env[name].limit({ key }))).success;

export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

export const behind = (work) => waitUntil(work);

const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
  "Access-Control-Max-Age": "86400",
};

// The response; without a type it answers a preflight.
export function respond(status, type, body, origin, allow, retryAfter) {
  const headers = { "Access-Control-Allow-Origin": origin };
  if (type) headers["Content-Type"] = type;
  if (origin !== "*") headers.Vary = "Origin";
  if (allow) headers.Allow = allow;
  if (retryAfter !== undefined) headers["Retry-After"] = retryAfter;
  if (!type) Object.assign(headers, PREFLIGHT);
  return new Response(body || null, { status, headers });
}
