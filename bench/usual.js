// The JavaScript Worker that one would write: the platform's URL, URLSearchParams, Web Crypto
// and JSON. It answers the benchmark's routes with the same checks as ours.
const MAX_BODY = 256 * 1024;
const TIME = 10_000; // for the whole request
const PATIENCE = 4_500; // for one answer of Twilio
const TRIES = 3;

class Failure extends Error {
  constructor(status, message, { details = {}, headers = {} } = {}) {
    super(message);
    Object.assign(this, { status, details, headers });
  }
}
const forbidden = (message) => new Failure(403, message);
const bad = (field, problem) => new Failure(400, `${field}: ${problem}`, { details: { field } });

export default {
  async fetch(request, env) {
    const started = Date.now();
    const url = new URL(request.url);
    const id = request.headers.get("CF-Ray") ?? crypto.randomUUID();
    const cx = { env, id, deadline: started + TIME, calls: 0, sids: [] };
    let response;
    let error;
    try {
      response = await route(cx, request, url);
    } catch (caught) {
      error = caught instanceof Failure ? caught : new Failure(500, "Something went wrong here.");
      const body = { success: false, message: error.message, requestId: id, ...error.details };
      response = Response.json(body, { status: error.status, headers: error.headers });
    }
    const allowed = (env.ALLOWED_ORIGINS ?? "").split(",").map((origin) => origin.trim()).filter(Boolean);
    const origin = request.headers.get("Origin");
    response.headers.set("Access-Control-Allow-Origin", allowed.length === 0 ? "*" : allowed.includes(origin) ? origin : allowed[0]);
    if (allowed.length > 0) response.headers.set("Vary", "Origin");
    const line = {
      request: id,
      route: error?.status === 404 || error?.status === 413 ? "none" : url.pathname,
      status: response.status,
      ms: Date.now() - started,
      twilioCalls: cx.calls,
      sids: cx.sids,
    };
    if (error) line.error = `${error.status}`;
    console.log(JSON.stringify(line));
    return response;
  },
};

async function route(cx, request, url) {
  if (request.method === "OPTIONS") {
    const headers = {
      "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
      "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
      "Access-Control-Max-Age": "86400",
    };
    return new Response(null, { status: 204, headers });
  }
  const body = request.method === "POST" ? await readBody(request) : "";
  switch (url.pathname) {
    case "/voice/agent-outbound-join":
      return callerLeg(cx, url, await webhook(cx, request, url, body));
    case "/voice/call-outbound-join":
      return conferenceEvent(cx, await webhook(cx, request, url, body));
    case "/common/flex/taskrouter/update-task-attributes":
      return updateTaskAttributes(cx, await flex(cx, request, url, body));
    case "/internal-chat/list-pins":
      return listPins(cx, await flex(cx, request, url, body));
    default:
      throw new Failure(404, "There is no such endpoint.");
  }
}

