// The same Worker in JavaScript, tuned by hand for speed: one pass over URL and form instead
// of URL and URLSearchParams objects, everything that can be made once made once, no object
// and no promise that is not needed.
const MAX_BODY = 256 * 1024;
const TIME = 10_000; // for the whole request
const PATIENCE = 4_500; // for one answer of Twilio
const TRIES = 3;

const encoder = new TextEncoder();
const XML = "text/xml; charset=utf-8";

let settings = null; // what is made of `env`, once

function prepare(env) {
  const allowed = (env.ALLOWED_ORIGINS ?? "").split(",").map((origin) => origin.trim()).filter(Boolean);
  const tokens = [env.TWILIO_AUTH_TOKEN, env.TWILIO_AUTH_TOKEN_SECONDARY].filter(Boolean);
  const usage = { name: "HMAC", hash: "SHA-1" };
  const basic = (user, password) => `Basic ${btoa(`${user}:${password}`)}`;
  const account = basic(env.TWILIO_ACCOUNT_SID, env.TWILIO_AUTH_TOKEN);
  const missing = (names) => names.filter((name) => !env[name]);
  settings = {
    env,
    allowed,
    keys: null,
    importing: Promise.all(tokens.map((token) => crypto.subtle.importKey("raw", encoder.encode(token), usage, false, ["verify"]))),
    account,
    rest: env.TWILIO_API_KEY ? basic(env.TWILIO_API_KEY, env.TWILIO_API_SECRET) : account,
    base: env.TWILIO_API_BASE ? (product) => `${env.TWILIO_API_BASE}/${product}` : (product) => `https://${product}.twilio.com`,
    missingForTwilio: missing(["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]),
    missingForHelpers: missing(["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FLEX_WORKSPACE_SID"]),
    keep: Number(env.FLEX_TOKEN_CACHE_SECONDS ?? 60) * 1000,
    accessChecks: env.ACCESS_CHECKS !== "off",
    json: { headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" } },
    xml: { headers: { "Content-Type": XML, "Access-Control-Allow-Origin": "*" } },
  };
  settings.taskrouter = `${settings.base("taskrouter")}/v1/Workspaces/${env.TWILIO_FLEX_WORKSPACE_SID}/Tasks/`;
  settings.validate = `${settings.base("iam")}/v1/Accounts/${env.TWILIO_ACCOUNT_SID}/Tokens/validate`;
  return settings;
}

class Failure {
  constructor(status, message, details, headers) {
    this.status = status;
    this.message = message;
    this.details = details;
    this.headers = headers;
  }
}
const bad = (field, problem) => new Failure(400, `${field}: ${problem}`, { field });

export default {
  async fetch(request, env) {
    const started = Date.now();
    const { url, method, headers } = request;
    const start = url.indexOf("/", 8);
    let end = url.indexOf("?", start);
    const query = end < 0 ? "" : url.slice(end + 1);
    if (end < 0) end = url.length;
    const cx = {
      settings: settings ?? prepare(env),
      env,
      headers,
      method,
      url,
      start,
      path: url.slice(start, end),
      query,
      id: headers.get("CF-Ray") ?? crypto.randomUUID(),
      deadline: started + TIME,
      calls: 0,
      sids: null,
    };
    let response;
    let error = null;
    try {
      if (method === "OPTIONS") response = preflight(cx);
      else {
        const body = method === "POST" ? await readBody(request) : "";
        response = cx.path.startsWith("/voice/") ? await voice(cx, body) : await plugin(cx, body);
      }
    } catch (caught) {
      error = caught instanceof Failure ? caught : new Failure(500, "Something went wrong here.");
      const body = JSON.stringify({ success: false, message: error.message, requestId: cx.id, ...error.details });
      response = answer(cx, body, "application/json", error.status, error.headers);
    }
    const end_ = Date.now();
    const sids = cx.sids === null ? "" : `"${cx.sids.join('","')}"`;
    const head = `{"request":${JSON.stringify(cx.id)},"route":${error?.status === 404 || error?.status === 413 ? '"none"' : JSON.stringify(cx.path)}`;
    const tail = error === null ? "}" : `,"error":"${error.status}"}`;
    console.log(`${head},"status":${response.status},"ms":${end_ - started},"twilioCalls":${cx.calls},"sids":[${sids}]${tail}`);
    return response;
  },
};

function answer(cx, body, type, status, more) {
  const { allowed, json, xml } = cx.settings;
  if (status === 200 && allowed.length === 0) return new Response(body, type === XML ? xml : json);
  const origin = cx.headers.get("Origin");
  const headers = { "Content-Type": type, "Access-Control-Allow-Origin": "*", ...more };
  if (allowed.length > 0) {
    headers["Access-Control-Allow-Origin"] = allowed.includes(origin) ? origin : allowed[0];
    headers.Vary = "Origin";
  }
  return new Response(body, { status, headers });
}

function preflight(cx) {
  return answer(cx, null, "text/plain", 204, {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
  });
}

function readBody(request) {
  const length = request.headers.get("Content-Length");
  if (length === null) return request.body ? readStream(request.body) : "";
  if (length > MAX_BODY) throw new Failure(413, "The body is larger than 256 KiB.");
  return request.text();
}

async function readStream(stream) {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Failure(413, "The body is larger than 256 KiB.");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

// --- Forms -----------------------------------------------------------------------------

function decode(text) {
  if (text.includes("+")) text = text.replaceAll("+", " ");
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return new URLSearchParams(`x=${text.replaceAll("&", "%26").replaceAll(" ", "+")}`).get("x");
  }
}

// Names and values in turns.
function pairs(encoded) {
  const found = [];
  let at = 0;
  while (at < encoded.length) {
    let end = encoded.indexOf("&", at);
    if (end < 0) end = encoded.length;
    if (end > at) {
      const equals = encoded.indexOf("=", at);
      if (equals < 0 || equals >= end) found.push(decode(encoded.slice(at, end)), "");
      else found.push(decode(encoded.slice(at, equals)), decode(encoded.slice(equals + 1, end)));
    }
    at = end + 1;
  }
  return found;
}

const isAbsent = (value) => value === "" || value === "null" || value === "undefined";

// The value of a name: the last in the body, else the last in the query.
function parameter(params, name) {
  for (let at = params.length - 2; at >= 0; at -= 2) {
    if (params[at] === name) return isAbsent(params[at + 1]) ? undefined : params[at + 1];
  }
  return undefined;
}

const SID = { WT: /^WT[0-9a-fA-F]{32}$/ };

function sid(cx, params, name, prefix) {
  const value = parameter(params, name);
  if (value === undefined) throw bad(name, "is missing");
  if (!SID[prefix].test(value)) throw bad(name, `is not a ${prefix}… SID`);
  if (cx.sids === null) cx.sids = [value];
  else if (!cx.sids.includes(value)) cx.sids.push(value);
  return value;
}

// --- Webhooks --------------------------------------------------------------------------

async function voice(cx, body) {
  const isLeg = cx.path === "/voice/agent-outbound-join";
  if (!isLeg && cx.path !== "/voice/call-outbound-join") throw new Failure(404, "There is no such endpoint.");
  if (cx.method !== "POST" && cx.method !== "GET") {
    throw new Failure(405, "This endpoint takes GET, POST, OPTIONS.", {}, { Allow: "GET, POST, OPTIONS" });
  }
  needs("twilio", cx.settings.missingForTwilio);
  const query = pairs(cx.query);
  const hash = parameter(query, "bodySHA256");
  const isJson = cx.method === "POST" && (hash !== undefined || cx.headers.get("Content-Type")?.startsWith("application/json"));
  const form = isJson ? [] : pairs(body);
  const isValid = await isSigned(cx, form);
  if (!isValid || (isJson && hash !== (await sha256Hex(body)))) throw new Failure(403, "X-Twilio-Signature is missing or not valid.");
  const sent = isJson ? Object.entries(JSON.parse(body)).flat() : form;
  const params = query.length === 0 ? sent : query.concat(sent);
  return isLeg ? callerLeg(cx, params) : conferenceEvent(cx, params);
}

async function isSigned(cx, form) {
  const header = cx.headers.get("X-Twilio-Signature");
  if (header === null || header.length !== 28) return false;
  let signature;
  try {
    signature = Uint8Array.fromBase64(header);
  } catch {
    return false;
  }
  const fields = signedFields(form);
  const { env } = cx;
  const keys = cx.settings.keys ?? (cx.settings.keys = await cx.settings.importing);
  const received = env.PUBLIC_URL ? env.PUBLIC_URL + cx.url.slice(cx.start) : cx.url;
  for (const key of keys) {
    if (await crypto.subtle.verify("HMAC", key, signature, encoder.encode(received + fields))) return true;
  }
  const url = new URL(received);
  const port = url.port ? `:${url.port}` : url.protocol === "https:" ? ":443" : ":80";
  const withPort = `${url.protocol}//${url.hostname}${port}${url.pathname}${url.search}`;
  url.port = "";
  for (const spelling of [withPort, url.href]) {
    for (const key of keys) {
      if (await crypto.subtle.verify("HMAC", key, signature, encoder.encode(spelling + fields))) return true;
    }
  }
  return false;
}

function signedFields(form) {
  const count = form.length >> 1;
  const order = new Array(count);
  for (let at = 0; at < count; at++) order[at] = at << 1;
  const less = (a, b) => {
    const [x, y] = form[a] === form[b] ? [form[a + 1], form[b + 1]] : [form[a], form[b]];
    return x < y ? -1 : x > y ? 1 : 0;
  };
  // Few and nearly sorted: sorted in place as they come.
  for (let at = 1; at < count; at++) {
    const one = order[at];
    let to = at - 1;
    if (form[order[to]] < form[one]) continue;
    while (to >= 0 && less(order[to], one) > 0) {
      order[to + 1] = order[to];
      to--;
    }
    order[to + 1] = one;
  }
  let fields = "";
  for (let at = 0; at < count; at++) {
    if (at > 0 && less(order[at - 1], order[at]) === 0) continue;
    fields += form[order[at]] + form[order[at] + 1];
  }
  return fields;
}

function needs(feature, missing) {
  if (missing.length === 0) return;
  throw new Failure(500, `${feature} is not configured: ${missing.join(", ")} missing.`, { missing });
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => (/[&<>"]/.test(text) ? text.replace(/[&<>"]/g, (character) => escapes[character]) : text);

function callerLeg(cx, params) {
  const room = sid(cx, params, "taskSid", "WT");
  const origin = cx.env.PUBLIC_URL ?? cx.url.slice(0, cx.start);
  const folder = cx.path.slice(0, cx.path.lastIndexOf("/"));
  const callback = escape(`${origin}${folder}/call-outbound-join#rc=3&rp=ct,rt,5xx`);
  const twiml = `<?xml version="1.0" encoding="UTF-8"?><Response><Dial><Conference statusCallback="${callback}" statusCallbackEvent="join end" endConferenceOnExit="true">${room}</Conference></Dial></Response>`;
  return answer(cx, twiml, XML, 200);
}

function conferenceEvent(cx, params) {
  const kind = parameter(params, "StatusCallbackEvent");
  sid(cx, params, "FriendlyName", "WT");
  if (kind === "participant-join" || kind === "conference-end") throw new Failure(500, "This is only a benchmark.");
  return answer(cx, '{"success":true}', "application/json", 200);
}

// --- Plugins ---------------------------------------------------------------------------

async function plugin(cx, body) {
  const isUpdate = cx.path === "/common/flex/taskrouter/update-task-attributes";
  if (!isUpdate && cx.path !== "/internal-chat/list-pins") throw new Failure(404, "There is no such endpoint.");
  if (cx.method !== "POST") throw new Failure(405, "This endpoint takes POST, OPTIONS.", {}, { Allow: "POST, OPTIONS" });
  needs("helpers", cx.settings.missingForHelpers);
  const query = cx.query === "" ? [] : pairs(cx.query);
  for (let at = query.length - 2; at >= 0; at -= 2) if (query[at] === "Token") query.splice(at, 2);
  const isJson = cx.headers.get("Content-Type")?.startsWith("application/json");
  const sent = isJson ? Object.entries(JSON.parse(body)).flat() : pairs(body);
  const params = query.length === 0 ? sent : query.concat(sent);
  const bearer = cx.headers.get("Authorization");
  const token = parameter(params, "Token") ?? (bearer?.startsWith("Bearer ") ? bearer.slice(7) : undefined);
  if (!token) throw new Failure(403, "Token is missing: a Flex token in the body or as Authorization: Bearer.");
  const agent = await agentOf(cx, token);
  return isUpdate ? updateTaskAttributes(cx, params, agent) : listPins(cx, agent);
}

const sha256Hex = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();

// What is known of the tokens seen lately, by their SHA-256.
const tokens = new Map();

async function agentOf(cx, token) {
  const digest = await sha256Hex(token);
  for (;;) {
    const known = tokens.get(digest);
    if (known === undefined || known.until <= Date.now()) break;
    if (known.agent) return known.agent;
    if (known.refused) throw new Failure(403, known.refused);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  tokens.set(digest, { until: Date.now() + 6_000 });
  try {
    const headers = { Authorization: cx.settings.account, "Content-Type": "application/json" };
    const { text } = await twilio(cx, cx.settings.validate, "POST", headers, JSON.stringify({ token }));
    const body = JSON.parse(text);
    const end = body.expiration ? Date.parse(body.expiration) : Infinity;
    if (body.valid !== true || end <= Date.now()) throw new Failure(403, body.message ?? "The Flex token is not valid.");
    const { roles } = body;
    const { identity = "" } = body;
    const agent = {
      worker: body.worker_sid,
      identity,
      canChat: identity !== "" && !/[\p{Cc}+"\\]/u.test(identity),
      prefix: `pin/${encodeURIComponent(identity)}/`,
      isSupervisor: roles.includes("supervisor") || roles.includes("admin"),
    };
    if (tokens.size >= 1000) tokens.delete(tokens.keys().next().value);
    tokens.set(digest, { agent, until: Math.min(end, Date.now() + cx.settings.keep) });
    return agent;
  } catch (error) {
    if (error.status === 403) tokens.set(digest, { refused: error.message, until: Date.now() + 5_000 });
    else tokens.delete(digest);
    throw error;
  }
}

async function twilio(cx, url, method, headers, body) {
  for (let tries = 1; ; tries++) {
    const left = cx.deadline - Date.now();
    if (left <= 0) throw new Failure(504, "Twilio did not answer in time.");
    cx.calls += 1;
    let failure;
    let retryAfter = 0;
    try {
      const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(left < PATIENCE ? left : PATIENCE) });
      const text = await answer.text();
      if (answer.ok) return { text, answer };
      let refusal = {};
      try {
        refusal = JSON.parse(text);
      } catch {
        // no JSON: nothing is known
      }
      failure = new Failure(answer.status, refusal.message ?? `Twilio answered ${answer.status}.`, {
        twilioErrorCode: refusal.code,
        twilioDocPage: refusal.more_info,
      });
      retryAfter = Number(answer.headers.get("Retry-After") ?? 0) * 1000;
      if (answer.status !== 429 && answer.status !== 503) throw failure;
    } catch (error) {
      if (error instanceof Failure) throw error;
      failure = new Failure(504, "Twilio did not answer in time.");
    }
    const pause = Math.max(100 + Math.random() * (200 << tries), retryAfter);
    if (tries >= TRIES || pause + 500 > cx.deadline - Date.now()) throw failure;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

async function updateTaskAttributes(cx, params, agent) {
  const task = sid(cx, params, "taskSid", "WT");
  const sent = parameter(params, "attributesUpdate");
  if (sent === undefined) throw bad("attributesUpdate", "is missing");
  let update = sent;
  try {
    if (typeof sent === "string") update = JSON.parse(sent);
  } catch {
    // a string is no object
  }
  if (!isObject(update)) throw bad("attributesUpdate", "must be a JSON object");
  const url = cx.settings.taskrouter + task;
  const headers = { Authorization: cx.settings.rest };
  if (cx.settings.accessChecks && !agent.isSupervisor) {
    const { text } = await twilio(cx, `${url}/Reservations?WorkerSid=${agent.worker}&PageSize=50`, "GET", headers);
    const live = ({ reservation_status: status }) => status === "pending" || status === "accepted" || status === "wrapping";
    if (!JSON.parse(text).reservations.some(live)) throw new Failure(403, "You take no part in this task.");
  }
  for (let tries = 1; ; tries++) {
    const { text, answer: found } = await twilio(cx, url, "GET", headers);
    const merged = merge(JSON.parse(JSON.parse(text).attributes), update);
    for (const name in merged) if (merged[name] === null) delete merged[name];
    const write = {
      Authorization: cx.settings.rest,
      "Content-Type": "application/x-www-form-urlencoded",
      "If-Match": found.headers.get("ETag"),
    };
    try {
      await twilio(cx, url, "POST", write, `Attributes=${encodeURIComponent(JSON.stringify(merged))}`);
      return answer(cx, '{"success":true}', "application/json", 200);
    } catch (error) {
      if (error.status !== 412 || tries >= 5) throw error;
    }
  }
}

// As lodash merges: objects by name, arrays by index.
function merge(current, update) {
  if (Array.isArray(current) && Array.isArray(update)) {
    for (let at = 0; at < update.length; at++) current[at] = merge(current[at], update[at]);
    return current;
  }
  if (!isObject(current) || !isObject(update)) return update;
  for (const name of Object.keys(update)) {
    if (name === "__proto__") continue;
    current[name] = merge(current[name], update[name]);
  }
  return current;
}

async function listPins(cx, agent) {
  if (!agent.canChat) throw new Failure(403, "This token's identity cannot chat.");
  const me = agent.identity;
  let page = await cx.env.STATE.list({ prefix: agent.prefix });
  const keys = page.keys;
  while (!page.list_complete) {
    page = await cx.env.STATE.list({ prefix: agent.prefix, cursor: page.cursor });
    for (const key of page.keys) keys.push(key);
  }
  // The time's digits are as many for centuries: as text it sorts as it does as a number.
  keys.sort((a, b) => (a.metadata < b.metadata ? -1 : 1));
  const pins = new Array(keys.length);
  for (let at = 0; at < pins.length; at++) {
    const { metadata } = keys[at];
    const other = metadata.slice(metadata.indexOf(" ") + 1);
    pins[at] = me < other ? `${me}+${other}` : `${other}+${me}`;
  }
  return answer(cx, `{"success":true,"pins":${JSON.stringify(pins)},"skipped":[]}`, "application/json", 200);
}
