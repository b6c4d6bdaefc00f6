// The JavaScript half of cloudflare.rs: it hands requests in, performs the operations that
// come out, and builds the responses.
import { DurableObject } from "cloudflare:workers";
import * as glue from "./index_bg.js";
import module from "./index.wasm";

// As in runtime.rs and context.rs.
const MAX_BODY = 256 * 1024;
const FIELD = "\x1f";
const RECORD = "\x1e";

// --- The wasm instance -----------------------------------------------------------------
// After a panic new requests get a new instance; those that are under way stay with the
// old one, whose memory they live in. The glue knows one instance at a time, so it is
// pointed at the right one before each call.

let instance = null; // for new requests
let started = null; // the one that has its settings; the gate needs none
let current = null; // what the glue points at
let last = 0; // the number of the last request

function enter(target) {
  if (target === current) return;
  // Growing by nothing detaches the views that the glue has of the memory it leaves.
  current?.exports.memory.grow(0);
  glue.__wbg_set_wasm(target.exports);
  current = target;
}

function boot() {
  if (instance) return instance;
  const fresh = new WebAssembly.Instance(module, { "./index_bg.js": glue });
  enter(fresh);
  fresh.exports.__wbindgen_start();
  return (instance = fresh);
}

function ready(env) {
  const target = boot();
  if (target !== started) {
    enter(target);
    const settings = Object.entries(env).filter(([, value]) => typeof value === "string");
    const seed = crypto.getRandomValues(new BigUint64Array(1))[0];
    glue.start(JSON.stringify(Object.fromEntries(settings)), seed);
    started = target;
  }
  return target;
}

// --- Requests --------------------------------------------------------------------------

export default {
  fetch(request, env, ctx) {
    const { method, headers } = request;
    const head =
      `${method}\n${request.url}\n${headers.get("x-twilio-signature") ?? ""}\n` +
      `${headers.get("content-type") ?? ""}\n${headers.get("authorization") ?? ""}\n` +
      `${headers.get("origin") ?? ""}\n${headers.get("cf-ray") ?? ""}`;
    if (method !== "POST") return handle(env, ctx, head, "");
    const length = headers.get("content-length");
    if (length > MAX_BODY) return handle(env, ctx, `${head}\ntoo large`, "");
    // Asking for `body` makes a stream of it: only when there is no other way.
    const text = length === null ? limited(request.body ?? []) : request.text();
    return text.then((body) => handle(env, ctx, body === null ? `${head}\ntoo large` : head, body ?? ""));
  },

  scheduled(controller, env, ctx) {
    return handle(env, ctx, "", "", glue.tick);
  },
};

// A body of unknown length, up to the limit; null beyond it.
async function limited(stream) {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BODY) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function handle(env, ctx, head, body, begin = glue.begin) {
  const id = (last = (last + 1) >>> 0);
  let target;
  try {
    enter((target = ready(env)));
    const out = begin(id, Date.now(), head, body);
    if (out.startsWith("R")) return respond(out);
    const answer = new Promise((resolve) => perform(id, target, env, out, resolve, head));
    // What has been begun is brought to its end, also when the caller hangs up.
    ctx.waitUntil(answer);
    return answer;
  } catch (error) {
    return panicked(target, env, head, error);
  }
}

// Performs the operations that `out` names; each result may bring the response or more
// operations.
function perform(id, target, env, out, resolve, head) {
  if (!out) return;
  for (const record of out.slice(1).split(RECORD)) {
    const fields = record.split(FIELD);
    const proceed = (result) => {
      try {
        enter(target);
        const next = glue.resume(id, Date.now(), Number(fields[0]), result);
        if (next.startsWith("R")) resolve(respond(next));
        else perform(id, target, env, next, resolve, head);
      } catch (error) {
        resolve(panicked(target, env, head, error));
      }
    };
    OPERATIONS[fields[1]](env, fields).then(proceed, () => proceed(""));
  }
}

// --- Operations ------------------------------------------------------------------------

