// Signed webhooks with Twilio's retries: one on a failed connection unless the URL's fragment says otherwise.
import { createHmac, randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";

/** The URL that Twilio signs: no credentials, no fragment, no port for voice over https. */
export function signedUrl(text, { voice = true } = {}) {
  const withoutFragment = text.split("#")[0].replace(/^(https?:\/\/)[^/?@]*@/, "$1");
  return voice ? withoutFragment.replace(/^(https:\/\/(?:\[[^\]]*\]|[^/?:]*)):\d+/, "$1") : withoutFragment;
}

/** X-Twilio-Signature of a form request; `fields` are name-value pairs. */
export function signature(authToken, url, fields = []) {
  const names = [...new Set(fields.map(([name]) => name))].sort();
  const values = (name) => [...new Set(fields.filter(([other]) => other === name).map(([, value]) => value))].sort();
  const text =
    url +
    names
      .map((name) =>
        values(name)
          .map((value) => name + value)
          .join(""),
      )
      .join("");
  return createHmac("sha1", authToken).update(text, "utf8").digest("base64");
}

const DEFAULTS = { ct: 5_000, rt: 15_000, tt: 15_000, rc: 1, rp: "ct" };
const LIMITS = { ct: [100, 10_000], rt: [100, 15_000], tt: [100, 15_000], rc: [0, 5] };

function overrides(url) {
  const given = new URLSearchParams(url.split("#")[1] ?? "");
  const settings = { ...DEFAULTS };
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

/** Builds `deliver({url, method, fields, voice})`, which resolves with the last answer: `{status, headers, body}` or `{error}`. */
export function createWebhooks(twilio) {
  const { clock } = twilio;
  // Each rule: {mode: "once" | "twice" | "simultaneous", contains?, freshToken?}; the newest that fits is used.
  const rules = [];

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
    const settings = overrides(delivery.overridable ? url : bare);
    const deadline = clock.now() + settings.tt;
    for (let tries = 0; ; tries += 1) {
      const entry = twilio.journal.webhook({
        method,
        url: target,
        attempt: tries + 1,
        event: Object.fromEntries(fields).StatusCallbackEvent ?? null,
        token,
      });
      const left = Math.max(deadline - clock.now(), 1);
      const outcome = await send(clock, method, target, headers, method === "GET" ? undefined : form, {
        ct: Math.min(settings.ct, left),
        rt: Math.min(settings.rt, left),
      });
      entry.end({ status: outcome.status ?? null, error: outcome.error ?? null });
      const failure = failureOf(outcome);
      const again =
        failure && tries < settings.rc && clock.now() < deadline && (settings.rp.includes(failure) || settings.rp.includes("all"));
      if (!again) return outcome;
    }
  }

  async function deliver({ url, method = "POST", fields, voice = true, overridable = true }) {
    const delivery = {
      url,
      method: method.toUpperCase(),
      fields: Object.entries(fields)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => [name, String(value)]),
      voice,
      overridable,
    };
    const text = `${url} ${delivery.fields.flat().join(" ")}`;
    const rule = rules.findLast(({ contains }) => !contains || text.includes(contains)) ?? { mode: "once" };
    const token = randomUUID();
    const other = rule.freshToken ? randomUUID() : token;
    if (rule.mode === "simultaneous") return (await Promise.all([attempt(delivery, token), attempt(delivery, other)]))[0];
    const outcome = await attempt(delivery, token);
    if (rule.mode === "twice") await attempt(delivery, other);
    return outcome;
  }

  return {
    deliver: (delivery) => twilio.track(deliver(delivery), `${delivery.url} ${Object.values(delivery.fields).join(" ")}`),
    addRule: (rule) => void rules.push(rule),
    clear: () => void rules.splice(0),
  };
}
