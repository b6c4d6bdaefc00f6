// How many answers of Twilio each flow has to wait for, one after the other: Twilio is made
// slow, and the time that a flow takes is divided by the time that one answer takes. What
// this Worker itself needs disappears in the division. The figures stand in the README.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { root } from "../../dev/setup.mjs";
import { startEdge } from "./edge.mjs";

const LATENCY = 500; // milliseconds; a flow's own work has to stay below
const VOICE = "/common/flex/programmable-voice";
const TASKROUTER = "/common/flex/taskrouter";

let edge;
let twilio;
before(async () => {
  edge = await startEdge({ vars: { DEFAULT_COUNTRY: "BR" } });
  twilio = edge.twilio;
});
after(async () => {
  await edge?.stop();
});

const found = []; // [flow, calls, round trips]

// Runs `work` with a slow Twilio; `span` finds the webhook that is timed, unless that is `work`
// itself. The number of calls is what the Worker's log says.
async function measure(flow, most, work, span) {
  await twilio.settle();
  const logged = edge.worker.lines.length;
  const since = twilio.journal({}).entries.at(-1)?.seq ?? 0;
  twilio.setOptions({ latencyMs: LATENCY });
  let started = performance.now();
  const answer = await work();
  let ended = performance.now();
  if (span) {
    const entry = await until(() => twilio.journal({ kind: "webhook", since }).entries.find((e) => span(e) && e.endedAt), flow);
    assert.equal(entry.status, 200, flow);
    [started, ended] = [entry.startedAt, entry.endedAt];
  } else {
    assert.ok(answer.status < 300, `${flow}: ${JSON.stringify(answer)}`);
  }
  twilio.setOptions({ latencyMs: 0 });
  const path = span ? "/voice/call-outbound-join" : answer.path;
  const logs = () => edge.worker.lines.slice(logged).filter((line) => line.includes(`"route":"${path}"`));
  const lines = await until(() => logs().length > 0 && logs(), `the log of ${path}`);
  const calls = Math.max(...lines.map((line) => JSON.parse(line.slice(line.indexOf("{"))).twilioCalls));
  const trips = Math.floor((ended - started) / LATENCY);
  // No flow can have waited for more answers than it asked for.
  assert.ok(trips <= calls, `${flow}: ${trips} round trips, ${calls} calls`);
  assert.ok(trips <= most, `${flow}: ${trips} round trips, not ${most}`);
  found.push([flow, calls, trips]);
  return answer;
}

const ask = async (path, name, fields) => ({ ...(await edge.post(path, name, fields)), path });

