// Signed webhooks with Twilio's limits: 15 s in all, and one retry on a failed connection unless the URL's fragment says otherwise.
import { randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { signature, signedUrl } from "./signature.mjs";

const DEFAULTS = { ct: 5_000, rt: 15_000, tt: 15_000, rc: 1, rp: "ct" };
/** Conversations' webhooks: 5 s, and no overrides. */
export const CONVERSATIONS_LIMITS = { ct: 5_000, rt: 5_000, tt: 5_000 };
const LIMITS = { ct: [100, 10_000], rt: [100, 15_000], tt: [100, 15_000], rc: [0, 5] };

function overrides(url, limits) {
  const given = new URLSearchParams(url.split("#")[1] ?? "");
  const settings = { ...DEFAULTS, ...limits };
  for (const [name, [least, most]] of Object.entries(LIMITS)) {
    const value = Number(given.get(name) ?? NaN);
    if (value >= least && value <= most) settings[name] = value;
  }
  settings.rp = (given.get("rp") ?? DEFAULTS.rp).split(",");
  return settings;
}

function failureOf(outcome) {
  if (outcome.error) return outcome.error;
  if (outcome.status >= 500) return "5xx";
  return outcome.status >= 400 ? "4xx" : null;
}

function send(clock, method, url, headers, body, { ct, rt }) {
  return new Promise((done) => {
    const request = (url.startsWith("https:") ? https : http).request(url.split("#")[0], { method, headers, agent: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }),
      );
      response.on("error", () => done({ error: "rt" }));
    });
    let connected = false;
    let timer = clock.later(ct, () => request.destroy());
    request.on("socket", (socket) =>
      socket.once("connect", () => {
        connected = true;
        timer.cancel();
        timer = clock.later(rt, () => request.destroy());
      }),
    );
    request.on("error", () => done({ error: connected ? "rt" : "ct" }));
    request.on("close", () => timer.cancel());
    request.end(body);
  });
}

export const MODES = ["once", "twice", "simultaneous", "never", "held"];

/** Builds `deliver({url, method, fields, voice})`, which resolves with the last answer: `{status, headers, body}` or `{error}`. */
export function createWebhooks(twilio) {
  const { clock } = twilio;
  // Each rule: {mode, contains?, freshToken?, delayMs?}; the newest that fits is used.
  const rules = [];
  // What waits for `release`: [{text, go}].
  let held = [];

  async function attempt(delivery, token) {
    const { url, method, fields } = delivery;
    const form = new URLSearchParams(fields).toString();
    const bare = url.split("#")[0];
    const target = method === "GET" && form ? `${bare}${bare.includes("?") ? "&" : "?"}${form}` : bare;
    const headers = {
      "User-Agent": "TwilioProxy/1.1",
      "I-Twilio-Idempotency-Token": token,
      "X-Twilio-Signature": signature(
        twilio.options.signWith ?? twilio.authToken,
        signedUrl(target, delivery),
        method === "GET" ? [] : fields,
      ),
      ...(method === "GET"
        ? {}
        : { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Content-Length": Buffer.byteLength(form) }),
    };
    const settings = overrides(delivery.overridable ? url : bare, delivery.limits);
    const deadline = clock.now() + settings.tt;
    for (let tries = 0; ; tries += 1) {
      const { StatusCallbackEvent, EventType } = Object.fromEntries(fields);
      const entry = twilio.journal.webhook(
        { method, url: target, attempt: tries + 1, event: StatusCallbackEvent ?? EventType ?? null, token },
        delivery.text,
      );
      const left = Math.max(deadline - clock.now(), 1);
      const outcome = await send(clock, method, target, headers, method === "GET" ? undefined : form, {
        ct: Math.min(settings.ct, left),
        rt: Math.min(settings.rt, left),
      });
      entry.end({ status: outcome.status ?? null, error: outcome.error ?? null });
      twilio.options.delivered?.({ method, url: target, ...outcome });
      const failure = failureOf(outcome);
      const again =
        failure && tries < settings.rc && clock.now() < deadline && (settings.rp.includes(failure) || settings.rp.includes("all"));
      if (!again) return outcome;
    }
  }

  async function perform(delivery, rule) {
    if (rule.delayMs) await clock.later(rule.delayMs);
    const token = randomUUID();
    const other = rule.freshToken ? randomUUID() : token;
    if (rule.mode === "simultaneous") return (await Promise.all([attempt(delivery, token), attempt(delivery, other)]))[0];
    const outcome = await attempt(delivery, token);
    if (rule.mode === "twice") await attempt(delivery, other);
    return outcome;
  }

  function deliver({ url, method = "POST", fields, voice = true, overridable = true, limits = {} }) {
    const pairs = Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, String(value)]);
    const text = `${url} ${pairs.flat().join(" ")}`;
    const delivery = { url, method: method.toUpperCase(), fields: pairs, voice, overridable, limits, text };
    const rule = rules.findLast(({ contains }) => !contains || text.includes(contains)) ?? { mode: "once" };
    const go = () => twilio.track(perform(delivery, rule), text);
    if (rule.mode === "never") return Promise.resolve({ error: "never" });
    if (rule.mode === "held") return new Promise((resolve) => held.push({ text, go: () => go().then(resolve) }));
    return go();
  }

  /** Sends what is held back, the last one first if wanted; resolves when each has been answered before the next goes. */
  async function release({ contains = "", reverse = false } = {}) {
    const due = held.filter(({ text }) => text.includes(contains));
    held = held.filter((other) => !due.includes(other));
    for (const { go } of reverse ? due.toReversed() : due) await go();
    return due.length;
  }

  function clear() {
    rules.splice(0);
    held = [];
  }

  return { deliver, release, addRule: (rule) => void rules.push(rule), clear };
}
