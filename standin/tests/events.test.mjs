// TaskRouter's event callback, and what time does to tasks: offers, steps and lives that end.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import twilioPackage from "twilio";
import { seed, startTwilio } from "../index.mjs";
import { AUTHORIZATION } from "./stage.mjs";

const { WORKERS, ACTIVITIES } = seed;
const SCALE = 100;

describe("events", () => {
  let twilio;
  let receiver;
  let received;
  const types = (task) => received.filter(({ TaskSid }) => !task || TaskSid === task.sid).map(({ EventType }) => EventType);
  const rest = async (path, form, method = "POST") => {
    const url = `${twilio.url}/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}${path}`;
    const response = await fetch(url, { method, headers: { Authorization: AUTHORIZATION }, body: form && new URLSearchParams(form) });
    assert.ok(response.ok, `${response.status}`);
  };
  const passes = (seconds) => new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / SCALE));
  const settled = async () => void (await twilio.settle());

  before(async () => {
    receiver = http.createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const fields = Object.fromEntries(new URLSearchParams(body));
      const url = `http://127.0.0.1:${receiver.address().port}${request.url}`;
      assert.ok(twilioPackage.validateRequest(seed.AUTH_TOKEN, request.headers["x-twilio-signature"], url, fields));
      received.push(fields);
      response.writeHead(204, { "Content-Type": "application/json" }).end();
    });
    await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    twilio = await startTwilio({ timeScale: SCALE, connected: true, workerUrl: `http://127.0.0.1:${receiver.address().port}` });
  });
  after(async () => {
    await twilio.close();
    receiver.closeAllConnections();
    receiver.close();
  });
  beforeEach(() => {
    twilio.reset();
    received = [];
  });

  const inbound = (more = {}) => twilio.createTask({ workflowSid: seed.INBOUND_WORKFLOW_SID, attributes: { name: "x" }, ...more });
  const toBob = (more = {}) =>
    twilio.createTask({
      workflowSid: seed.CHAT_TRANSFER_WORKFLOW_SID,
      attributes: { transferTargetType: "worker", transferTargetSid: WORKERS.bob.sid },
      ...more,
    });

  test("a task's life, in the words of the callback", async () => {
    const task = toBob({ channel: "chat" });
    await rest(`/Tasks/${task.sid}/Reservations/${task.reservations[0].sid}`, { ReservationStatus: "accepted" });
    await rest(`/Tasks/${task.sid}`, { Attributes: '{"more":true}' });
    await rest(`/Tasks/${task.sid}`, { AssignmentStatus: "wrapping" });
    await rest(`/Tasks/${task.sid}`, { AssignmentStatus: "completed", Reason: "done" });
    await settled();
    const order = ["task.created", "workflow.entered", "task-queue.entered", "workflow.target-matched", "reservation.created"];
    const end = ["reservation.wrapup", "task.wrapup", "reservation.completed", "task.completed"];
    assert.deepEqual(types().toSorted(), [...order, "reservation.accepted", "task.updated", ...end].toSorted());
    const accepted = received.find(({ EventType }) => EventType === "reservation.accepted");
    assert.deepEqual(
      [accepted.TaskSid, accepted.ReservationSid, accepted.WorkerSid, accepted.WorkerName, accepted.TaskAssignmentStatus, accepted.ResourceType],
      [task.sid, task.reservations[0].sid, WORKERS.bob.sid, "bob", "assigned", "reservation"],
    );
    assert.deepEqual([accepted.ResourceSid, accepted.WorkflowSid, accepted.TaskQueueName, accepted.TaskChannelUniqueName], [
      ...[task.reservations[0].sid, seed.CHAT_TRANSFER_WORKFLOW_SID, "Everyone", "chat"],
    ]);
    assert.equal(JSON.parse(accepted.TaskAttributes).transferTargetSid, WORKERS.bob.sid);
    assert.match(accepted.Sid, /^EV[0-9a-f]{32}$/);
    assert.match(accepted.Timestamp, /^\d{10,}$/);
    const completed = received.find(({ EventType }) => EventType === "task.completed");
    assert.deepEqual([completed.TaskCompletedReason, completed.ReservationSid], ["done", undefined]);
  });

  test("a filter, no callback, another token, and an event by hand", async () => {
    await rest("", { EventsFilter: "task.canceled, reservation.rejected" });
    const task = inbound();
    await rest(`/Tasks/${task.sid}`, { AssignmentStatus: "canceled", Reason: "gone" });
    await settled();
    assert.deepEqual(types(), ["task.canceled"]);
    assert.equal(received[0].TaskCanceledReason, "gone");
    await rest("", { EventCallbackUrl: "" });
    inbound();
    await settled();
    assert.equal(received.length, 1);
    twilio.connect();
    await rest("", { EventsFilter: "" });
    received = [];
    twilio.emitEvent({ type: "reservation.failed", reservationSid: task.reservations[0].sid });
    await settled();
    assert.deepEqual([types(), received[0].TaskSid], [["reservation.failed"], task.sid]);
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
