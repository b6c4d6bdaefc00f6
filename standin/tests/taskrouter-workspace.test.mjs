// TaskRouter: the workspace, its workers, queues, workflows, activities and channels.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTwilio } from "../index.mjs";
import { alice, AUTHORIZATION, carol, dave, everyOperationOf, get, post, QUEUES, refusal, seed, twilio, workspace } from "./stage.mjs";

describe("the workspace", () => {
  test("workers, queues, activities, workflows and channels", async () => {
    const workers = async (query) => (await get(`${workspace}/Workers`, query)).body.workers.map(({ friendly_name: name }) => name);
    assert.deepEqual(await workers({ TargetWorkersExpression: "full_name CONTAINS 'Baker' OR friendly_name == 'carol'" }), [
      "bob",
      "carol",
    ]);
    assert.deepEqual(await workers({ FriendlyName: "ALICE" }), ["alice"]);
    assert.deepEqual(await workers({ TaskQueueName: "Sales" }), ["carol", "erin"]);
    assert.ok((await workers({ Available: "false" })).includes("judy"));
    assert.deepEqual(
      await workers({ ActivityName: "Available", Ordering: "FriendlyName:desc", TargetWorkersExpression: "roles HAS 'supervisor'" }),
      ["dave"],
    );
    assert.deepEqual(refusal(await get(`${workspace}/Workers`, { TargetWorkersExpression: "full_name CONTAINS 'O'Neil'" })), [400, 20001]);
    const read = await get(`${workspace}/Workers/${dave}`);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 200);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 412);
    assert.deepEqual(
      (await get(`${workspace}/TaskQueues`, { WorkerSid: carol })).body.task_queues.map(({ friendly_name: name }) => name),
      ["Everyone", "Sales", "Outbound"],
    );
    assert.equal((await get(`${workspace}/TaskQueues/${QUEUES.Sales.sid}`)).body.friendly_name, "Sales");
    assert.equal((await get(`${workspace}/Workflows`)).body.workflows.length, 5);
    assert.equal((await get(`${workspace}/Workflows/${seed.OUTBOUND_WORKFLOW_SID}`)).status, 200);
    assert.equal((await get(`${workspace}/Activities`, { Available: "true" })).body.activities.length, 1);
    const { channels } = (await get(`${workspace}/Workers/${alice}/Channels`)).body;
    const path = `${workspace}/Workers/${alice}/Channels/${channels[0].sid}`;
    assert.equal((await post(path, { Capacity: "0", Available: "false" })).body.configured_capacity, 0);
    assert.equal((await get(path)).body.available, false);
  });

  test("its event callback is set and switched off", async () => {
    const found = (await get("/taskrouter/v1/Workspaces")).body.workspaces;
    assert.deepEqual([found.length, found[0].sid, found[0].event_callback_url], [1, seed.WORKSPACE_SID, null]);
    const settings = { EventCallbackUrl: "https://example.com/events", EventsFilter: "task.canceled,task.deleted" };
    assert.equal((await post(workspace, settings)).body.events_filter, "task.canceled,task.deleted");
    assert.equal((await get(workspace)).body.event_callback_url, "https://example.com/events");
    assert.equal((await post(workspace, { EventCallbackUrl: "" })).body.event_callback_url, null);
    assert.equal((await get(workspace)).body.friendly_name, "Flex Task Assignment");
    assert.equal((await get(`/taskrouter/v1/Workspaces/WS${"9".repeat(32)}`)).status, 404);
  });

  test("5,000 workers", async () => {
    const crowd = await startTwilio({ workers: 5000, rateLimits: true });
    try {
      const list = (query) =>
        fetch(`${crowd.url}${workspace}/Workers?${new URLSearchParams(query)}`, { headers: { Authorization: AUTHORIZATION } });
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

everyOperationOf("taskrouter-workspace");
