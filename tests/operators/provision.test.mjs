// `npm run provision`: an empty account, a half-made one, somebody else's things, missing rights, and lost answers.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";

import { ACCOUNT, ADDRESSES, badOnes, complete, configure, credentials, EVERYONE, examine, FLEX, now, provide, rest, run, seed, settings, twilio, WORKER, WORKSPACE, write, writes, file } from "./stage.mjs";

const EVERYTHING = { plugin: true, webchat: true, nativeCalls: true, address: ["+15550008888"] };
const ALL = ["--plugin", "--webchat", "--native-calls", "--address", "+15550008888"];
const provision = (...args) => run("provision", ["--yes", ...args]);
const listed = async (path, key) => (await rest("GET", path))[key];
const workflows = () => listed(`${WORKSPACE}/Workflows`, "workflows");
const routingOf = async (sid) => JSON.parse((await rest("GET", `${WORKSPACE}/Workflows/${sid}`)).configuration).task_routing;

/** Who is offered a task in this workflow. */
function offered(workflowSid, attributes) {
  const { sid } = twilio.createTask({ workflowSid, attributes });
  return twilio.task(sid).reservations.map(({ worker }) => worker);
}

describe("an empty account", () => {
  test("the dry run shows every request and sends none", async () => {
    twilio.freshAccount();
    write(credentials());
    const { status, output } = await run("provision", ["--dry-run", ...ALL]);
    assert.equal(status, 0, output);
    for (const part of ["/Workflows", "/Configuration", "/Applications.json", "/Addresses", "/PluginService/Plugins", "/Versions", "/Releases", "EventsFilter=task.created,"]) assert.ok(output.includes(part), part);
    assert.deepEqual(writes(), []);
    assert.deepEqual(settings(), credentials());
  });

  test("everything is made, tasks find their agents, and a second run changes nothing", async () => {
    twilio.freshAccount();
    write(credentials());
    const { status, output } = await provision(...ALL);
    assert.equal(status, 0, output);
    const made = settings();
    assert.equal((await workflows()).length, 4);
    for (const name of ["INTERNAL_CALL", "CHAT_TRANSFER", "OUTBOUND"]) assert.match(made[`TWILIO_FLEX_${name}_WORKFLOW_SID`], /^WW[0-9a-f]{32}$/);
    assert.equal(made.TWILIO_FLEX_INBOUND_WORKFLOW_SID, seed.INBOUND_WORKFLOW_SID);
    const call = { client_call: true, to: "client:bob", targetWorker: "client:bob", internal: "true" };
    assert.deepEqual(offered(made.TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID, call), ["bob"]);
    const native = { internal_call: "native", worker_sid: seed.WORKERS.carol.sid };
    assert.deepEqual(offered(made.TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID, native), ["carol"]);
    const transfer = { transferTargetType: "worker", transferTargetSid: seed.WORKERS.dave.sid, workerSidsInConversation: [seed.WORKERS.alice.sid] };
    assert.deepEqual(offered(made.TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID, transfer), ["dave"]);
    const workspace = await rest("GET", WORKSPACE);
    assert.equal(workspace.event_callback_url, `${WORKER}/taskrouter/events`);
    const addresses = await listed(ADDRESSES, "address_configurations");
    assert.deepEqual(addresses.map(({ type }) => type), ["chat", "sms"]);
    for (const { auto_creation: auto } of addresses) assert.equal(auto.webhook_url, `${WORKER}/conversations/inbound`);
    const [app] = await listed(`${ACCOUNT}/Applications.json`, "applications");
    assert.deepEqual([app.sid, app.voice_url], [made.TWILIO_FLEX_INTERNAL_CALL_APP_SID, `${WORKER}/voice/internal-call`]);

    const [before, since] = [readFileSync(file, "utf8"), now()];
    const again = await provision(...ALL);
    assert.equal(again.status, 0, again.output);
    assert.match(again.output, /Nothing is missing\./);
    assert.deepEqual(writes(since), []);
    assert.equal(readFileSync(file, "utf8"), before);
    write({ ...made, ALLOWED_ORIGINS: "https://flex.twilio.com,https://www.example.com", TWILIO_API_KEY: seed.API_KEY, TWILIO_API_SECRET: seed.API_SECRET });
    assert.deepEqual(badOnes(await examine()), []);
  });

  test("without the Worker's address, what needs it is left for later", async () => {
    twilio.freshAccount();
    const { WORKER_URL: _, ...early } = credentials();
    write(early);
    const { status, output } = await provision("--plugin", "--webchat");
    assert.equal(status, 0, output);
    assert.match(output, /event callback stays as it is: the Worker's address is not known yet/);
    assert.equal((await rest("GET", WORKSPACE)).event_callback_url, null);
    assert.deepEqual(writes().filter((operation) => /Plugin|Address/.test(operation)), []);
    await provision("--webchat", "--url", "https://edge.example.com/");
    assert.equal((await rest("GET", WORKSPACE)).event_callback_url, "https://edge.example.com/taskrouter/events");
  });
});

describe("settings", () => {
  test("comments, order and foreign lines stay; SIDs go where they belong", async () => {
    twilio.freshAccount();
    const text = `# Ours, since 2024
export TWILIO_ACCOUNT_SID="${seed.ACCOUNT_SID}"   # the main account
TWILIO_AUTH_TOKEN='${seed.AUTH_TOKEN}'
TWILIO_API_BASE=${twilio.url}
# The workflow of calls among us
TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID=   # ask Ana before changing it
DEFAULT_COUNTRY=BR`;
    writeFileSync(file, text);
    assert.equal((await provision()).status, 0);
    const after = readFileSync(file, "utf8");
    const lines = after.split("\n");
    assert.deepEqual(lines.slice(0, 5), text.split("\n").slice(0, 5));
    assert.match(lines[5], /^TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID=WW[0-9a-f]{32} {3}# ask Ana before changing it$/);
    assert.equal(lines[6], "DEFAULT_COUNTRY=BR");
    assert.match(after, /\nTWILIO_FLEX_WORKSPACE_SID=WS0{31}1\n/);
  });

  test("a file that is not there is made from the example, for its owner alone", async () => {
    twilio.freshAccount();
    assert.ok(!existsSync(file));
    const { status, output } = await run("provision", ["--yes"], { env: credentials() });
    assert.equal(status, 0, output);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, "utf8"), /^TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID=WW[0-9a-f]{32}$/m);
  });

  test("nobody who says yes, a misspelt setting, a workspace of another account: nothing happens", async () => {
    twilio.freshAccount();
    write(credentials());
    const asked = await run("provision");
    assert.deepEqual([asked.status, /Nobody is there to ask/.test(asked.output)], [1, true]);
    write({ ...credentials(), TWILIO_FLEX_WORKFLOW: "WW1" });
    assert.match((await provision()).output, /no such setting: TWILIO_FLEX_WORKFLOW/);
    write({ ...credentials(), TWILIO_FLEX_WORKSPACE_SID: `WS${"9".repeat(32)}` });
    assert.match((await provision()).output, /does not exist in this account; Flex uses WS/);
    assert.deepEqual(writes(), []);
  });
});

