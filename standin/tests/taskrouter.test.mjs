// TaskRouter: tasks, reservations and routing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alice, bob, carol, everyOperationOf, get, post, refusal, remove, seed, twilio, WORKERS, workspace } from "./stage.mjs";

describe("TaskRouter", () => {
  const newTask = (form = {}) =>
    post(`${workspace}/Tasks`, { WorkflowSid: seed.OUTBOUND_WORKFLOW_SID, TaskChannel: "voice", Attributes: "{}", ...form });

  test("a task's life, its versions and its legal moves", async () => {
    const made = await newTask({ RoutingTarget: alice });
    assert.deepEqual([made.status, made.body.assignment_status, made.body.ignore_capacity], [201, "pending", true]);
    const path = `${workspace}/Tasks/${made.body.sid}`;
    const read = await get(path);
    assert.deepEqual([read.body.assignment_status, made.etag === read.etag], ["reserved", false]);
    assert.match(read.etag, /^"\d+"$/);
    assert.deepEqual(refusal(await post(path, { Attributes: '{"a":1}' }, { "If-Match": made.etag })), [412, 20412]);
    const written = await post(path, { Attributes: '{"a":1}' }, { "If-Match": read.etag });
    assert.deepEqual([written.status, written.body.attributes], [200, '{"a":1}']);
    assert.equal((await post(path, { Attributes: '{"a":2}' }, { "If-Match": written.etag.replaceAll('"', "") })).status, 200);
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "wrapping" })), [400, 20001]);
    assert.deepEqual(refusal(await post(path, { Attributes: "[1]" })), [400, 20001]);
    const [reservation] = (await get(`${path}/Reservations`, { ReservationStatus: "pending", WorkerSid: alice })).body.reservations;
    const at = `${path}/Reservations/${reservation.sid}`;
    assert.equal((await get(at)).body.worker_name, "alice");
    assert.equal((await post(at, { ReservationStatus: "accepted" })).body.reservation_status, "accepted");
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "canceled" })), [400, 20001]);
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "wrapping", Attributes: "{}" })), [400, 20001]);
    assert.equal((await post(path, { AssignmentStatus: "wrapping", Reason: "over" })).body.reason, "over");
    assert.equal((await get(at)).body.reservation_status, "wrapping");
    assert.equal((await post(path, { AssignmentStatus: "completed" })).body.assignment_status, "completed");
    assert.equal((await remove(path)).status, 204);
    assert.equal((await get(path)).status, 404);
  });

  test("routing by workflow, queue and refusal", async () => {
    const agent = (
      await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:bob"}' })
    ).body.sid;
    assert.deepEqual(
      twilio.task(agent).reservations.map(({ worker: name }) => name),
      ["bob"],
    );
    const queue = (
      await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"callToQueue":"Sales"}' })
    ).body.sid;
    const [first] = twilio.task(queue).reservations;
    assert.ok(["carol", "erin"].includes(first.worker));
    twilio.reject(first.sid);
    assert.deepEqual(
      twilio.task(queue).reservations.map(({ status }) => status),
      ["rejected", "pending"],
    );
    const transfer = (
      await newTask({
        WorkflowSid: seed.CHAT_TRANSFER_WORKFLOW_SID,
        Attributes: JSON.stringify({
          transferTargetType: "queue",
          transferQueueName: "Sales",
          workerSidsInConversation: [carol],
          ignoreWorkerContactUri: "client:nobody",
        }),
      })
    ).body.sid;
    assert.equal(twilio.task(transfer).reservations[0].worker, "erin");
    const nobody = (
      await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:judy"}' })
    ).body;
    assert.equal(twilio.task(nobody.sid).assignment_status, "pending");
    await post(`${workspace}/Workers/${WORKERS.judy.sid}`, { ActivitySid: seed.ACTIVITIES.Available.sid });
    assert.equal(twilio.task(nobody.sid).assignment_status, "reserved");
  });

  test("a worker's reservations", async () => {
    const { sid } = (await newTask({ RoutingTarget: bob })).body;
    const [reservation] = (await get(`${workspace}/Workers/${bob}/Reservations`, { ReservationStatus: "pending" })).body.reservations;
    assert.equal(reservation.task_sid, sid);
    const at = `${workspace}/Workers/${bob}/Reservations/${reservation.sid}`;
    assert.equal((await get(at)).body.worker_sid, bob);
    assert.equal((await post(at, { Instruction: "reject" })).body.reservation_status, "rejected");
    assert.equal(twilio.task(sid).assignment_status, "pending");
  });

  test("listing tasks", async () => {
    for (const [priority, value] of [
      [1, "a"],
      [2, "b"],
      [3, "a"],
    ])
      await newTask({ Priority: priority, Attributes: JSON.stringify({ value }), RoutingTarget: alice });
    const list = async (query) => (await get(`${workspace}/Tasks`, query)).body.tasks.map(({ priority }) => priority);
    assert.deepEqual(await list({ EvaluateTaskAttributes: "value == 'a'" }), [1, 3]);
    assert.deepEqual(await list({ AssignmentStatus: "pending" }), []);
    assert.deepEqual(await list({ AssignmentStatus: "pending,reserved", Ordering: "Priority:desc" }), [3, 2, 1]);
    assert.deepEqual(await list({ RoutingTarget: alice, Priority: "2", WorkflowName: "Outbound" }), [2]);
    assert.deepEqual(refusal(await get(`${workspace}/Tasks`, { EvaluateTaskAttributes: "value ==" })), [400, 20001]);
    const page = await get(`${workspace}/Tasks`, { PageSize: "2" });
    const next = new URL(page.body.meta.next_page_url);
    assert.equal(next.origin, "https://taskrouter.twilio.com");
    const rest = await get(`/taskrouter${next.pathname}${next.search}`);
    assert.deepEqual([rest.body.tasks.length, rest.body.meta.next_page_url], [1, null]);
  });
});

everyOperationOf("taskrouter");
