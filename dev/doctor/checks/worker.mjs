// The deployed Worker: its health, its version, and whom it believes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import twilio from "twilio";

import { root } from "../../setup.mjs";
import { bad, good, none } from "../result.mjs";

const UNKNOWN = "its address is not known: npm run deploy, or --url";
const AWAY = "not checked: it does not answer";
// A called agent's leg that enters a room: TwiML, and nothing is asked of Twilio or kept.
const HARMLESS = "/voice/agent-join-conference";
const ROOM = { conferenceName: `WT${"0".repeat(32)}` };

const send = (url, options) => fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(15_000) });

/** What `/health` answers, asked once: `{status, body}`; status 0 is no answer. */
function ask(context) {
  context.asked.health ??= send(`${context.url}/health`)
    .then(async (answer) => ({ status: answer.status, body: await answer.json().catch(() => null) }))
    .catch(() => ({ status: 0, body: null }));
  return context.asked.health;
}

async function health(context) {
  const { url } = context;
  if (!url) return none(UNKNOWN);
  const { status, body } = await ask(context);
  if (status === 0) return bad(`${url} does not answer`, "npm run deploy");
  if (typeof body?.features !== "object") return bad(`${url}/health answers ${status}, but not as this Worker does`, "correct the address: --url, PUBLIC_URL or WORKER_URL");
  const broken = Object.entries(body.invalid ?? {}).map(([name, problem]) => `${name} ${problem}`);
  if (broken.length > 0) return bad(broken.join("; "), "correct the setting and npm run deploy");
  const features = Object.entries(body.features);
  const off = features.filter(([, { configured }]) => !configured);
  if (status !== 200 || body.success !== true) {
    const lacks = off.map(([name, { missing }]) => `${name} lacks ${missing.join(", ")}`);
    return bad(`${status}: a feature that is begun cannot work: ${lacks.join("; ")}`, "write the settings and npm run deploy");
  }
  const rest = off.length > 0 ? `; not in use: ${off.map(([name]) => name).join(", ")}` : "";
  const asked = Object.entries(body.notOurs ?? {}).map(([path, times]) => `${path} (${times})`);
  const others = asked.length > 0 ? `; asked for, and none of ours: ${asked.slice(0, 5).join(", ")}` : "";
  return good(`${features.length - off.length} of ${features.length} features ready${rest}${others}`);
}

async function version(context) {
  if (!context.url) return none(UNKNOWN);
  const { status, body } = await ask(context);
  if (!body?.version) return none(status === 0 ? AWAY : "it does not tell");
  const [, here] = /^version = "(.+)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"));
  return body.version === here ? good(here) : bad(`${body.version} runs; this checkout is ${here}`, "npm run deploy");
}

/** How the Worker answers a request that is signed with this token. */
async function signed({ url }, token) {
  const address = `${url}${HARMLESS}`;
  const headers = { "X-Twilio-Signature": twilio.getExpectedTwilioSignature(token, address, ROOM) };
  const answer = await send(address, { method: "POST", headers, body: new URLSearchParams(ROOM) });
  return { status: answer.status, isTwiml: (await answer.text()).includes("<Response>") };
}

async function accepts(context) {
  const { values, file } = context.settings;
  if (!context.url) return none(UNKNOWN);
  if ((await ask(context)).status === 0) return none(AWAY);
  if (!values.TWILIO_AUTH_TOKEN) return none("not checked: the auth token is not here");
  const { status, isTwiml } = await signed(context, values.TWILIO_AUTH_TOKEN);
  const mend = `PUBLIC_URL=${context.url} in ${file} when the Worker sees another origin; else its TWILIO_AUTH_TOKEN is another; then npm run deploy`;
  if (status === 403) return bad("a request signed as Twilio does it is refused (403)", mend);
  return status === 200 && isTwiml ? good("is accepted") : bad(`is answered ${status}`, "npx wrangler tail, and this again");
}

async function refuses(context) {
  if (!context.url) return none(UNKNOWN);
  if ((await ask(context)).status === 0) return none(AWAY);
  const { status } = await signed(context, "0".repeat(32));
  if (status === 403) return good("is refused");
  if (status === 200) return bad("is accepted: anybody can act as Twilio", "npm run deploy: what runs there is not this Worker");
  return bad(`is answered ${status}, not 403`, "npx wrangler tail, and this again");
}

async function lastEvent(context) {
  if (!context.url) return none(UNKNOWN);
  const { status, body } = await ask(context);
  if (status === 0) return none(AWAY);
  return body?.lastTaskRouterEvent ? good(`the last one came ${body.lastTaskRouterEvent}`) : none("none has come yet");
}

const FLEX = "https://flex.twilio.com";

function origins({ settings: { values, file } }) {
  const list = values.ALLOWED_ORIGINS?.split(",").map((origin) => origin.trim().replace(/\/+$/, ""));
  if (!list) return none("ALLOWED_ORIGINS is not set: any origin may ask, with a token");
  if (list.includes(FLEX)) return good(`${FLEX}${list.length > 1 ? ` and ${list.length - 1} more` : ""}`);
  return bad(`ALLOWED_ORIGINS lacks ${FLEX}: there browsers refuse what the Worker answers to plugins`, `add it in ${file}, or the origin that serves Flex; then npm run deploy`);
}

export const checks = [
  { id: "health", title: "health", run: health },
  { id: "version", title: "version", run: version },
  { id: "last-event", title: "TaskRouter's events", run: lastEvent },
  { id: "origins", title: "origins of browsers", run: origins },
  { id: "signature-accepted", title: "a signed request", run: accepts },
  { id: "signature-refused", title: "a forged request", run: refuses },
];
