// What time does to tasks: offers, steps and lives that end. Nobody listens to the events; the journal knows what was told.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { seed, startTwilio } from "../index.mjs";
import { AUTHORIZATION } from "./stage.mjs";

const { WORKERS, ACTIVITIES } = seed;
const SCALE = 100;

describe("time-outs", () => {
  let twilio;
  const types = ({ sid = "/taskrouter/events" } = {}) =>
    twilio.journal({ kind: "webhook", contains: sid }).entries.flatMap(({ attempt, event }) => (attempt === 1 ? event : []));
  const rest = async (path, form, method = "POST") => {
    const url = `${twilio.url}/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}${path}`;
    const response = await fetch(url, { method, headers: { Authorization: AUTHORIZATION }, body: form && new URLSearchParams(form) });
    assert.ok(response.ok, `${response.status}`);
  };
  const passes = (seconds) => twilio.clock.later(seconds * 1000);
  const settled = () => twilio.settle();

  before(async () => void (twilio = await startTwilio({ timeScale: SCALE, connected: true, workerUrl: "http://127.0.0.1:9" })));
  after(() => twilio.close());
  beforeEach(() => twilio.reset());

  const inbound = (more = {}) => twilio.createTask({ workflowSid: seed.INBOUND_WORKFLOW_SID, attributes: { name: "x" }, ...more });
  const toBob = () =>
    twilio.createTask({
      workflowSid: seed.CHAT_TRANSFER_WORKFLOW_SID,
      attributes: { transferTargetType: "worker", transferTargetSid: WORKERS.bob.sid },
    });

  test("an offer that nobody answers goes to the next, and the last refusal leaves the task waiting", async () => {
    const task = twilio.createTask({ workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, attributes: { callToQueue: "Sales" } });
    await passes(121);
    await settled();
    assert.deepEqual(
      twilio.task(task.sid).reservations.map(({ status }) => status),
      ["timeout", "pending"],
    );
    assert.deepEqual(types(task).slice(-2), ["reservation.timeout", "reservation.created"]);
    twilio.reject(twilio.task(task.sid).reservations[1].sid);
    await settled();
    assert.equal(twilio.task(task.sid).assignment_status, "pending");
    assert.equal(types(task).at(-1), "reservation.rejected");
  });

  test("a step that ends unanswered cancels the task, and the default filter is no way out", async () => {
    const called = twilio.createTask({
      workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
      channel: "voice",
      attributes: { internal_call: "native", worker_sid: WORKERS.bob.sid },
    });
    assert.equal(called.reservations[0].worker, "bob");
    await passes(46);
    await settled();
    const { assignment_status: status, reason } = twilio.task(called.sid);
    assert.deepEqual([status, reason], ["canceled", "Task canceled on Workflow timeout"]);
    assert.deepEqual(types(called).slice(-4), ["reservation.canceled", "task-queue.timeout", "workflow.timeout", "task.canceled"]);
    const unknown = twilio.createTask({
      workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
      attributes: { internal_call: "native", worker_sid: WORKERS.judy.sid },
    });
    assert.deepEqual([unknown.assignment_status, unknown.reservations], ["pending", []]);
  });

  test("a life that ends, a deletion, and what TaskRouter forgets", async () => {
    const short = inbound({ timeout: 30 });
    const deleted = inbound();
    const taken = inbound({ timeout: 30, routingTarget: WORKERS.alice.sid });
    await twilio.accept(taken.reservations[0].sid);
    await rest(`/Tasks/${deleted.sid}`, undefined, "DELETE");
    await passes(31);
    await settled();
    assert.match(twilio.task(short.sid).reason, /TTL Exceeded/);
    assert.deepEqual(types(short).slice(-2), ["reservation.canceled", "task.canceled"]);
    assert.deepEqual(types(deleted).slice(-2), ["reservation.canceled", "task.deleted"]);
    assert.equal(twilio.task(taken.sid).assignment_status, "assigned", "what an agent has does not end");
    twilio.setOptions({ purgeAfterMs: 300_000 });
    await rest(`/Tasks/${taken.sid}`, { AssignmentStatus: "completed" });
    await passes(301);
    await settled();
    assert.equal(types(taken).at(-1), "task.system-deleted");
    assert.throws(() => twilio.task(taken.sid), /not found/);
    twilio.purgeTask(short.sid);
    await settled();
    assert.equal(types(short).at(-1), "task.system-deleted");
  });

  test("whoever lets an offer time out goes offline, if the workspace is so", async () => {
    twilio.setOptions({ timeoutActivity: true, reoffer: true });
    const task = toBob();
    await passes(121);
    await settled();
    assert.equal(types().includes("worker.activity.update"), true);
    assert.equal(twilio.task(task.sid).reservations.length, 1);
    await rest(`/Workers/${WORKERS.bob.sid}`, { ActivitySid: ACTIVITIES.Available.sid });
    assert.deepEqual(
      twilio.task(task.sid).reservations.map(({ status }) => status),
      ["timeout", "pending"],
    );
  });

  test("capacities count when told to, and a known worker is the only one asked", async () => {
    twilio.setOptions({ countCapacity: true });
    const call = () =>
      twilio.createTask({
        workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
        channel: "voice",
        attributes: { client_call: true, targetWorker: "client:bob" },
      });
    assert.deepEqual([call().reservations.length, call().reservations.length], [1, 0]);
  });
});