describe("a half-made account", () => {
  test("what is there under our names is taken up, and only the rest is made", async () => {
    twilio.freshAccount();
    write(credentials());
    await provide();
    const kept = settings();
    write(credentials());
    await rest("DELETE", `${WORKSPACE}/Workflows/${kept.TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID}`);
    const since = now();
    assert.equal((await provision()).status, 0);
    assert.deepEqual(writes(since), ["CreateWorkflow"]);
    const { TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID: fresh, ...rest_ } = settings();
    const { TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID: gone, ...same } = kept;
    assert.deepEqual(rest_, same);
    assert.notEqual(fresh, gone);
  });

  test("a new queue gets its filters, and filters that an operator has changed stay", async () => {
    twilio.freshAccount();
    write(credentials());
    await provide();
    const sid = settings().TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID;
    const routing = await routingOf(sid);
    routing.filters.at(-1).targets[0].timeout = 20;
    routing.filters.push({ filter_friendly_name: "Mine", expression: "vip == true", targets: [{ queue: EVERYONE }] });
    await rest("POST", `${WORKSPACE}/Workflows/${sid}`, { Configuration: JSON.stringify({ task_routing: routing }) });
    const queue = await rest("POST", `${WORKSPACE}/TaskQueues`, { FriendlyName: "L'équipe", TargetWorkers: "1==1" });
    const since = now();
    assert.equal((await provision()).status, 0);
    assert.deepEqual(writes(since), ["UpdateWorkflow", "UpdateWorkflow"]);
    const after = await routingOf(sid);
    assert.deepEqual(after.filters.slice(1), routing.filters);
    assert.deepEqual(after.filters[0].targets[0].queue, queue.sid);
    assert.equal(after.filters[0].expression, `callToQueue == "L'équipe"`);
  });

  test("the queue of all agents and a task channel are made when they are gone", async () => {
    twilio.freshAccount();
    await rest("POST", `${WORKSPACE}/TaskQueues/${EVERYONE}`, { FriendlyName: "Main", TargetWorkers: "routing.skills HAS 'main'" });
    await rest("DELETE", `${WORKSPACE}/TaskChannels/sms`);
    write(credentials());
    assert.deepEqual(await provide(), []);
    const queues = await listed(`${WORKSPACE}/TaskQueues`, "task_queues");
    const everyone = queues.find(({ friendly_name: name }) => name === "Everyone");
    assert.equal((await routingOf(settings().TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID)).default_filter.queue, everyone.sid);
    assert.deepEqual(badOnes(await examine()), []);
  });
});

