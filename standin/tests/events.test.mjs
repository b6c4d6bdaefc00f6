// TaskRouter's event callback: what is told, and in which words.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { post, received, seed, twilio, workspace, WORKERS } from "./stage.mjs";

describe("events", () => {
  beforeEach(() => twilio.connect());

  const told = () => received.map(({ fields }) => fields);
  // As they were sent: on their way they may overtake one another.
  const types = ({ sid = "/taskrouter/events" } = {}) =>
    twilio.journal({ kind: "webhook", contains: sid }).entries.flatMap(({ attempt, event }) => (attempt === 1 ? event : []));
  const change = async (path, form) => assert.equal((await post(`${workspace}${path}`, form)).status, 200);
  const inbound = (more = {}) => twilio.createTask({ workflowSid: seed.INBOUND_WORKFLOW_SID, attributes: { name: "x" }, ...more });
  const toBob = (more = {}) =>
    twilio.createTask({
      workflowSid: seed.CHAT_TRANSFER_WORKFLOW_SID,
      attributes: { transferTargetType: "worker", transferTargetSid: WORKERS.bob.sid },
      ...more,
    });

  test("a task's life, in the words of the callback", async () => {
    const task = toBob({ channel: "chat" });
    await change(`/Tasks/${task.sid}/Reservations/${task.reservations[0].sid}`, { ReservationStatus: "accepted" });
    await change(`/Tasks/${task.sid}`, { Attributes: '{"more":true}' });
    await change(`/Tasks/${task.sid}`, { AssignmentStatus: "wrapping" });
    await change(`/Tasks/${task.sid}`, { AssignmentStatus: "completed", Reason: "done" });
    await twilio.settle();
    const order = ["task.created", "workflow.entered", "task-queue.entered", "workflow.target-matched", "reservation.created"];
    const end = ["reservation.wrapup", "task.wrapup", "reservation.completed", "task.completed"];
    assert.ok(received.every(({ path, signed }) => path === "/taskrouter/events" && signed));
    assert.deepEqual(types().toSorted(), [...order, "reservation.accepted", "task.updated", ...end].toSorted());
    const accepted = told().find(({ EventType }) => EventType === "reservation.accepted");
    assert.deepEqual(
      [
        accepted.TaskSid,
        accepted.ReservationSid,
        accepted.WorkerSid,
        accepted.WorkerName,
        accepted.TaskAssignmentStatus,
        accepted.ResourceType,
      ],
      [task.sid, task.reservations[0].sid, WORKERS.bob.sid, "bob", "assigned", "reservation"],
    );
    assert.deepEqual(
      [accepted.ResourceSid, accepted.WorkflowSid, accepted.TaskQueueName, accepted.TaskChannelUniqueName],
      [...[task.reservations[0].sid, seed.CHAT_TRANSFER_WORKFLOW_SID, "Everyone", "chat"]],
    );
    assert.equal(JSON.parse(accepted.TaskAttributes).transferTargetSid, WORKERS.bob.sid);
    assert.match(accepted.Sid, /^EV[0-9a-f]{32}$/);
    assert.match(accepted.Timestamp, /^\d{10,}$/);
    const completed = told().find(({ EventType }) => EventType === "task.completed");
    assert.deepEqual([completed.TaskCompletedReason, completed.ReservationSid], ["done", undefined]);
  });

  test("a filter, no callback, another token, and an event by hand", async () => {
    await change("", { EventsFilter: "task.canceled, reservation.rejected" });
    const task = inbound();
    await change(`/Tasks/${task.sid}`, { AssignmentStatus: "canceled", Reason: "gone" });
    await twilio.settle();
    assert.deepEqual(types(), ["task.canceled"]);
    assert.equal(told()[0].TaskCanceledReason, "gone");
    await change("", { EventCallbackUrl: "" });
    inbound();
    await twilio.settle();
    assert.equal(received.length, 1);
    twilio.connect();
    await change("", { EventsFilter: "" });
    received.splice(0);
    twilio.clearJournal();
    twilio.emitEvent({ type: "reservation.failed", reservationSid: task.reservations[0].sid });
    await twilio.settle();
    assert.deepEqual([types(), told()[0].TaskSid], [["reservation.failed"], task.sid]);
  });
});
