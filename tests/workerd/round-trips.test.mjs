// How many answers of Twilio each flow has to wait for, one after the other. The figures stand in docs/benchmarks.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { root } from "../../dev/setup.mjs";
import { accept, customerCall, placedCall, ringing, VOICE } from "./calls.mjs";
import { conversation, inviteFields, leaveFields, park, parkedChat, T, takenChat, unpark } from "./chats.mjs";
import { pause, until, watch } from "./clock.mjs";
import { startEdge } from "./edge.mjs";
import { edge, ownNumber, somebody, twilio } from "./shared.mjs";
import { tripsOf } from "./trips.mjs";
import { refresh, start } from "./webchats.mjs";
import { WEBCHAT } from "./world.mjs";

const TASKROUTER = "/common/flex/taskrouter";

const found = []; // [flow, calls, round trips]
const long = []; // what takes more than it may

// `span` finds the webhook whose work is meant, unless that is `work` itself; `at` is another Twilio.
async function measure(flow, most, work, span, at = twilio) {
  const { answer, calls, trips } = await tripsOf(async (since) => {
    const answer = await work(since);
    if (!span) return answer;
    const deliveries = () => at.journal({ kind: "webhook", since }).entries;
    return { ...answer, ...(await until(() => deliveries().find((entry) => span(entry) && entry.endedAt !== null), flow)) };
  }, at);
  assert.ok(answer.status < 300, `${flow}: ${JSON.stringify(answer)}`);
  found.push([flow, calls, trips]);
  if (trips > most) long.push(`${flow}: ${trips} round trips, not ${most}`);
  return answer;
}

/** Waits for the answer to a request that is sent behind the Worker's own. */
const answered = (operationId, since, at) =>
  until(() => at.journal({ operationId, since }).entries.find(({ endedAt }) => endedAt !== null), operationId);

// Twilio tells this one of messages and events, and it has webchat.
const connected = await startEdge({ vars: WEBCHAT, twilio: { connected: true } });
const told = connected.twilio;
const openedChat = await start({ friendlyName: "Ana" }, { at: connected });
const sinceOpened = watch();

const ask = (path, { name }, fields) => edge.post(path, name, fields);

/** An agent whose token this Worker has seen just now. */
async function known(more) {
  const agent = somebody(more);
  await ask(`${TASKROUTER}/get-queues`, agent);
  return agent;
}

test("internal call", async () => {
  const isJoin = ({ event }) => event === "participant-join";
  const call = await measure("internal call: somebody enters", 3, () => placedCall(), isJoin);
  await ask(`${TASKROUTER}/get-queues`, call.callee);
  const { reservation } = await ringing(call);
  const leg = await accept(reservation);
  const hold = { conference: call.conferenceSid, participant: leg.callSid, hold: true };
  await measure("hold, in an internal call, by conference", 3, () => ask("/voice/hold-participant", call.callee, hold));
  const byName = { ...hold, conference: call.taskSid, hold: false };
  await measure("hold, in an internal call, by task", 3, () => ask("/voice/hold-participant", call.callee, byName));
  await measure("internal call: the end", 3, () => twilio.hangup(leg.callSid), ({ event }) => event === "conference-end");

  const second = await placedCall();
  await ask(`${TASKROUTER}/get-queues`, second.callee);
  const declined = await ringing(second);
  await twilio.reject(declined.reservation, { dialect: "IL" });
  await measure("internal call: declined", 5, () => ask("/voice/cleanup-rejected-task", second.callee, { taskSid: second.taskSid }));
});

test("helpers", async () => {
  const supervisor = await known({ roles: ["supervisor"] });
  const { agent, conferenceSid, taskSid, callSid, customerCallSid, from, number } = customerCall();
  await ask(`${TASKROUTER}/get-queues`, agent);
  const room = { conference: conferenceSid, participant: customerCallSid };
  const helper = (path, fields) => () => ask(path, agent, fields);
  await measure("hold a participant", 2, helper(`${VOICE}/hold-participant`, { ...room, hold: false }));
  await measure("mute a participant", 2, helper(`${VOICE}/mute-participant`, { ...room, muted: false }));
  await measure("end the conference on exit, or not", 2, helper(`${VOICE}/update-participant`, { ...room, endConferenceOnExit: true }));
  await measure("one's own call's properties", 2, helper(`${VOICE}/get-call-properties`, { callSid }));
  await measure("another's call's properties", 2, helper(`${VOICE}/get-call-properties`, { callSid: customerCallSid }));
  const added = await measure("add a participant", 2, helper(`${VOICE}/add-participant`, { taskSid: conferenceSid, to: number, from }));
  const other = { conference: conferenceSid, participant: added.body.callSid };
  await measure("remove a participant", 2, helper(`${VOICE}/remove-participant`, other));
  const update = { taskSid, attributesUpdate: '{"seen":true}' };
  await measure("task attributes", 2, helper(`${TASKROUTER}/update-task-attributes`, update));
  await measure("task attributes, by a supervisor", 2, () => ask(`${TASKROUTER}/update-task-attributes`, supervisor, update));
  await measure("queues", 1, helper(`${TASKROUTER}/get-queues`, {}));
});