describe("what somebody else has set", () => {
  const FOREIGN = { filter_friendly_name: "VIP", expression: "1==1", targets: [{ queue: EVERYONE, priority: 5000 }] };

  test("a foreign workflow is shown and left alone; --take-over puts our filters in front of theirs", async () => {
    const sid = seed.INTERNAL_CALL_WORKFLOW_SID;
    await rest("POST", `${WORKSPACE}/Workflows/${sid}`, { Configuration: JSON.stringify({ task_routing: { filters: [FOREIGN] } }) });
    twilio.connect({ url: WORKER });
    write(complete());
    const since = now();
    const careful = await provision();
    assert.match(careful.output, /workflow "Internal call" stays as it is: .*offers it to other agents too.*--take-over/);
    assert.deepEqual(writes(since), []);
    assert.equal((await provision("--take-over")).status, 0);
    const { filters, ...more } = await routingOf(sid);
    assert.deepEqual([filters.at(-1), more], [FOREIGN, {}]);
    const call = { client_call: true, to: "client:bob", targetWorker: "client:bob" };
    assert.deepEqual(offered(sid, call), ["bob"]);
    assert.equal(filters.find(({ expression }) => expression === "client_call == true").targets[0].priority, 5000);
    assert.match((await provision("--take-over")).output, /Nothing is missing/);
  });

  test("event callback, address, TwiML App and outbound flow of others", async () => {
    const elsewhere = "https://other.example.com/hook";
    await rest("POST", WORKSPACE, { EventCallbackUrl: elsewhere });
    await rest("POST", `${ADDRESSES}/${seed.WEBCHAT_ADDRESS_SID}`, { "AutoCreation.Enabled": "true", "AutoCreation.Type": "studio", "AutoCreation.StudioFlowSid": `FW${"1".repeat(32)}` });
    await rest("POST", `${ACCOUNT}/Applications/${seed.INTERNAL_CALL_APP_SID}.json`, { VoiceUrl: elsewhere });
    const flow = { enabled: false, workflow_sid: seed.OUTBOUND_WORKFLOW_SID, queue_sid: `WQ${"9".repeat(32)}`, caller_id: seed.CALLER_ID, mine: 1 };
    await configure({ outbound_call_flows: { default: flow, second: { enabled: true } } });
    write(complete());
    const since = now();
    const careful = await provision();
    assert.equal(careful.status, 0);
    for (const what of [/event callback stays/, /address IG\w+ stays.*Studio flow/, /TwiML App "Internal calls" stays/, /outbound calls in Flex stays/]) assert.match(careful.output, what);
    assert.deepEqual(writes(since), []);
    assert.equal((await provision("--take-over")).status, 0);
    assert.deepEqual(writes(since).sort(), ["UpdateApplication", "UpdateConfiguration", "UpdateConfigurationAddress", "UpdateWorkspace"]);
    const { default: ours, second } = (await rest("GET", FLEX)).outbound_call_flows;
    assert.deepEqual(second, { enabled: true });
    assert.deepEqual([ours.enabled, ours.queue_sid, ours.caller_id, ours.mine], [true, seed.OUTBOUND_QUEUE_SID, seed.CALLER_ID, 1]);
    assert.deepEqual(badOnes(await examine()), []);
  });

  test("the plugins that are released already stay released, each in its version", async () => {
    const root = "/flex-api/v1/PluginService";
    const other = await rest("POST", `${root}/Plugins`, { UniqueName: "plugin-theirs" });
    const version = await rest("POST", `${root}/Plugins/${other.sid}/Versions`, { Version: "2.0.0", PluginUrl: "https://example.com/theirs.js" });
    const theirs = await rest("POST", `${root}/Configurations`, { Name: "theirs", Plugins: JSON.stringify({ plugin_version: version.sid, phase: 2 }) });
    await rest("POST", `${root}/Releases`, { ConfigurationId: theirs.sid });
    twilio.connect({ url: WORKER });
    write(complete());
    assert.equal((await provision("--plugin")).status, 0);
    const active = async () => {
      const { configuration_sid: sid } = await rest("GET", `${root}/Releases/Active`);
      return (await rest("GET", `${root}/Configurations/${sid}/Plugins`)).plugins.map((one) => [one.unique_name, one.version, one.phase, one.plugin_url]);
    };
    const [kept, ours] = await active();
    assert.deepEqual(kept, ["plugin-theirs", "2.0.0", 2, "https://example.com/theirs.js"]);
    assert.deepEqual([ours[0], ours[3]], ["plugin-flex-edge", `${WORKER}/plugin/flex-edge.js`]);
    const since = now();
    assert.match((await provision("--plugin")).output, /Nothing is missing/);
    assert.deepEqual(writes(since), []);
    // Another address is another version.
    await rest("POST", WORKSPACE, { EventCallbackUrl: "" });
    assert.equal((await provision("--plugin", "--take-over", "--url", "https://edge.example.com")).status, 0);
    assert.deepEqual((await active())[1].slice(0, 2), ["plugin-flex-edge", `${ours[1]}-1`]);
  });
});

