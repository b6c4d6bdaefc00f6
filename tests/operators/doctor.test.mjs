// `npm run doctor`: whatever is broken is found, by the right check, and what it names mends it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ACCOUNT, ADDRESSES, badOnes, complete, configure, credentials, EVERYONE, examine, provide, rest, run, seed, twilio, WORKER, WORKSPACE, write, writes } from "./stage.mjs";

const routing = (filters) => ({ Configuration: JSON.stringify({ task_routing: { filters, default_filter: { queue: EVERYONE } } }) });
const workflow = (sid, form) => rest("POST", `${WORKSPACE}/Workflows/${sid}`, form);
const filtersOf = async (sid) => JSON.parse((await rest("GET", `${WORKSPACE}/Workflows/${sid}`)).configuration).task_routing.filters;
const without = async (sid, name) => workflow(sid, routing((await filtersOf(sid)).filter((one) => one.filter_friendly_name !== name)));
const { INTERNAL_CALL_WORKFLOW_SID: CALLS, CHAT_TRANSFER_WORKFLOW_SID: TRANSFERS } = seed;
const address = (form) => rest("POST", `${ADDRESSES}/${seed.WEBCHAT_ADDRESS_SID}`, form);

function healthy() {
  twilio.connect({ url: WORKER });
  write(complete());
}

