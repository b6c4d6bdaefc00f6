// Each endpoint that acts on somebody's call or chat, tried by those who have no part in it: a stranger, a former agent,
// one to whom it is only offered, and one who has written whatever they like into their own task's attributes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { customerCall, lookAt, placedCall, ringing, roomsOf, VOICE } from "./calls.mjs";
import { conversation, interaction, inviteFields, join, leaveFields, openInvites, payload, T, takenChat } from "./chats.mjs";
import { edge, somebody, twilio } from "./shared.mjs";

const TASKROUTER = "/common/flex/taskrouter";

// What an agent asks who acts on this call, or on this chat, as their own. `own` is a task that they really have.
const ON_A_CALL = {
  "hold-participant": (call) => [`${VOICE}/hold-participant`, { conference: call.conferenceSid, participant: call.customerCallSid, hold: true }],
  "hold-participant by task": (call) => [`${VOICE}/hold-participant`, { conference: call.taskSid, participant: call.customerCallSid, hold: true }],
  "hold-participant by participant": (call) => [`${VOICE}/hold-participant`, { participant: call.customerCallSid, hold: true }],
  "mute-participant": (call) => [`${VOICE}/mute-participant`, { conference: call.conferenceSid, participant: call.customerCallSid, muted: true }],
  "update-participant": (call) => [`${VOICE}/update-participant`, { conference: call.conferenceSid, participant: call.callSid, endConferenceOnExit: true }],
  "remove-participant": (call) => [`${VOICE}/remove-participant`, { conference: call.conferenceSid, participant: call.customerCallSid }],
  "add-participant": (call) => [`${VOICE}/add-participant`, { taskSid: call.conferenceSid, to: call.number, from: call.from }],
  "get-call-properties": (call) => [`${VOICE}/get-call-properties`, { callSid: call.customerCallSid }],
  "cold-transfer": (call) => [`${VOICE}/cold-transfer`, { callSid: call.customerCallSid, to: call.number, from: call.from }],
  "cleanup-rejected-task": (call) => ["/voice/cleanup-rejected-task", { taskSid: call.taskSid, conferenceSid: call.conferenceSid }],
  "update-task-attributes": (call) => [`${TASKROUTER}/update-task-attributes`, { taskSid: call.taskSid, attributesUpdate: '{"a":1}' }],
  ...Object.fromEntries(
    ["canceled", "wrapping", "completed"].map((status) => [
      `update-task-assignment-status ${status}`,
      (call) => [`${TASKROUTER}/update-task-assignment-status`, { taskSid: call.taskSid, assignmentStatus: status }],
    ]),
  ),
  dial: (call) => ["/dial", { taskSid: call.taskSid, to: call.number }],
  "resolve-dial": (call) => ["/resolve-dial", { taskSid: call.taskSid, to: call.number }],
};
const ON_A_CHAT = {
  "invite-participant, cold": (chat) => [T.invite, inviteFields(chat, { cold: true })],
  "invite-participant, warm": (chat) => [T.invite, inviteFields(chat)],
  "remove-participant": (chat) => [T.remove, leaveFields(chat)],
  "update-attributes": (chat) => [T.update, { conversationSid: chat.conversationSid, attributes: '{"a":1}' }],
  "update-task-attributes": (chat) => [`${TASKROUTER}/update-task-attributes`, { taskSid: chat.taskSid, attributesUpdate: '{"a":1}' }],
  "update-task-assignment-status": (chat) => [`${TASKROUTER}/update-task-assignment-status`, { taskSid: chat.taskSid, assignmentStatus: "completed" }],
  dial: (chat) => ["/dial", { taskSid: chat.taskSid }],
  "resolve-dial": (chat) => ["/resolve-dial", { taskSid: chat.taskSid }],
};

/** Everything that can be seen of a chat. */
const seen = (chat) => structuredClone({ it: interaction(chat), conversation: conversation(chat), task: twilio.task(chat.taskSid) });

/** A task that the agent has, with this in its attributes: they wrote it themselves. */
async function ownTask(agent, attributes) {
  const { sid } = twilio.createTask({ workflowSid: twilio.seed.INBOUND_WORKFLOW_SID, routingTarget: agent.workerSid });
  await twilio.accept(twilio.task(sid).reservations[0].sid);
  twilio.mergeTaskAttributes(sid, attributes);
  return sid;
}

/** All that says of a call that it is one's own, had one written it. */
const claims = (call) => ({
  client_call: true,
  internal: "true",
  to: "client:anybody",
  targetWorker: "client:anybody",
  call_sid: call.customerCallSid,
  conferenceSid: call.taskSid,
  conference: { sid: call.conferenceSid, friendlyName: call.taskSid, participants: { customer: call.customerCallSid, worker: call.callSid, taskSid: call.taskSid } },
});

