// TaskRouter: tasks, reservations, routing, and the workspace.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTwilio } from "../index.mjs";
import { alice, AUTHORIZATION, bob, carol, dave, everyOperationOf, get, post, QUEUES, refusal, remove, seed, twilio, WORKERS, workspace } from "./stage.mjs";

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
    const agent = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:bob"}' }))
      .body.sid;
    assert.deepEqual(
      twilio.task(agent).reservations.map(({ worker: name }) => name),
      ["bob"],
    );
    const queue = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"callToQueue":"Sales"}' })).body
      .sid;
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
    const nobody = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:judy"}' }))
      .body;
    assert.equal(twilio.task(nobody.sid).assignment_status, "pending");
    await post(`${workspace}/Workers/${WORKERS.judy.sid}`, { ActivitySid: seed.ACTIVITIES.Available.sid });
    assert.equal(twilio.task(nobody.sid).assignment_status, "reserved");
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

  test("workers, queues, activities, workflows and channels", async () => {
    const workers = async (query) => (await get(`${workspace}/Workers`, query)).body.workers.map(({ friendly_name: name }) => name);
    assert.deepEqual(await workers({ TargetWorkersExpression: "full_name CONTAINS 'Baker' OR friendly_name == 'carol'" }), ["bob", "carol"]);
    assert.deepEqual(await workers({ FriendlyName: "ALICE" }), ["alice"]);
    assert.deepEqual(await workers({ TaskQueueName: "Sales" }), ["carol", "erin"]);
    assert.ok((await workers({ Available: "false" })).includes("judy"));
    assert.deepEqual(await workers({ ActivityName: "Available", Ordering: "FriendlyName:desc", TargetWorkersExpression: "roles HAS 'supervisor'" }), [
      "dave",
    ]);
    assert.deepEqual(refusal(await get(`${workspace}/Workers`, { TargetWorkersExpression: "full_name CONTAINS 'O'Neil'" })), [400, 20001]);
    const read = await get(`${workspace}/Workers/${dave}`);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 200);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 412);
    assert.deepEqual(
      (await get(`${workspace}/TaskQueues`, { WorkerSid: carol })).body.task_queues.map(({ friendly_name: name }) => name),
      ["Everyone", "Sales", "Outbound"],
    );
    assert.equal((await get(`${workspace}/TaskQueues/${QUEUES.Sales.sid}`)).body.friendly_name, "Sales");
    assert.equal((await get(`${workspace}/Workflows`)).body.workflows.length, 4);
    assert.equal((await get(`${workspace}/Workflows/${seed.OUTBOUND_WORKFLOW_SID}`)).status, 200);
    assert.equal((await get(`${workspace}/Activities`, { Available: "true" })).body.activities.length, 1);
    const { channels } = (await get(`${workspace}/Workers/${alice}/Channels`)).body;
    const path = `${workspace}/Workers/${alice}/Channels/${channels[0].sid}`;
    assert.equal((await post(path, { Capacity: "0", Available: "false" })).body.configured_capacity, 0);
    assert.equal((await get(path)).body.available, false);
    const { sid } = (await newTask({ RoutingTarget: bob })).body;
    const [reservation] = (await get(`${workspace}/Workers/${bob}/Reservations`, { ReservationStatus: "pending" })).body.reservations;
    assert.equal(reservation.task_sid, sid);
    const at = `${workspace}/Workers/${bob}/Reservations/${reservation.sid}`;
    assert.equal((await get(at)).body.worker_sid, bob);
    assert.equal((await post(at, { Instruction: "reject" })).body.reservation_status, "rejected");
    assert.equal(twilio.task(sid).assignment_status, "pending");
  });

  test("5,000 workers", async () => {
    const crowd = await startTwilio({ workers: 5000, rateLimits: true });
    try {
      const list = (query) => fetch(`${crowd.url}${workspace}/Workers?${new URLSearchParams(query)}`, { headers: { Authorization: AUTHORIZATION } });
      const { workers, meta } = await (await list({ PageSize: "1000" })).json();
      assert.deepEqual([workers.length, meta.next_page_url !== null], [1000, true]);
      const started = performance.now();
      const found = await (await list({ TargetWorkersExpression: "full_name CONTAINS 'Costa'", PageSize: "1000" })).json();
      assert.ok(found.workers.length > 100);
      assert.ok(performance.now() - started < 1000);
      const statuses = [];
      for (let count = 0; count < 3; count += 1) statuses.push((await list({ TargetWorkersExpression: "1 == 1" })).status);
      assert.deepEqual(statuses, [200, 200, 429]);
      assert.deepEqual(crowd.violations(), { violations: [] });
    } finally {
      await crowd.close();
    }
  });
});

everyOperationOf("taskrouter");
