// What people paste is run as they would: the tour of `npm start`, and the commands in the documents, against `wrangler dev` and
// a local Twilio as `npm start` has them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { root } from "../../dev/setup.mjs";
import { stops } from "../../dev/tour.mjs";
import { settings, startWorker } from "../../dev/worker.mjs";
import { startTwilio } from "../../standin/index.mjs";
import { until } from "./clock.mjs";
import { freePort } from "./edge.mjs";

/** Both, for one test: as fresh as after the first `npm start`. */
async function started(t) {
  const port = await freePort();
  const persist = mkdtempSync(join(tmpdir(), "flex-edge-tour-"));
  const twilio = await startTwilio({ workerUrl: `http://127.0.0.1:${port}`, connected: true });
  t.after(() => twilio.close());
  const worker = await startWorker({ port, persist, vars: settings(twilio.url) });
  t.after(async () => {
    await worker.stop();
    rmSync(persist, { recursive: true, force: true });
  });
  return { twilio, worker };
}

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

test("the tour shows what it says", async (t) => {
  const { twilio, worker } = await started(t);
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

const LOCAL = /127\.0\.0\.1/;

/** The commands in a document that ask a local address: blocks of shell, each with its commands and what is shown below each. */
function snippets(file) {
  const text = readFileSync(join(root, file), "utf8");
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, code]) => code).filter((code) => LOCAL.test(code));
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`(curl [^`]*)`/g)].map(([, code]) => code).filter((code) => LOCAL.test(code));
  return [...blocks, ...inline].map((code) => {
    const commands = [];
    for (const line of code.replaceAll("\\\n", " ").split("\n").filter((one) => one.trim()))
      if (line.startsWith("#")) commands.at(-1)?.shown.push(line.slice(1).trim());
      else commands.push({ line, shown: [] });
    return { file, commands };
  });
}

/** What is shown is what comes, but for `…`, which stands for anything. */
function assertShown(answer, shown, where) {
  let rest = answer;
  for (const part of shown.split("…")) {
    const at = rest.indexOf(part);
    assert.ok(at >= 0, `${where}\n${part}\nis not in\n${rest}`);
    rest = rest.slice(at + part.length);
  }
}

test("the commands in the documents work", async (t) => {
  const { twilio, worker } = await started(t);
  const files = ["README.md", "standin/README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)];
  const all = files.filter((file) => file.endsWith(".md")).flatMap(snippets);
  assert.ok(all.length > 0, "no command was found");
  const here = (text) => text.replaceAll("http://127.0.0.1:8787", worker.url).replaceAll("http://127.0.0.1:4010", twilio.url);
  const MARK = "--- the next command ---";
  for (const { file, commands } of all) {
    const script = commands.map(({ line }) => `${here(line)}\necho; echo '${MARK}'`).join("\n");
    const answers = (await bash(`set -euo pipefail\n${script}`).catch((error) => assert.fail(`${file}: ${error.message}`))).split(MARK);
    for (const [at, { line, shown }] of commands.entries()) {
      assert.doesNotMatch(answers[at], /"success": ?false/, `${file}: ${line}`);
      if (shown.length > 0) assertShown(answers[at], shown.join(" "), `${file}: ${line}`);
    }
  }
  t.diagnostic(`${all.flatMap(({ commands }) => commands).length} commands of the documents`);
});