// Each gets [id, name, …fields] in the order in which context.rs writes them.
const OPERATIONS = {
  async fetch(env, [, , method, url, authorization, type, ifMatch, body, timeout]) {
    const headers = { Authorization: authorization };
    if (type) headers["Content-Type"] = type;
    if (ifMatch) headers["If-Match"] = ifMatch;
    const init = { method, headers, signal: AbortSignal.timeout(Number(timeout)) };
    if (body) init.body = body;
    const answer = await fetch(url, init);
    const etag = answer.headers.get("etag") ?? "";
    const retryAfter = answer.headers.get("retry-after") ?? "";
    return `+${answer.status}${FIELD}${etag}${FIELD}${retryAfter}${FIELD}${await answer.text()}`;
  },
  async kv_get(env, [, , key]) {
    const value = await env.STATE.get(key);
    return value === null ? "+" : `++${value}`;
  },
  async kv_put(env, [, , key, value, metadata]) {
    await env.STATE.put(key, value, metadata ? { metadata } : {});
    return "+";
  },
  async kv_delete(env, [, , key]) {
    await env.STATE.delete(key);
    return "+";
  },
  async kv_list(env, [, , prefix, cursor]) {
    const page = await env.STATE.list({ prefix, cursor: cursor || undefined });
    const keys = page.keys.map(({ name, metadata }) => RECORD + name + FIELD + (metadata ?? ""));
    return `+${page.list_complete ? "" : page.cursor}${keys.join("")}`;
  },
  async gate(env, [, , key, , ask, wait]) {
    return `+${await env.GATE.get(env.GATE.idFromName(key)).ask(ask, Number(wait))}`;
  },
  sleep(env, [, , , pause]) {
    return new Promise((resolve) => setTimeout(() => resolve("+"), Number(pause)));
  },
};

// --- Responses -------------------------------------------------------------------------

const TYPES = { J: "application/json", X: "text/xml; charset=utf-8" };
// What nearly every answer has, made once.
const JSON_HEADERS = { "Content-Type": TYPES.J, "Access-Control-Allow-Origin": "*" };
const XML_HEADERS = { "Content-Type": TYPES.X, "Access-Control-Allow-Origin": "*" };
const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
  "Access-Control-Max-Age": "86400",
};

function respond(out) {
  const end = out.indexOf(RECORD);
  const body = out.slice(end + 1);
  if (out.startsWith(`RX200${FIELD}*${FIELD}${FIELD}`)) return new Response(body, { headers: XML_HEADERS });
  if (out.startsWith(`RJ200${FIELD}*${FIELD}${FIELD}`)) return new Response(body, { headers: JSON_HEADERS });
  const [status, origin, allow, retryAfter] = out.slice(2, end).split(FIELD);
  const headers = { "Access-Control-Allow-Origin": origin };
  if (origin !== "*") headers.Vary = "Origin";
  if (allow) headers.Allow = allow;
  if (retryAfter) headers["Retry-After"] = retryAfter;
  if (out[1] === "E") return new Response(null, { status: Number(status), headers: Object.assign(headers, PREFLIGHT) });
  headers["Content-Type"] = TYPES[out[1]];
  return new Response(body, { status: Number(status), headers });
}

// The answer to a request whose code has panicked: what went wrong is in the log.
function panicked(target, env, head, error) {
  if (target === instance) instance = null;
  const requestId = head.split("\n")[6] || crypto.randomUUID();
  console.error(JSON.stringify({ request: requestId, error: error?.name ?? "Error" }));
  const allowed = (env.ALLOWED_ORIGINS || "*").split(",").map((origin) => origin.trim());
  const origin = head.split("\n")[5];
  const headers = { "Access-Control-Allow-Origin": allowed.includes(origin) ? origin : allowed[0] };
  return Response.json({ success: false, message: "Something went wrong here.", requestId }, { status: 500, headers });
}

// --- The exactly-once gate -------------------------------------------------------------

// One per key. The mind is gate.rs; this keeps its record and lets those wait who must.
// The record is held in memory and changed without an await between reading and writing.
export class Gate extends DurableObject {
  record = "";
  until = 0;
  waiting = [];

  constructor(ctx, env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      this.record = (await ctx.storage.get("record")) ?? "";
    });
  }

  async ask(ask, patience) {
    const deadline = Date.now() + patience;
    for (;;) {
      enter(boot());
      const [reply, record, until, wait] = glue.gate(this.record, ask, Date.now()).split(FIELD);
      const pause = Math.min(Number(wait), deadline) - Date.now();
      if (Number(wait) && pause > 0) {
        await new Promise((resolve) => {
          this.waiting.push(resolve);
          setTimeout(resolve, pause);
        });
        continue;
      }
      if (record !== this.record && !Number(wait)) {
        this.record = record;
        this.until = Number(until);
        this.ctx.storage.put("record", record);
        this.ctx.storage.setAlarm(this.until);
        this.waiting.splice(0).forEach((resolve) => resolve());
      }
      return reply;
    }
  }

  async alarm() {
    // A late alarm must not take a newer record with it.
    if (Date.now() < this.until) return this.ctx.storage.setAlarm(this.until);
    this.record = "";
    await this.ctx.storage.deleteAll();
  }
}
