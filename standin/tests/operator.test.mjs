// What an operator's commands ask: the account, workflows, queues, channels, Flex's configuration.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { account, AUTHORIZATION, everyOperationOf, get, post, refusal, remove, seed, twilio, workspace } from "./stage.mjs";

const everyone = seed.QUEUES.Everyone.sid;
const routing = (filters, queue = everyone) => JSON.stringify({ task_routing: { filters, default_filter: { queue } } });

describe("operator", () => {
  test("workflows are made, changed and deleted; what TaskRouter would refuse is refused", async () => {
    const filter = { filter_friendly_name: "All", expression: "1==1", targets: [{ queue: everyone }] };
    const made = await post(`${workspace}/Workflows`, { FriendlyName: "New", Configuration: routing([filter]) });
    assert.equal(made.status, 201);
    assert.deepEqual(JSON.parse(made.body.configuration).task_routing.filters, [filter]);
    const at = `${workspace}/Workflows/${made.body.sid}`;
    assert.equal((await post(at, { Configuration: routing([]) })).body.configuration, routing([]));
    assert.equal((await post(at, { FriendlyName: "Newer" })).body.friendly_name, "Newer");
    assert.deepEqual(refusal(await post(at, { Configuration: "{" })), [400, 20001]);
    assert.deepEqual(refusal(await post(at, { Configuration: routing([], seed.QUEUES.Sales.sid.replace("3", "9")) })), [400, 20001]);
    assert.deepEqual(refusal(await post(at, { Configuration: routing([{ ...filter, expression: "a ==" }]) })), [400, 20001]);
    assert.deepEqual(refusal(await post(`${workspace}/Workflows`, { FriendlyName: "newer", Configuration: routing([]) })), [400, 20001]);
    assert.equal((await remove(at)).status, 204);
    assert.equal((await get(at)).status, 404);
  });

  test("queues are made, changed, and deleted when no workflow leads to them", async () => {
    const made = await post(`${workspace}/TaskQueues`, { FriendlyName: "New", TargetWorkers: "routing.skills HAS 'new'" });
    const at = `${workspace}/TaskQueues/${made.body.sid}`;
    assert.deepEqual([made.status, made.body.target_workers], [201, "routing.skills HAS 'new'"]);
    assert.equal((await post(at, { TargetWorkers: "1==1" })).body.target_workers, "1==1");
    assert.deepEqual(refusal(await post(at, { TargetWorkers: "(" })), [400, 20001]);
    assert.deepEqual(refusal(await post(`${workspace}/TaskQueues`, { FriendlyName: "NEW" })), [400, 20001]);
    assert.equal((await remove(at)).status, 204);
    assert.deepEqual(refusal(await remove(`${workspace}/TaskQueues/${everyone}`)), [400, 20001]);
  });

  test("task channels are listed, made, read by SID and by name, deleted", async () => {
    const made = await post(`${workspace}/TaskChannels`, { FriendlyName: "Fax", UniqueName: "fax" });
    assert.equal(made.status, 201);
    assert.equal((await get(`${workspace}/TaskChannels/fax`)).body.sid, made.body.sid);
    assert.ok((await get(`${workspace}/TaskChannels`)).body.channels.some(({ unique_name: name }) => name === "fax"));
    assert.deepEqual(refusal(await post(`${workspace}/TaskChannels`, { FriendlyName: "Fax", UniqueName: "fax" })), [400, 20001]);
    assert.equal((await remove(`${workspace}/TaskChannels/${made.body.sid}`)).status, 204);
    assert.equal((await get(`${workspace}/TaskChannels/fax`)).status, 404);
  });

  test("Flex's and the conversations' configuration keep what they are given", async () => {
    const configure = async (body) => {
      const headers = { Authorization: AUTHORIZATION, "Content-Type": "application/json" };
      return (await fetch(`${twilio.url}/flex-api/v1/Configuration`, { method: "POST", headers, body: JSON.stringify(body) })).status;
    };
    assert.equal(await configure({ outbound_call_flows: {} }), 400);
    assert.equal(await configure({ account_sid: seed.ACCOUNT_SID, outbound_call_flows: {} }), 200);
    const flex = (await get("/flex-api/v1/Configuration")).body;
    assert.deepEqual([flex.outbound_call_flows, flex.taskrouter_workspace_sid], [{}, seed.WORKSPACE_SID]);
    const other = `IS${"e".repeat(32)}`;
    assert.equal((await post("/conversations/v1/Configuration", { DefaultChatServiceSid: other })).status, 200);
    assert.equal((await get("/conversations/v1/Configuration")).body.default_chat_service_sid, other);
  });

  test("the account", async () => {
    assert.equal((await get(`${account}.json`)).body.status, "active");
    assert.equal((await get(account.replace("acc0", "acc1") + ".json")).status, 404);
  });

  test("a fresh account has what Twilio makes for a new Flex", async () => {
    twilio.freshAccount();
    const names = async (path, key) => (await get(`${workspace}/${path}`)).body[key].map(({ friendly_name: name }) => name);
    assert.deepEqual(await names("Workflows", "workflows"), ["Assign to Anyone"]);
    assert.deepEqual(await names("TaskQueues", "task_queues"), ["Everyone"]);
    assert.deepEqual((await get("/conversations/v1/Configuration/Addresses")).body.address_configurations, []);
    assert.deepEqual((await get("/flex-api/v1/Configuration")).body.outbound_call_flows, {});
    assert.ok((await get(`${workspace}/Workers`)).body.workers.length > 5);
  });
});

everyOperationOf("operator");