async function refused(endpoints, who, thing, look) {
  const before = look(thing);
  for (const [name, request] of Object.entries(endpoints)) {
    const [path, fields] = request(thing);
    const { status, body } = await edge.post(path, who, fields);
    assert.equal(status, 403, `${name}: ${status} ${JSON.stringify(body)}`);
    assert.deepEqual(look(thing), before, `${name}: something has changed`);
  }
}

test("a stranger touches nobody's call and nobody's chat", async () => {
  const stranger = somebody().name;
  await refused(ON_A_CALL, stranger, customerCall(), lookAt);
  await refused(ON_A_CHAT, stranger, takenChat(), seen);
});

test("a stranger hands nobody's conversation over", async () => {
  const chat = takenChat();
  const before = seen(chat);
  const answer = await edge.postJson("/transferConversation", { ...payload(chat), Token: `a.flex.token.of.${somebody().name}` });
  assert.deepEqual([answer.status, answer.body.error], [403, answer.body.message]);
  assert.deepEqual(seen(chat), before);
});

test("what one writes into one's own task gives no power over somebody else's call", async () => {
  const call = customerCall();
  const agent = somebody();
  const own = await ownTask(agent, claims(call));
  await refused(ON_A_CALL, agent.name, call, lookAt);
  // Not by way of one's own task either.
  const before = lookAt(call);
  for (const [path, fields] of [
    ["/voice/cleanup-rejected-task", { taskSid: own }],
    ["/voice/cleanup-rejected-task", { taskSid: own, conferenceSid: call.conferenceSid }],
    [`${VOICE}/remove-participant`, { conference: own, participant: call.customerCallSid }],
    [`${VOICE}/cold-transfer`, { callSid: call.customerCallSid, to: call.number }],
  ]) {
    const { status } = await edge.post(path, agent.name, fields);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    assert.deepEqual(lookAt(call), before, path);
  }
});

test("what one writes into one's own task gives no power over somebody else's internal call", async () => {
  const call = await placedCall();
  await ringing(call);
  const agent = somebody();
  const own = await ownTask(agent, { ...claims(call), conferenceSid: call.taskSid, to: `client:${agent.name}` });
  for (const taskSid of [own, call.taskSid]) {
    const { status } = await edge.post("/voice/cleanup-rejected-task", agent.name, { taskSid });
    assert.equal(status, 403);
  }
  assert.equal(roomsOf(call.taskSid).length, 1, "the caller still waits for the callee");
  assert.equal(twilio.task(call.taskSid).assignment_status, "assigned");
});

test("what one writes into one's own task gives no power over somebody else's chat", async () => {
  const chat = takenChat();
  const agent = somebody();
  const { flexInteractionSid, flexInteractionChannelSid, conversationSid } = chat.taskAttributes;
  await ownTask(agent, { flexInteractionSid, flexInteractionChannelSid, conversationSid, workerSidsInConversation: [agent.workerSid], ignoreWorkerContactUri: agent.workerSid });
  await refused(ON_A_CHAT, agent.name, chat, seen);
});

test("a former agent of a chat touches it no more", async () => {
  const chat = takenChat();
  const handed = await edge.post(T.invite, chat.a, inviteFields(chat, { cold: true }));
  assert.equal(handed.status, 200, JSON.stringify(handed.body));
  const [invited] = openInvites(chat);
  const participantSid = await join(chat, chat.b, invited);
  // What is somebody else's now; the former agent's own task is done with.
  const now = { ...chat, participantSid, taskSid: invited.taskSid, aSid: chat.bSid, bSid: chat.cSid, b: chat.c };
  twilio.complete(chat.taskSid);
  await refused(ON_A_CHAT, chat.a, now, seen);
});

test("one to whom a chat is only offered does not act on it yet", async () => {
  const chat = takenChat();
  await edge.post(T.invite, chat.a, inviteFields(chat));
  const [invited] = openInvites(chat);
  await refused(ON_A_CHAT, chat.b, { ...chat, b: chat.c, bSid: chat.cSid }, seen);
  const offered = { ...chat, taskSid: invited.taskSid };
  const { dial, "resolve-dial": resolve, "update-task-attributes": attributes, "update-task-assignment-status": status } = ON_A_CHAT;
  await refused({ dial, resolve, attributes, status }, chat.b, offered, seen);
});

test("one to whom a customer's task is only offered neither writes to it nor ends it", async () => {
  const agent = somebody();
  const { sid } = twilio.createTask({ workflowSid: twilio.seed.INBOUND_WORKFLOW_SID, routingTarget: agent.workerSid });
  twilio.mergeTaskAttributes(sid, { direction: "outbound" });
  const look = ({ taskSid }) => structuredClone(twilio.task(taskSid));
  const { "update-task-attributes": attributes, ...all } = ON_A_CALL;
  const onTasks = Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith("update-task")));
  await refused({ attributes, ...onTasks }, agent.name, { taskSid: sid }, look);
});