describe("faults", () => {
  const WRITES = ["CreateWorkflow", "UpdateConfiguration", "CreateApplication", "UpdateWorkspace", "CreateConfigurationAddress", "CreatePlugin", "CreatePluginVersion", "CreatePluginConfiguration", "CreatePluginRelease"];
  const counts = async () => [
    (await workflows()).length,
    (await listed(`${ACCOUNT}/Applications.json`, "applications")).length,
    (await listed(ADDRESSES, "address_configurations")).length,
    ...(await Promise.all(["Plugins:plugins", "Configurations:configurations", "Releases:releases"].map(async (pair) => (await listed(`/flex-api/v1/PluginService/${pair.split(":")[0]}`, pair.split(":")[1])).length))),
  ];
  const ONCE = [4, 1, 2, 1, 1, 1];

  for (const fault of ["lost-before", "lost-after", "503", "429"]) {
    test(`every write fails once with ${fault}: all is made, and nothing twice`, async () => {
      twilio.freshAccount();
      write(credentials());
      for (const operationId of WRITES) twilio.addFault({ operationId, fault });
      assert.deepEqual(await provide(EVERYTHING), []);
      assert.ok(twilio.listFaults().faults.every(({ applied }) => applied === 1));
      // A release that is made twice does no harm, but its answer was lost and Twilio lists it: once.
      assert.deepEqual(await counts(), ONCE);
    });
  }

  test("reads fail in passing: nothing is noticed", async () => {
    twilio.freshAccount();
    write(credentials());
    for (const operationId of ["ListWorkflow", "ListTaskQueue", "FetchWorkspace"]) {
      twilio.addFault({ operationId, fault: "lost-before", times: 2 });
      twilio.addFault({ operationId, fault: "503", nth: 3 });
    }
    assert.deepEqual(await provide(), []);
  });

  test("the connection is gone in the middle: what was made is kept, the next run makes the rest", async () => {
    twilio.freshAccount();
    write(credentials());
    twilio.addFault({ operationId: "CreateWorkflow", nth: 2, times: 0, fault: "lost-before" });
    const first = await provision(...ALL);
    assert.equal(first.status, 1, first.output);
    assert.match(first.output, /not done:\n.*flex-edge: transfers/);
    assert.match(settings().TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID, /^WW/);
    twilio.removeFault();
    const second = await provision(...ALL);
    assert.equal(second.status, 0, second.output);
    assert.deepEqual(await counts(), ONCE);
  });

  test("no write is ever answered: what took effect is seen, and taken up", async () => {
    twilio.freshAccount();
    write(credentials());
    twilio.addFault({ method: "POST", times: 0, fault: "lost-after" });
    const { status, output } = await provision(...ALL);
    assert.equal(status, 0, output);
    twilio.removeFault();
    assert.deepEqual(await counts(), ONCE);
    assert.match((await provision(...ALL)).output, /Nothing is missing/);
  });

  test("a missing right is named; what does not need it is made", async () => {
    twilio.freshAccount();
    write({ ...credentials(), TWILIO_API_KEY: seed.API_KEY, TWILIO_API_SECRET: seed.API_SECRET });
    twilio.addFault({ operationId: "CreateWorkflow", times: 0, fault: "403" });
    const { status, output } = await provision();
    assert.equal(status, 1);
    assert.match(output, /✖ make the workflow "flex-edge: transfers".*may not do this \(403/);
    assert.match(output, /✖ set up outbound calls in Flex.*needs what could not be made/);
    assert.equal((await rest("GET", WORKSPACE)).event_callback_url, `${WORKER}/taskrouter/events`);
    twilio.removeFault();
    assert.equal((await provision()).status, 0);
    assert.equal((await workflows()).length, 4);
  });

  test("too many requests for long: it stops, says so, and goes on the next time", async () => {
    twilio.freshAccount();
    write(credentials());
    twilio.addFault({ operationId: "CreateWorkflow", times: 0, fault: "429", retryAfter: 1 });
    const { status, output } = await provision();
    assert.equal(status, 1);
    assert.match(output, /wait a minute and run this again/);
    assert.deepEqual(writes().filter((operation) => operation !== "CreateWorkflow"), []);
    twilio.removeFault();
    assert.equal((await provision()).status, 0);
  });

  test("the account cannot be read: nothing is changed", async () => {
    twilio.freshAccount();
    write({ ...credentials(), TWILIO_AUTH_TOKEN: "0".repeat(32) });
    const { status, output } = await provision();
    assert.equal(status, 1);
    assert.match(output, /cannot be read: Twilio refuses the credentials \(401/);
    assert.deepEqual(writes(), []);
  });
});
