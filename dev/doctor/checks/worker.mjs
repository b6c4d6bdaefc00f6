// The deployed Worker: its health, its version, and whom it believes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import twilio from "twilio";

import { root } from "../../setup.mjs";
import { bad, good, none } from "../result.mjs";

const UNKNOWN = "its address is not known: npm run deploy, or --url";
// A called agent's leg that enters a room: TwiML, and nothing is asked of Twilio or kept.
const HARMLESS = "/voice/agent-join-conference";
const ROOM = { conferenceName: `WT${"0".repeat(32)}` };

const ask = (url, options) => fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(15_000) });

async function health({ url, asked }) {
  if (!url) return none(UNKNOWN);
  asked.health ??= ask(`${url}/health`).then(async (answer) => ({ status: answer.status, body: await answer.json().catch(() => null) }));
  const { status, body } = await asked.health.catch((error) => ({ status: 0, reason: error.cause?.code ?? error.name }));
  if (status === 0) return bad(`${url} does not answer`, "npm run deploy");
  if (typeof body?.features !== "object") return bad(`${url}/health answers ${status}, but not as this Worker does`, "correct the address: --url, PUBLIC_URL or WORKER_URL");
  const broken = Object.entries(body.invalid ?? {}).map(([name, problem]) => `${name} ${problem}`);
  if (broken.length > 0) return bad(broken.join("; "), "correct the setting and npm run deploy");
  const features = Object.entries(body.features);
  const off = features.filter(([, { configured }]) => !configured).map(([name]) => name);
  const missing = (body.missing ?? []).join(", ");
  if (status !== 200 || body.success !== true) return bad(`${off.join(", ")} cannot work; missing: ${missing}`, "write the settings and npm run deploy");
  const rest = off.length > 0 ? `; not in use: ${off.join(", ")}` : "";
  return good(`${features.length - off.length} of ${features.length} features ready${rest}`);
}

async function version(context) {
  if (!context.url) return none(UNKNOWN);
  await health(context);
  const { body } = await context.asked.health.catch(() => ({}));
  const here = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  if (!body?.version) return none("it does not tell");
  return body.version === here ? good(here) : bad(`${body.version} runs; this checkout is ${here}`, "npm run deploy");
}

async function signed({ url, settings: { values, file } }, token) {
  const address = `${url}${HARMLESS}`;
  const headers = { "X-Twilio-Signature": twilio.getExpectedTwilioSignature(token, address, ROOM) };
  const answer = await ask(address, { method: "POST", headers, body: new URLSearchParams(ROOM) });
  const text = await answer.text();
  return { status: answer.status, isTwiml: text.includes("<Response>"), mend: `PUBLIC_URL=${url} in ${file} if another origin is behind it; else the Worker has another TWILIO_AUTH_TOKEN; then npm run deploy`, values };
}

async function accepts(context) {
  const token = context.settings.values.TWILIO_AUTH_TOKEN;
  if (!context.url) return none(UNKNOWN);
  if (!token) return none("the auth token is not here");
  const { status, isTwiml, mend } = await signed(context, token);
  if (status === 403) return bad("a request signed as Twilio does it is refused (403)", mend);
  return status === 200 && isTwiml ? good("200, TwiML") : bad(`a signed request is answered ${status}`, "npx wrangler tail, and this again");
}

async function refuses(context) {
  if (!context.url) return none(UNKNOWN);
  const { status } = await signed(context, "0".repeat(32));
  if (status === 403) return good("403");
  if (status === 200) return bad("a forged request is accepted: anybody can act as Twilio", "npm run deploy: this is no Worker of this checkout");
  return bad(`a forged request is answered ${status}`, "npx wrangler tail, and this again");
}

export const checks = [
  { id: "health", title: "health", run: health },
  { id: "version", title: "version", run: version },
  { id: "signature-accepted", title: "a signed request", run: accepts },
  { id: "signature-refused", title: "a forged request", run: refuses },
];
