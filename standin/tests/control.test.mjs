// The control interface over HTTP.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ROUTES } from "../control.mjs";
import { alice, get, seed, twilio, workspace } from "./stage.mjs";

describe("control", () => {
  const control = async (method, path, body) =>
    (await fetch(`${twilio.url}/__standin/${path}`, { method, body: body && JSON.stringify(body) })).json();

  test("the same over HTTP", async () => {
    const call = await control("POST", "internal-call", { from: "alice", to: "bob" });
    await control("POST", "settle");
    assert.equal((await control("GET", `tasks/${call.taskSid}`)).assignment_status, "assigned");
    const chat = await control("POST", "chat", { agent: "alice", channel: "sms" });
    assert.equal((await control("GET", `conversations/${chat.conversationSid}`)).state, "active");
    assert.equal((await control("POST", `calls/${call.callSid}/hangup`)).callStatus, "completed");
    await control("POST", `tasks/${call.taskSid}/wrap`);
    assert.equal((await control("POST", `tasks/${call.taskSid}/complete`)).assignment_status, "completed");
    const { id } = await control("POST", "faults", { contains: "x", fault: 500 });
    assert.equal((await control("GET", "faults")).faults.length, 1);
    await control("DELETE", `faults/${id}`);
    assert.equal((await control("GET", "faults")).faults.length, 0);
    assert.ok((await control("GET", `journal?contains=${call.taskSid}`)).entries.length > 0);
    assert.deepEqual(await control("GET", "violations"), { violations: [] });
    const state = await control("GET", "state");
    assert.deepEqual([state.tasks.length, state.conferences.length, state.conversations.length, state.interactions.length], [2, 1, 1, 1]);
    const { tasks, conferences } = await control("GET", "summary");
    assert.match(tasks[0], /^WT\w+ voice completed alice:completed$/);
    assert.match(conferences[0], /^CF\w+ WT\w+ completed$/);
    await control("POST", "reset");
    assert.equal((await control("GET", "state")).tasks.length, 0);
    assert.equal((await control("POST", "nonsense")).status, 404);
    assert.equal((await control("POST", "webhooks", { mode: "thrice" })).status, 400);
  });
});

test("every route has its method, and stands in the README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  for (const { name, path } of ROUTES) {
    assert.equal(typeof twilio[name], "function", name);
    for (const word of path.split("/").filter((part) => !part.startsWith(":")))
      assert.ok(readme.includes(word), `${path} is not in the README`);
  }
});

test("quiet is when nothing has been asked for a while", async () => {
  const late = new Promise((resolve) => setTimeout(resolve, 100)).then(() => get(`${workspace}/Tasks`));
  const started = performance.now();
  assert.deepEqual(await twilio.settle({ quietMs: 250 }), { settled: true });
  assert.ok(performance.now() - started >= 340, "the late request began a new wait");
  await late;
  assert.deepEqual(await twilio.settle({ quietMs: 10_000, timeoutMs: 50 }), { settled: false });
});

test("a forgotten task leaves nothing behind", async () => {
  const task = twilio.createTask({ workflowSid: seed.INBOUND_WORKFLOW_SID, routingTarget: alice });
  const at = `${workspace}/Workers/${alice}/Reservations`;
  assert.equal((await get(at)).body.reservations.length, 1);
  twilio.forgetTask(task.sid);
  assert.deepEqual((await get(at)).body.reservations, []);
  const { workerSid } = twilio.addWorker({ name: "zoe" });
  const second = twilio.createTask({ workflowSid: seed.INBOUND_WORKFLOW_SID, routingTarget: workerSid });
  twilio.forgetWorker(workerSid);
  assert.equal((await get(`${workspace}/Workers/${workerSid}`)).status, 404);
  assert.equal((await get(`${workspace}/Tasks/${second.sid}`)).status, 404);
});

test("every product has a test file that asks for all of its operations", () => {
  for (const product of Object.keys(twilio.operations))
    assert.match(readFileSync(new URL(`${product}.test.mjs`, import.meta.url), "utf8"), new RegExp(`everyOperationOf\\("${product}"\\)`));
});