async function until(check, what, time = 15_000) {
  const end = Date.now() + time;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// An agent whose token this Worker has seen just now.
async function agent(name, roles) {
  const worker = await twilio.addWorker({ name, roles });
  await edge.post(`${TASKROUTER}/get-queues`, name);
  return worker;
}

const calleeOf = async (caller) =>
  (await twilio.state()).tasks.find((task) => task.attributes.conferenceSid === caller && task.reservations.length > 0);

test("internal call", async () => {
  await agent("caller");
  await agent("callee");
  const place = () => twilio.internalCall({ from: "caller", to: "callee", dialect: "IL", base: `${edge.url}/voice` });
  const call = await measure("internal call: somebody enters", 3, place, (entry) => entry.event === "participant-join");
  const callee = await until(() => calleeOf(call.taskSid), "the callee rings");
  const leg = await twilio.accept(callee.reservations[0].sid, { base: `${edge.url}/voice` });
  const hold = { conference: call.conferenceSid, participant: leg.callSid, hold: true };
  await measure("hold, in an internal call, by conference", 3, () => ask("/voice/hold-participant", "callee", hold));
  const byName = { ...hold, conference: call.taskSid, hold: false };
  await measure("hold, in an internal call, by task", 3, () => ask("/voice/hold-participant", "callee", byName));
  await measure("internal call: the end", 3, () => twilio.hangup(leg.callSid), (entry) => entry.event === "conference-end");

  const second = await place();
  const declined = await until(() => calleeOf(second.taskSid), "the callee rings");
  await twilio.reject(declined.reservations[0].sid, { dialect: "IL" });
  const cleanUp = () => ask("/voice/cleanup-rejected-task", "callee", { taskSid: second.taskSid });
  await measure("internal call: declined", 3, cleanUp);
});

test("helpers", async () => {
  await agent("helper");
  await agent("supervisor", ["supervisor"]);
  const { conferenceSid, taskSid, callSid, customerCallSid } = await twilio.customerCall({ agent: "helper" });
  const room = { conference: conferenceSid, participant: customerCallSid };
  const helper = (path, fields) => () => ask(path, "helper", fields);
  const from = twilio.seed.CALLER_ID;
  await measure("hold a participant", 2, helper(`${VOICE}/hold-participant`, { ...room, hold: false }));
  await measure("mute a participant", 2, helper(`${VOICE}/mute-participant`, { ...room, muted: false }));
  await measure("end the conference on exit, or not", 2, helper(`${VOICE}/update-participant`, { ...room, endConferenceOnExit: true }));
  await measure("one's own call's properties", 1, helper(`${VOICE}/get-call-properties`, { callSid }));
  await measure("another's call's properties", 2, helper(`${VOICE}/get-call-properties`, { callSid: customerCallSid }));
  const added = await measure("add a participant", 2, helper(`${VOICE}/add-participant`, { taskSid: conferenceSid, to: "+17775550100", from }));
  const other = { conference: conferenceSid, participant: added.body.callSid };
  await measure("remove a participant", 2, helper(`${VOICE}/remove-participant`, other));
  const update = { taskSid, attributesUpdate: '{"seen":true}' };
  await measure("task attributes", 2, helper(`${TASKROUTER}/update-task-attributes`, update));
  await measure("task attributes, by a supervisor", 2, () => ask(`${TASKROUTER}/update-task-attributes`, "supervisor", update));
  await measure("queues", 1, helper(`${TASKROUTER}/get-queues`, {}));
});

test("internal chat", async () => {
  await agent("alice2");
  await agent("bob2");
  const alice = (path, fields) => () => ask(`/internal-chat/${path}`, "alice2", fields);
  await measure("agents' directory", 2, alice("list-agents", { search: "bo" }));
  await measure("open an internal chat", 3, alice("open", { participant: "bob2" }));
  await measure("open it again", 2, alice("open", { participant: "bob2" }));
  await measure("list the pins", 0, alice("list-pins", {}));
});

test("conversations change hands", async () => {
  for (const name of ["giver", "taker"]) await agent(name);
  const { workerSid } = await agent("target");
  const fields = (chat, more) => ({
    taskSid: chat.taskSid,
    conversationId: chat.taskSid,
    conversationSid: chat.conversationSid,
    jsonAttributes: JSON.stringify(twilio.task(chat.taskSid).attributes),
    transferTargetSid: workerSid,
    workersToIgnore: "{}",
    flexInteractionSid: chat.interactionSid,
    flexInteractionChannelSid: chat.channelSid,
    taskChannelUniqueName: "chat",
    ...more,
  });
  const invite = (chat, more) => () => ask("/features/conversation-transfer/flex/invite-participant", "giver", fields(chat, more));
  const cold = await twilio.chat({ agent: "giver" });
  await measure("cold transfer", 3, invite(cold, { removeFlexInteractionParticipantSid: cold.participantSid }));
  const warm = await twilio.chat({ agent: "giver", customer: "+15551230777" });
  await measure("warm transfer", 4, invite(warm, {}));
  const leave = { flexInteractionSid: warm.interactionSid, flexInteractionChannelSid: warm.channelSid, flexInteractionParticipantSid: warm.participantSid, conversationSid: warm.conversationSid };
  await measure("leave a conversation", 3, () => ask("/features/conversation-transfer/flex/remove-participant", "giver", leave));
});

test("dial", async () => {
  await agent("dialler");
  const { taskSid } = await twilio.chat({ agent: "dialler", customer: "+15551230778" });
  const callerId = twilio.seed.CALLER_ID;
  await measure("whom a dial would call", 2, () => ask("/resolve-dial", "dialler", { taskSid, callerId }));
  await measure("dial", 3, () => ask("/dial", "dialler", { taskSid, callerId, to: "11 99999-8888" }));
  await measure("dial again", 3, () => ask("/dial", "dialler", { taskSid, callerId, to: "11 99999-8888" }));
});

test("the README has the figures", () => {
  const rows = found.map(([flow, calls, trips]) => `| ${flow} | ${calls} | ${trips} |`);
  console.log(`${["| flow | Twilio calls | sequential round trips |", "|---|---|---|", ...rows].join("\n")}`);
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const section = readme.split("\n## Round trips\n")[1]?.split("\n## ")[0] ?? "";
  assert.deepEqual(section.split("\n").filter((line) => /^\| .* \| \d+ \| \d+ \|$/.test(line)), rows);
});