test("internal chat", async () => {
  const [one, other] = [await known(), await known()];
  const asking = (path, fields) => () => ask(`/internal-chat/${path}`, one, fields);
  await measure("agents' directory", 2, asking("list-agents", { search: "bo" }));
  await measure("open an internal chat", 3, asking("open", { participant: other.name }));
  await measure("open it again", 2, asking("open", { participant: other.name }));
  await measure("list the pins", 0, asking("list-pins", {}));
});

test("conversations change hands", async () => {
  const chat = async () => {
    const it = takenChat();
    await ask(`${TASKROUTER}/get-queues`, it.agent);
    return it;
  };
  const [cold, warm] = [await chat(), await chat()];
  await measure("cold transfer", 4, () => ask(T.invite, cold.agent, inviteFields(cold, { cold: true })));
  await measure("warm transfer", 4, () => ask(T.invite, warm.agent, inviteFields(warm)));
  await measure("leave a conversation", 3, () => ask(T.remove, warm.agent, leaveFields(warm)));
});

test("conversations are parked and come back", async () => {
  const first = takenChat();
  await ask(`${TASKROUTER}/get-queues`, first.agent);
  assert.equal((await park(first)).status, 200); // makes the agent's list in Sync
  const chat = { ...first, ...twilio.chat({ agent: first.a }) };
  const { body } = await measure("park a conversation", 4, () => park(chat));
  await measure("bring it back by hand", 3, () => unpark(chat, { webhookSid: body.webhook.sid }));
  const rested = await parkedChat();
  const isOver = () => conversation(rested).webhooks === 0 && !conversation(rested).attributes.flexEdgeParked;
  const message = async (since) => {
    twilio.message({ conversationSid: rested.conversationSid });
    await until(isOver, "it is back");
    await answered("UpdateConversation", since, twilio);
    return answered("DeleteConversationScopedWebhook", since, twilio);
  };
  await measure("a customer's message brings it back, and nothing is left", 3, message);
});

test("customers write, and are on the web page", async () => {
  const message = (since) => {
    told.inbound({ from: ownNumber() });
    return answered("FetchInteractionChannel", since, told);
  };
  await measure("a customer's first message, until the Interaction stands", 3, message, undefined, told);
  await measure("start a webchat", 1, () => start({ friendlyName: "Ana" }, { at: connected }), undefined, told);
  const token = openedChat.body.token;
  await pause(Math.max(61_000 - sinceOpened(), 0)); // that the chat goes on is believed for a minute
  await measure("refresh a webchat's token", 1, () => refresh(token, { at: connected }), undefined, told);
  await measure("refresh it again", 0, () => refresh(token, { at: connected }), undefined, told);
  const event = () => told.emitEvent({ type: "worker.activity.update", worker: "alice" });
  await measure("an event of no interest", 0, event, ({ event: type }) => type === "worker.activity.update", told);
});

test("dial", async () => {
  const agent = await known();
  const { taskSid } = twilio.chat({ agent: agent.name });
  const callerId = twilio.seed.CALLER_ID;
  await measure("whom a dial would call", 2, () => ask("/resolve-dial", agent, { taskSid, callerId }));
  await measure("dial", 3, () => ask("/dial", agent, { taskSid, callerId, to: "11 99999-8888" }));
  await measure("dial again", 3, () => ask("/dial", agent, { taskSid, callerId, to: "11 99999-8888" }));
});

test("no flow waits longer than it may", () => assert.deepEqual(long, []));

test("docs/benchmarks.md has the figures", () => {
  const rows = found.map(([flow, calls, trips]) => `| ${flow} | ${calls} | ${trips} |`);
  const table = ["| flow | Twilio calls | sequential round trips |", "|---|---|---|", ...rows].join("\n");
  const document = readFileSync(join(root, "docs/benchmarks.md"), "utf8");
  assert.ok(document.includes(table), `the table should be\n${table}`);
});
