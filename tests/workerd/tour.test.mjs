// What people paste is run as they would: the tour of `npm start`, and the commands in the documents, against `wrangler dev` and
// a local Twilio as `npm start` has them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { root } from "../../dev/setup.mjs";
import { stops } from "../../dev/tour.mjs";
import { settings, startWorker } from "../../dev/worker.mjs";
import { startTwilio } from "../../standin/index.mjs";
import { until } from "./clock.mjs";
import { freePort } from "./edge.mjs";

let twilio;
let worker;
const persist = mkdtempSync(join(tmpdir(), "flex-edge-tour-"));
before(async () => {
  const port = await freePort();
  twilio = await startTwilio({ workerUrl: `http://127.0.0.1:${port}`, connected: true });
  worker = await startWorker({ port, persist, vars: settings(twilio.url) });
});
after(async () => {
  await worker?.stop();
  await twilio?.close();
  rmSync(persist, { recursive: true, force: true });
});

const bash = async (script) => (await promisify(execFile)("bash", ["-c", script], { timeout: 60_000 })).stdout;

// What each stop has to show, in this order; whoever adds a stop says so here.
const SHOWS = {
  "First, three short names": [],
  "Alice calls Bob": [/"callStatus": "in-progress"/, /reserved bob:pending/, / init client:alice/],
  "Bob accepts": [/"callStatus": "in-progress"/, /assigned alice:accepted/, /client:alice client:bob/],
  "Bob puts his own leg on hold": [/"success":true/, /client:bob \(held\)/, /"success":true/],
  "Bob hangs up": [/wrapping alice/, /wrapping bob/, /completed/],
  "A customer writes to Alice": [/"success":true.*"participantInviteSid":"(KG\w+)"/, /"success":true.*"participantInviteSid":"\1"/, / 1 invites/, /bob:accepted/],
  "Alice chats with a customer": [/"success":true.*"taskSid":"(WT\w+)"/, /alice:pending/, /"success":true.*"taskSid":"\1"/, /"success":false.*"taskSid":"\1"/],
  "Alice finds Bob": [/"name":"Bob/, /"uniqueName":"alice\+bob","created":true/, /"pins":\["alice\+bob"\]/, /"pins":\["alice\+bob"\]/],
  "A chat that has been idle": [/closed/],
  "A customer writes by SMS": [/sms reserved (\w+):pending/, /sms assigned \1:accepted/],
  "The agent parks": [/"success":true/, /CH\w{32}/, /sms wrapping/],
  "The customer writes again": [/sms reserved (\w+):pending/, /sms assigned \1:accepted/],
  "The agent hands the chat to Erin": [/"success":true/, /sms reserved erin:pending/, /sms canceled erin:rejected/, /sms reserved \w+:pending/],
  "Alice calls Erin": [/app:AP\w{32}\?t=/, /voice reserved erin:pending/, /voice assigned erin:accepted/, /voice wrapping erin:wrapping/],
};

test("the tour shows what it says", async () => {
  const all = stops({ worker: worker.url, twilio: twilio.url });
  const MARK = "--- the next stop ---";
  const shown = (await bash(all.map(([, commands]) => commands).join(`\necho '${MARK}'\n`))).split(`${MARK}\n`);
  assert.equal(shown.length, all.length);
  for (const [at, [what]] of all.entries()) {
    const [, patterns] = Object.entries(SHOWS).find(([name]) => what.startsWith(name)) ?? assert.fail(`nothing is said of: ${what}`);
    // One pattern after the other, so that a later one may refer to what an earlier one has found.
    let rest = shown[at];
    let found = [];
    for (const pattern of patterns) {
      const source = pattern.source.replace(/\\(\d)/g, (_, group) => found[group]);
      const match = new RegExp(source).exec(rest);
      assert.ok(match, `${what}\n${pattern} is not in\n${rest}`);
      if (match.length > 1) found = match;
      rest = rest.slice(match.index + match[0].length);
    }
  }
  assert.deepEqual(twilio.violations(), { violations: [] });
  await until(() => worker.lines.some((line) => line.includes('"route":"cron"')), "the clean-up's line in the log");
});

/** The commands in a document that ask a local address, each with the answer shown below it, if any. */
function snippets(file) {
  const text = readFileSync(join(root, file), "utf8");
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)];
  const shell = blocks.flatMap(([, language, code], at) => {
    if (language !== "sh" || !/curl .*127\.0\.0\.1/s.test(code)) return [];
    const next = blocks[at + 1];
    return [{ file, code, shown: next?.[1] === "json" ? JSON.parse(next[2]) : null }];
  });
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`(curl [^`]*127\.0\.0\.1[^`]*)`/g)];
  return [...shell, ...inline.map(([, code]) => ({ file, code, shown: null }))];
}

/** Whatever is shown is in the answer, with the same types. */
function assertLike(actual, shown, where) {
  if (shown === null || typeof shown !== "object") return assert.equal(typeof actual, typeof shown, where);
  if (Array.isArray(shown)) return shown.forEach((one, at) => assertLike(actual[at], one, `${where}[${at}]`));
  for (const [name, value] of Object.entries(shown)) {
    assert.ok(name in actual, `${where}.${name} is not in ${JSON.stringify(actual)}`);
    assertLike(actual[name], value, `${where}.${name}`);
  }
}

test("the commands in the documents work", async (t) => {
  const files = ["README.md", "standin/README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)];
  const all = files.filter((file) => file.endsWith(".md")).flatMap(snippets);
  assert.ok(all.length > 0, "no command was found");
  const here = (text) => text.replaceAll("http://127.0.0.1:8787", worker.url).replaceAll("http://127.0.0.1:4010", twilio.url);
  for (const { file, code, shown } of all) {
    twilio.reset();
    const answer = await bash(`set -euo pipefail\n${here(code)}`).catch((error) => assert.fail(`${file}: ${code}\n${error.message}`));
    if (shown) assertLike(JSON.parse(answer), shown, file);
    else assert.doesNotMatch(answer, /"success": ?false/, `${file}: ${code}`);
  }
  t.diagnostic(`${all.length} commands of the documents`);
});