/** What is broken, how, by which check it is found, in which words; `mends` when the command that it names does. */
const BREAKS = [
  ["an agent's calls ring anybody", () => workflow(CALLS, routing([{ expression: "1==1", filter_friendly_name: "All", targets: [{ queue: EVERYONE }] }])), "internal-call-workflow", /the filter "All" offers it to other agents too/, { mends: true }],
  ["the filter for calls is gone", () => without(CALLS, "Agent"), "internal-call-workflow", /a call to an agent: no filter takes it: the default queue offers it to other agents/, { mends: true }],
  ["the filter for native calls is gone", () => without(CALLS, "Native agent"), "internal-call-workflow", /a native call to an agent: no filter takes it/, { mends: true }],
  ["something is more urgent than calls", async () => workflow(CALLS, routing([...(await filtersOf(CALLS)), { expression: "vip == true", targets: [{ queue: EVERYONE, priority: 2000 }] }])), "internal-call-workflow", /does not have the highest priority/, { mends: true }],
  ["calls go to a queue that few are in", async () => workflow(CALLS, routing((await filtersOf(CALLS)).map((one) => (one.filter_friendly_name === "Agent" ? { ...one, targets: [{ ...one.targets[0], queue: seed.QUEUES.Sales.sid }] } : one)))), "internal-call-workflow", /leads to Sales, which not every agent is in/, { mends: true }],
  ["transfers to an agent reach anybody", () => without(TRANSFERS, "Worker"), "chat-transfer-workflow", /a transfer to an agent: no filter takes it/, { mends: true }],
  ["a queue cannot be transferred to", () => without(TRANSFERS, "Queue Sales"), "chat-transfer-workflow", /a transfer to the queue Sales: .*leads to Everyone/, { mends: true }],
  ["a new queue", () => rest("POST", `${WORKSPACE}/TaskQueues`, { FriendlyName: "Night" }), "chat-transfer-workflow", /a transfer to the queue Night/, { also: ["internal-call-workflow"], mends: true }],
  ["whoever hands over gets it back", async () => workflow(TRANSFERS, routing((await filtersOf(TRANSFERS)).map((one) => (one.filter_friendly_name === "Queue Support" ? { ...one, targets: [{ queue: seed.QUEUES.Support.sid }] } : one)))), "chat-transfer-workflow", /offers it to those who are in it already/, { mends: true }],
  ["a workflow is deleted", () => rest("DELETE", `${WORKSPACE}/Workflows/${TRANSFERS}`), "chat-transfer-workflow", /does not exist in this workspace/, { mends: true }],
  ["conversations come in nowhere", () => workflow(seed.INBOUND_WORKFLOW_SID, { Configuration: JSON.stringify({ task_routing: { filters: [] } }) }), "inbound-workflow", /TaskRouter cancels it/],
  ["the queue of everybody is for some", () => rest("POST", `${WORKSPACE}/TaskQueues/${EVERYONE}`, { TargetWorkers: "routing.skills HAS 'all'" }).then(() => rest("POST", `${WORKSPACE}/TaskQueues/${seed.OUTBOUND_QUEUE_SID}`, { TargetWorkers: "routing.skills HAS 'out'" })), "queue-everyone", /no queue takes every agent/, { also: ["internal-call-workflow", "chat-transfer-workflow"] }],
  ["no task channel for chats", () => rest("DELETE", `${WORKSPACE}/TaskChannels/chat`), "task-channels", /missing: chat/, { mends: true }],
  ["the queue of dialled calls is deleted", async () => {
    await workflow(seed.OUTBOUND_WORKFLOW_SID, routing([]));
    for (const sid of [CALLS, TRANSFERS]) await workflow(sid, routing((await filtersOf(sid)).filter((one) => one.filter_friendly_name !== "Queue Outbound")));
    await configure({ outbound_call_flows: { default: { workflow_sid: seed.OUTBOUND_WORKFLOW_SID, queue_sid: EVERYONE, caller_id: seed.CALLER_ID } } });
    await rest("DELETE", `${WORKSPACE}/TaskQueues/${seed.OUTBOUND_QUEUE_SID}`);
  }, "outbound-queue", /does not exist/],
  ["no event callback", () => rest("POST", WORKSPACE, { EventCallbackUrl: "" }), "event-callback", /tells nobody/, { mends: true }],
  ["the event callback of another", () => rest("POST", WORKSPACE, { EventCallbackUrl: "https://other.example.com/x" }), "event-callback", /calls https:\/\/other\.example\.com, not the Worker/, { mends: true }],
  ["an event callback for other events", () => rest("POST", WORKSPACE, { EventsFilter: "task.created, task.canceled" }), "event-callback", /not told of task\.deleted/, { mends: true }],
  ["one task at a time", () => rest("POST", WORKSPACE, { MultiTaskEnabled: "false" }), "workspace", /one task at a time/],
  ["no outbound flow", () => configure({ outbound_call_flows: null }), "outbound-flow", /agents cannot call/, { mends: true }],
  ["the outbound flow is off", () => configure({ outbound_call_flows: { default: { enabled: false } } }), "outbound-flow", /switched off/],
  ["the outbound flow leads nowhere", () => configure({ outbound_call_flows: { default: { workflow_sid: `WW${"9".repeat(32)}`, queue_sid: EVERYONE } } }), "outbound-flow", /its workflow_sid WW9+ does not exist/, { mends: true }],
  ["Flex's caller ID is somebody's number", () => configure({ outbound_call_flows: { default: { workflow_sid: seed.OUTBOUND_WORKFLOW_SID, queue_sid: EVERYONE, caller_id: "+15551110000" } } }), "caller-id", /Flex's default is neither a number of the account nor verified/],
  ["the caller ID is somebody's number", () => write({ ...complete(), TWILIO_FLEX_CALLER_ID: "+15551110000" }), "caller-id", /TWILIO_FLEX_CALLER_ID is neither/],
  ["the TwiML App asks another", () => rest("POST", `${ACCOUNT}/Applications/${seed.INTERNAL_CALL_APP_SID}.json`, { VoiceUrl: "https://other.example.com/voice" }), "application", /not the Worker's/, { mends: true }],
  ["the TwiML App asks with GET", () => rest("POST", `${ACCOUNT}/Applications/${seed.INTERNAL_CALL_APP_SID}.json`, { VoiceMethod: "GET" }), "application", /called with GET/, { mends: true }],
  ["the TwiML App is deleted", () => rest("DELETE", `${ACCOUNT}/Applications/${seed.INTERNAL_CALL_APP_SID}.json`), "application", /does not exist/, { mends: true }],
  ["another chat service is the default", () => rest("POST", "/conversations/v1/Configuration", { DefaultChatServiceSid: `IS${"e".repeat(32)}` }), "conversations-service", /is not Flex's/],
  ["the chat service of the settings is another", () => write({ ...complete(), TWILIO_CONVERSATIONS_SERVICE_SID: `IS${"e".repeat(32)}` }), "conversations-service", /is not Flex's service/],
  ["an address with a GET", () => address({ "AutoCreation.WebhookMethod": "get" }), "addresses", /has to be a POST/, { mends: true }],
  ["an address for other events", () => address({ "AutoCreation.WebhookFilters": "onParticipantAdded" }), "addresses", /not told of onMessageAdded/, { mends: true }],
  ["webchat goes to Studio", () => address({ "AutoCreation.Type": "studio", "AutoCreation.StudioFlowSid": `FW${"1".repeat(32)}` }), "webchat", /do not reach the Worker/, { mends: true }],
  ["webchat's address is deleted", () => rest("DELETE", `${ADDRESSES}/${seed.WEBCHAT_ADDRESS_SID}`), "webchat", /does not exist/, { mends: true }],
  ["webchat without origins", () => write({ ...complete(), ALLOWED_ORIGINS: "" }), "webchat", /ALLOWED_ORIGINS is missing/],
  ["the customer site's origin, and not Flex's", () => write({ ...complete(), ALLOWED_ORIGINS: "https://www.example.com" }), "origins", /lacks https:\/\/flex\.twilio\.com/],
  ["a misspelt setting", () => write({ ...complete(), TWILIO_FLEX_CALLERID: "+1" }), "settings", /TWILIO_FLEX_CALLERID: no such setting/],
  ["a SID of another kind", () => write({ ...complete(), TWILIO_FLEX_OUTBOUND_QUEUE_SID: seed.WORKSPACE_SID }), "settings", /TWILIO_FLEX_OUTBOUND_QUEUE_SID is no WQ… SID/, { also: ["outbound-queue"] }],
  ["half an API key", () => write({ ...complete(), TWILIO_API_SECRET: "" }), "api-key", /TWILIO_API_SECRET is missing/, { also: ["webchat"] }],
  ["the workspace is not Flex's", () => configure({ taskrouter_workspace_sid: `WS${"9".repeat(32)}` }), "workspace", /is not the workspace of Flex/],
];

describe("a healthy account", () => {
  test("nothing is ✖, and nothing is changed", async () => {
    healthy();
    const found = await examine();
    assert.deepEqual(badOnes(found), []);
    assert.equal(found.credentials.state, "good");
    assert.deepEqual(writes(), []);
  });
});

describe("what is broken is found", () => {
  for (const [what, broken, id, words, { also = [], mends = false } = {}] of BREAKS) {
    test(`${what}${mends ? ", and mended by what is named" : ""}`, async () => {
      healthy();
      await broken();
      const found = await examine();
      assert.match(found[id].message, words);
      assert.deepEqual(badOnes(found).sort(), [id, ...also].sort());
      assert.ok(found[id].mend, "nothing is said to mend it");
      const command = /npm run provision(?: -- (?<flags>.*))?$/.exec(found[id].mend);
      if (!mends) return;
      const flags = (command.groups.flags ?? "").split(" ");
      const after = (flag) => (flags.includes(flag) ? [flags[flags.indexOf(flag) + 1]] : []);
      const has = (flag) => flags.includes(flag);
      assert.deepEqual(await provide({ takeOver: has("--take-over"), webchat: has("--webchat"), nativeCalls: has("--native-calls"), address: after("--address") }), []);
      assert.deepEqual(badOnes(await examine()), []);
    });
  }
});

describe("what Twilio does not tell", () => {
  test("wrong credentials: said once, and nothing else is asked", async () => {
    write({ ...credentials(), TWILIO_AUTH_TOKEN: "0".repeat(32) });
    const found = await examine();
    assert.deepEqual(badOnes(found), ["credentials"]);
    assert.match(found.workspace.message, /the credentials come first/);
    write({ TWILIO_API_BASE: twilio.url, WORKER_URL: WORKER });
    assert.match((await examine()).credentials.message, /TWILIO_ACCOUNT_SID is missing/);
  });

  test("with an API key alone everything but the auth token is checked", async () => {
    healthy();
    write({ ...complete(), TWILIO_AUTH_TOKEN: "" });
    const found = await examine();
    assert.deepEqual(badOnes(found), []);
    assert.deepEqual([found.credentials.state, found.workspace.state], ["none", "good"]);
  });

  for (const [fault, words] of [["403", /may not do this \(403/], ["429", /wait a minute/], ["500", /Twilio answers 500/], ["lost-before", /no answer/]]) {
    test(`a list that is answered with ${fault}: its checks say so, the others go on`, async () => {
      healthy();
      twilio.addFault({ operationId: "ListTaskQueue", times: 0, fault });
      twilio.addFault({ operationId: "ListApplication", times: 0, fault });
      const found = await examine();
      for (const id of ["queue-everyone", "internal-call-workflow", "application"]) assert.match(found[id].message, words, id);
      for (const id of ["workspace", "task-channels", "caller-id", "webchat"]) assert.equal(found[id].state, "good", id);
      assert.ok(found["queue-everyone"].mend);
    });
  }

  test("faults in passing are not noticed", async () => {
    healthy();
    twilio.addFault({ operationId: "ListTaskQueue", times: 2, fault: "429" });
    twilio.addFault({ operationId: "ListWorkflow", times: 2, fault: "503" });
    twilio.addFault({ operationId: "ListConfigurationAddress", times: 2, fault: "lost-before" });
    assert.deepEqual(badOnes(await examine()), []);
  });
});

describe("the table", () => {
  test("signs, what mends it, and the exit status", async () => {
    healthy();
    await rest("POST", WORKSPACE, { EventCallbackUrl: "" });
    const { status, output } = await run("doctor");
    assert.equal(status, 1);
    assert.match(output, /✖ event callback +TaskRouter tells nobody.*\n +→ npm run provision -- --settings \S+\n/);
    assert.match(output, /✔ workspace/);
    assert.match(output, /\d+ ✔ {2}2 ✖/);
  });

  test("for machines", async () => {
    healthy();
    const { status, output } = await run("doctor", ["--json"]);
    const report = JSON.parse(output);
    assert.deepEqual([status, report.success, report.worker, report.account], [1, false, WORKER, seed.ACCOUNT_SID]);
    const health = report.checks.find(({ id }) => id === "health");
    assert.deepEqual(health, { group: "Worker", id: "health", title: "health", state: "bad", message: `${WORKER} does not answer`, mend: "npm run deploy" });
    assert.ok(report.checks.every(({ id, state }) => state !== "bad" || id === "health"));
  });

  test("an option that is not known, and help", async () => {
    const wrong = await run("doctor", ["--josn"]);
    assert.deepEqual([wrong.status, /Unknown option '--josn'/.test(wrong.output)], [1, true]);
    const help = await run("doctor", ["--help"]);
    assert.deepEqual([help.status, /--json/.test(help.output)], [0, true]);
  });
});