async function readBody(request) {
  const tooLarge = () => new Failure(413, "The body is larger than 256 KiB.");
  const length = request.headers.get("Content-Length");
  if (length !== null) {
    if (Number(length) > MAX_BODY) throw tooLarge();
    return request.text();
  }
  if (!request.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

// --- Who is calling --------------------------------------------------------------------

const encoder = new TextEncoder();
let signingKeys;

function importKeys(env) {
  const tokens = [env.TWILIO_AUTH_TOKEN, env.TWILIO_AUTH_TOKEN_SECONDARY].filter(Boolean);
  const usage = { name: "HMAC", hash: "SHA-1" };
  return Promise.all(tokens.map((token) => crypto.subtle.importKey("raw", encoder.encode(token), usage, false, ["verify"])));
}

async function webhook(cx, request, url, body) {
  if (request.method !== "POST" && request.method !== "GET") {
    throw new Failure(405, "This endpoint takes GET, POST, OPTIONS.", { headers: { Allow: "GET, POST, OPTIONS" } });
  }
  require(cx.env, "twilio", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]);
  const hash = url.searchParams.get("bodySHA256");
  const isJson = request.method === "POST" && (hash !== null || request.headers.get("Content-Type")?.startsWith("application/json"));
  const form = new URLSearchParams(isJson ? "" : body);
  const valid = await isSigned(cx.env, request, url, form);
  if (!valid || (isJson && hash !== (await sha256(body)))) {
    throw forbidden("X-Twilio-Signature is missing or not valid.");
  }
  return isJson ? parameters(url.searchParams, JSON.parse(body)) : parameters(url.searchParams, form);
}

async function isSigned(env, request, url, form) {
  let signature;
  try {
    signature = Uint8Array.from(atob(request.headers.get("X-Twilio-Signature") ?? ""), (c) => c.charCodeAt(0));
  } catch {
    return false;
  }
  if (signature.length !== 20) return false;
  const names = [...new Set(form.keys())].sort();
  const fields = names.map((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value).join("")).join("");
  signingKeys ??= importKeys(env);
  const keys = await signingKeys;
  const received = env.PUBLIC_URL ? env.PUBLIC_URL + url.pathname + url.search : request.url;
  const without = new URL(received);
  without.port = "";
  const port = without.protocol === "https:" ? ":443" : ":80";
  const withPort = `${without.protocol}//${without.hostname}${url.port ? `:${url.port}` : port}${without.pathname}${without.search}`;
  for (const spelling of [received, without.href, withPort]) {
    for (const key of keys) {
      if (await crypto.subtle.verify("HMAC", key, signature, encoder.encode(spelling + fields))) return true;
    }
  }
  return false;
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

async function flex(cx, request, url, body) {
  if (request.method !== "POST") {
    throw new Failure(405, "This endpoint takes POST, OPTIONS.", { headers: { Allow: "POST, OPTIONS" } });
  }
  require(cx.env, "helpers", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FLEX_WORKSPACE_SID"]);
  const query = new URLSearchParams(url.searchParams);
  query.delete("Token");
  const isJson = request.headers.get("Content-Type")?.startsWith("application/json");
  const params = parameters(query, isJson ? JSON.parse(body) : new URLSearchParams(body));
  const bearer = request.headers.get("Authorization")?.match(/^Bearer (.+)$/)?.[1];
  const token = params.get("Token") ?? bearer;
  if (!token) throw forbidden("Token is missing: a Flex token in the body or as Authorization: Bearer.");
  return { params, agent: await agentOf(cx, token) };
}

// What is known of the tokens seen lately, by their SHA-256.
const tokens = new Map();

async function agentOf(cx, token) {
  const digest = await sha256(token);
  for (;;) {
    const known = tokens.get(digest);
    if (!known || known.until <= Date.now()) break;
    if (known.agent) return known.agent;
    if (known.refused) throw forbidden(known.refused);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  tokens.set(digest, { until: Date.now() + 6_000 });
  try {
    const { body } = await twilio(cx, "POST", "iam", `/v1/Accounts/${cx.env.TWILIO_ACCOUNT_SID}/Tokens/validate`, { json: { token } });
    const end = body.expiration ? Date.parse(body.expiration) : Infinity;
    if (body.valid !== true || end <= Date.now()) throw forbidden(body.message ?? "The Flex token is not valid.");
    const agent = { worker: body.worker_sid, identity: body.identity, roles: body.roles };
    const keep = Number(cx.env.FLEX_TOKEN_CACHE_SECONDS ?? 60) * 1000;
    if (tokens.size >= 1000) tokens.delete(tokens.keys().next().value);
    tokens.set(digest, { agent, until: Math.min(end, Date.now() + keep) });
    return agent;
  } catch (error) {
    if (error.status === 403) tokens.set(digest, { refused: error.message, until: Date.now() + 5_000 });
    else tokens.delete(digest);
    throw error;
  }
}

function require(env, feature, names) {
  const missing = names.filter((name) => !env[name]);
  if (missing.length === 0) return;
  throw new Failure(500, `${feature} is not configured: ${missing.join(", ")} missing.`, { details: { missing } });
}

// --- What they say ---------------------------------------------------------------------

// Query and body as one bag; the body wins, and the last of a name.
function parameters(query, body) {
  const params = new Map(query);
  for (const [name, value] of body instanceof URLSearchParams ? body : Object.entries(body)) params.set(name, value);
  for (const [name, value] of params) if (["", "null", "undefined", null].includes(value)) params.delete(name);
  return params;
}

function sid(cx, params, name, prefix) {
  const value = params.get(name);
  if (value === undefined) throw bad(name, "is missing");
  if (!new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(value)) throw bad(name, `is not a ${prefix}… SID`);
  if (!cx.sids.includes(value)) cx.sids.push(value);
  return value;
}

// --- Twilio ----------------------------------------------------------------------------

async function twilio(cx, method, product, path, { form, json, ifMatch } = {}) {
  const { env } = cx;
  const [user, password] =
    env.TWILIO_API_KEY && product !== "iam" ? [env.TWILIO_API_KEY, env.TWILIO_API_SECRET] : [env.TWILIO_ACCOUNT_SID, env.TWILIO_AUTH_TOKEN];
  const url = env.TWILIO_API_BASE ? `${env.TWILIO_API_BASE}/${product}${path}` : `https://${product}.twilio.com${path}`;
  const headers = new Headers({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });
  if (ifMatch) headers.set("If-Match", ifMatch);
  if (json) headers.set("Content-Type", "application/json");
  const body = json ? JSON.stringify(json) : form ? new URLSearchParams(form) : undefined;
  for (let tries = 1; ; tries++) {
    const left = cx.deadline - Date.now();
    if (left <= 0) throw new Failure(504, "Twilio did not answer in time.");
    cx.calls += 1;
    let failure;
    try {
      const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(Math.min(left, PATIENCE)) });
      if (answer.ok) return { body: await answer.json(), etag: answer.headers.get("ETag") };
      const refusal = await answer.json().catch(() => ({}));
      const details = { twilioErrorCode: refusal.code, twilioDocPage: refusal.more_info };
      failure = new Failure(answer.status, refusal.message ?? `Twilio answered ${answer.status}.`, { details });
      failure.retryAfter = Number(answer.headers.get("Retry-After") ?? 0);
      if (![429, 503].includes(answer.status)) throw failure;
    } catch (error) {
      if (error instanceof Failure) throw error;
      failure = new Failure(504, "Twilio did not answer in time.");
    }
    const pause = Math.max(100 + Math.random() * (200 << tries), (failure.retryAfter ?? 0) * 1000);
    if (tries >= TRIES || pause + 500 > cx.deadline - Date.now()) throw failure;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// --- The endpoints ---------------------------------------------------------------------

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => text.replace(/[&<>"]/g, (character) => escapes[character]);

function callerLeg(cx, url, params) {
  const room = sid(cx, params, "taskSid", "WT");
  const callback = new URL("call-outbound-join", cx.env.PUBLIC_URL ? cx.env.PUBLIC_URL + url.pathname : url);
  callback.hash = "rc=3&rp=ct,rt,5xx";
  const twiml = `<?xml version="1.0" encoding="UTF-8"?><Response><Dial><Conference statusCallback="${escape(callback.href)}" statusCallbackEvent="join end" endConferenceOnExit="true">${escape(room)}</Conference></Dial></Response>`;
  return new Response(twiml, { headers: { "Content-Type": "text/xml; charset=utf-8" } });
}

function conferenceEvent(cx, params) {
  const kind = params.get("StatusCallbackEvent");
  sid(cx, params, "FriendlyName", "WT");
  if (kind === "participant-join" || kind === "conference-end") throw new Failure(500, "This is only a benchmark.");
  return Response.json({ success: true });
}

function parseObject(field, value) {
  if (value === undefined) throw bad(field, "is missing");
  try {
    const object = typeof value === "string" ? JSON.parse(value) : value;
    if (object !== null && typeof object === "object" && !Array.isArray(object)) return object;
  } catch {
    // as for what is no object
  }
  throw bad(field, "must be a JSON object");
}

const isSupervisor = (agent) => agent.roles.includes("supervisor") || agent.roles.includes("admin");

async function updateTaskAttributes(cx, { params, agent }) {
  const task = sid(cx, params, "taskSid", "WT");
  const update = parseObject("attributesUpdate", params.get("attributesUpdate"));
  const path = `/v1/Workspaces/${cx.env.TWILIO_FLEX_WORKSPACE_SID}/Tasks/${task}`;
  if (cx.env.ACCESS_CHECKS !== "off" && !isSupervisor(agent)) {
    const mine = await twilio(cx, "GET", "taskrouter", `${path}/Reservations?WorkerSid=${agent.worker}&PageSize=50`);
    const live = (reservation) => ["pending", "accepted", "wrapping"].includes(reservation.reservation_status);
    if (!mine.body.reservations.some(live)) throw forbidden("You take no part in this task.");
  }
  for (let tries = 1; ; tries++) {
    const { body, etag } = await twilio(cx, "GET", "taskrouter", path);
    const merged = merge(JSON.parse(body.attributes), update);
    for (const [name, value] of Object.entries(merged)) if (value === null) delete merged[name];
    try {
      await twilio(cx, "POST", "taskrouter", path, { form: { Attributes: JSON.stringify(merged) }, ifMatch: etag });
      return Response.json({ success: true });
    } catch (error) {
      if (error.status !== 412 || tries >= 5) throw error;
    }
  }
}

// As lodash merges: objects by name, arrays by index.
function merge(current, update) {
  if (Array.isArray(current) && Array.isArray(update)) {
    update.forEach((value, index) => (current[index] = merge(current[index], value)));
    return current;
  }
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isObject(current) || !isObject(update)) return update;
  for (const [name, value] of Object.entries(update)) {
    Object.defineProperty(current, name, { value: merge(current[name], value), enumerable: true, writable: true, configurable: true });
  }
  return current;
}

async function listPins(cx, { agent: { identity } }) {
  if (!identity || /[\p{Cc}+"\\]/u.test(identity)) throw forbidden("This token's identity cannot chat.");
  const prefix = `pin/${encodeURIComponent(identity)}/`;
  const keys = [];
  let page;
  do {
    page = await cx.env.STATE.list({ prefix, cursor: page?.cursor });
    keys.push(...page.keys);
  } while (!page.list_complete);
  const pins = keys.map(({ metadata }) => {
    const [time, ...other] = metadata.split(" ");
    return { time: Number(time), other: other.join(" ") };
  });
  pins.sort((a, b) => a.time - b.time);
  return Response.json({ success: true, pins: pins.map(({ other }) => [identity, other].sort().join("+")), skipped: [] });
}
