// What these tests share: a local Twilio, a settings file, and the commands run as an operator runs them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";

import { Account } from "../../dev/doctor/account.mjs";
import { examine as examineAll } from "../../dev/doctor/examine.mjs";
import { carryOut, makePlan } from "../../dev/provision/make.mjs";
import { saveSettings, settingsFor } from "../../dev/settings.mjs";
import { root } from "../../dev/setup.mjs";
import { seed, startTwilio } from "../../standin/index.mjs";

export { seed } from "../../standin/index.mjs";

/** Where the Worker is said to be; nobody answers there. */
export const WORKER = "http://127.0.0.1:9";
export const EVERYONE = seed.QUEUES.Everyone.sid;
export const WORKSPACE = `/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}`;
export const FLEX = "/flex-api/v1/Configuration";
export const ADDRESSES = "/conversations/v1/Configuration/Addresses";
export const ACCOUNT = `/api/2010-04-01/Accounts/${seed.ACCOUNT_SID}`;

export let twilio;
export let file;
let folder;

before(async () => {
  twilio = await startTwilio({ workers: 12 });
  folder = mkdtempSync(join(tmpdir(), "flex-edge-operators-"));
});
after(async () => {
  await twilio?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  twilio.reset();
  file = join(folder, `${Math.random()}.vars`);
});
// Every request that a command sent is one that Twilio's documents know.
afterEach(() => assert.deepEqual(twilio.violations(), { violations: [] }));

export const credentials = () => ({
  TWILIO_ACCOUNT_SID: seed.ACCOUNT_SID,
  TWILIO_AUTH_TOKEN: seed.AUTH_TOKEN,
  TWILIO_API_BASE: twilio.url,
  WORKER_URL: WORKER,
});
/** The settings of the account as it is seeded. */
export const complete = () => ({
  ...credentials(),
  TWILIO_API_KEY: seed.API_KEY,
  TWILIO_API_SECRET: seed.API_SECRET,
  TWILIO_FLEX_WORKSPACE_SID: seed.WORKSPACE_SID,
  TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID: seed.INTERNAL_CALL_WORKFLOW_SID,
  TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID: seed.CHAT_TRANSFER_WORKFLOW_SID,
  TWILIO_FLEX_OUTBOUND_WORKFLOW_SID: seed.OUTBOUND_WORKFLOW_SID,
  TWILIO_FLEX_OUTBOUND_QUEUE_SID: seed.OUTBOUND_QUEUE_SID,
  TWILIO_FLEX_INBOUND_WORKFLOW_SID: seed.INBOUND_WORKFLOW_SID,
  TWILIO_FLEX_CALLER_ID: seed.CALLER_ID,
  TWILIO_FLEX_INTERNAL_CALL_APP_SID: seed.INTERNAL_CALL_APP_SID,
  TWILIO_CONVERSATIONS_SERVICE_SID: seed.CHAT_SERVICE_SID,
  TWILIO_WEBCHAT_ADDRESS_SID: seed.WEBCHAT_ADDRESS_SID,
  ALLOWED_ORIGINS: "https://flex.twilio.com,https://www.example.com",
});

export const write = (settings) => writeFileSync(file, Object.entries(settings).map((pair) => `${pair.join("=")}\n`).join(""));
export const settings = () =>
  Object.fromEntries(
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split(/=(.*)/).slice(0, 2)),
  );

/** Runs `dev/<command>.mjs` with this settings file; what it prints never has a secret in it. */
export function run(command, args = [], { env = {}, given = file } = {}) {
  return new Promise((resolve, reject) => {
    const { TWILIO_ACCOUNT_SID: _, TWILIO_AUTH_TOKEN: __, ...outside } = process.env;
    const child = spawn(process.execPath, [join(root, `dev/${command}.mjs`), ...(given ? ["--settings", given] : []), ...args], {
      env: { ...outside, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("exit", (status) => {
      for (const secret of [seed.AUTH_TOKEN, seed.API_SECRET]) assert.ok(!output.includes(secret), `a secret is printed:\n${output}`);
      resolve({ status, output });
    });
  });
}

/** The doctor's findings by id; the command's own way is `run("doctor", ["--json"])`. */
export async function examine(url) {
  const given = settingsFor({ settings: file, url });
  const found = await examineAll(given);
  return Object.fromEntries(found.map((check) => [check.id, check]));
}
/** The ids that are ✖, but for the Worker's: nobody answers there. */
export const badOnes = (found) =>
  Object.values(found)
    .filter(({ id, state, group }) => state === "bad" && (group !== "Worker" || id === "origins"))
    .map(({ id }) => id);

/** Carries out what `npm run provision` would with these options; answers what could not be done. */
export async function provide(options = {}) {
  const { settings, url } = settingsFor({ settings: file });
  const context = { account: new Account(settings.values), values: settings.values, url, options };
  return carryOut(await makePlan(context), context, { save: (values) => saveSettings(file, values), say: () => {} });
}

const AUTHORIZATION = `Basic ${Buffer.from(`${seed.ACCOUNT_SID}:${seed.AUTH_TOKEN}`).toString("base64")}`;
/** A request of somebody else: form, or JSON when `body` is text. */
export async function rest(method, path, body) {
  const headers = { Authorization: AUTHORIZATION, ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}) };
  const form = typeof body === "object" ? new URLSearchParams(Object.entries(body).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))) : body;
  const response = await fetch(twilio.url + path, { method, headers, body: form });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${text}`);
  return text ? JSON.parse(text) : null;
}
export const configure = (changes) => rest("POST", FLEX, JSON.stringify({ account_sid: seed.ACCOUNT_SID, ...changes }));

/** What changed something at Twilio since then, by operation. */
export const writes = (since = 0) =>
  twilio
    .journal({ kind: "request", since })
    .entries.filter(({ method }) => method !== "GET")
    .map(({ operationId }) => operationId);
export const now = () => twilio.journal({}).entries.at(-1)?.seq ?? 0;
