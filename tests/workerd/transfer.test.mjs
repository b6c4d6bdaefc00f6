// Conversations change hands: the peers' own requests, and every failure of every call on the way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "./edge.mjs";

const T = {
  invite: "/features/conversation-transfer/flex/invite-participant",
  remove: "/features/conversation-transfer/flex/remove-participant",
  update: "/common/flex/conversations/update-attributes",
};
const CL = {
  invite: "/conversation-transfer/invite-participant",
  remove: "/conversation-transfer/remove-participant",
  update: "/conversation-transfer/update-attributes",
};
const OPEN = ["pending", "reserved", "assigned"];
const FOREIGN = { survey: { deep: [1.5, { x: null }] }, note: "é\n\"" };

let edge;
let count = 0;
before(async () => void (edge = await startEdge()));
after(() => edge?.stop());

// A chat that `a` has taken, with nobody else's state in it; `b` may be invited.
function scene({ channel = "sms", dead = false, attributes = {} } = {}) {
  count += 1;
  const { twilio } = edge;
  const [a, b, c] = ["a", "b", "c"].map((name) => `${name}${count}`);
  const [aSid, bSid, cSid] = [a, b, c].map((name) => twilio.addWorker({ name, attributes: { contact_uri: `client:${name}` } }).workerSid);
  const invites = {};
  let deadSid;
  if (dead) {
    deadSid = twilio.createTask({ workflowSid: twilio.seed.INBOUND_WORKFLOW_SID, routingTarget: cSid }).sid;
    twilio.cancel(deadSid);
    invites[deadSid] = { invitesTaskSid: deadSid, targetSid: cSid };
  }
  const conversationAttributes = dead ? { ...FOREIGN, invites } : FOREIGN;
  const chat = twilio.chat({ agent: a, channel, attributes: { vip: true, ...attributes }, conversationAttributes });
  return { ...chat, a, b, c, aSid, bSid, cSid, deadSid, taskAttributes: twilio.task(chat.taskSid).attributes };
}

// As the T plugin asks; CL's leaves `taskChannelUniqueName` out.
const inviteFields = (s, { cold = false, target = s.bSid, queue, more } = {}) => ({
  taskSid: s.taskSid,
  conversationId: s.taskAttributes.conversations?.conversation_id ?? s.taskSid,
  conversationSid: s.conversationSid,
  jsonAttributes: JSON.stringify(s.taskAttributes),
  transferTargetSid: target,
  transferQueueName: queue ?? "",
  transferWorkerName: queue ? "" : s.b,
  workersToIgnore: JSON.stringify({ workerSidsInConversation: [s.aSid] }),
  flexInteractionSid: s.interactionSid,
  flexInteractionChannelSid: s.channelSid,
  removeFlexInteractionParticipantSid: cold ? s.participantSid : "",
  taskChannelUniqueName: "sms",
  ...more,
});
const leaveFields = (s, participantSid = s.participantSid) => ({
  flexInteractionSid: s.interactionSid,
  flexInteractionChannelSid: s.channelSid,
  flexInteractionParticipantSid: participantSid,
  conversationSid: s.conversationSid,
});
// As the J and P plugins ask.
const payload = (s, { target = s.bSid, queue } = {}) => ({
  Token: `token-${s.a}`,
  Payload: {
    interactionDetails: {
      flexInteractionSid: s.interactionSid,
      flexInteractionChannelSid: s.channelSid,
      flexInteractionParticipantSid: s.participantSid,
    },
    transferDetails: { transferTargetSid: target, transferQueueName: queue, transferTargetType: queue ? "queue" : "worker" },
    transferringWorkerSid: s.aSid,
    transferringTaskAttributes: JSON.stringify(s.taskAttributes),
    taskRouterChannel: "sms",
  },
});

const interaction = (s) => edge.twilio.readInteraction(s.interactionSid);
const conversation = (s) => edge.twilio.readConversation(s.conversationSid);
const openInvites = (s) => interaction(s).invites.filter(({ assignment_status: status }) => OPEN.includes(status));
const agents = (s) => interaction(s).participants.filter(({ type }) => type === "agent");
const isIn = (s, participantSid) => interaction(s).participants.some(({ sid }) => sid === participantSid);

// `name` joins by an invite; answers their participant's SID.
function join(s, name, invite = openInvites(s).at(-1)) {
  const { reservations } = edge.twilio.task(invite.taskSid);
  const { sid } = reservations.find(({ worker }) => worker === name);
  return edge.twilio.accept(sid).then((done) => done.participantSid);
}

// Twilio's requests of one scene, in their order.
const asked = (s) =>
  edge.twilio
    .journal({ kind: "request" })
    .entries.filter((entry) => JSON.stringify(entry).includes(s.interactionSid) || JSON.stringify(entry).includes(s.conversationSid));

test("a cold transfer by T: one invite, the agent out, nothing stale travels", async () => {
  const stale = {
    transferTargetSid: "WK0",
    transferQueueName: "Old",
    transferTargetType: "queue",
    ignoreWorkerContactUri: "x",
    workerSidsInConversation: ["WK0"],
    direction: "outbound",
    conversations: { case: "c1" },
  };
  const s = scene({ attributes: stale, dead: true });
  const { status, body } = await edge.post(T.invite, s.a, inviteFields(s, { cold: true }));
  assert.equal(status, 200, JSON.stringify(body));
  const [invite, ...others] = interaction(s).invites;
  assert.deepEqual([others.length, body.success, body.participantInviteSid, body.invitesTaskSid], [0, true, invite.sid, invite.taskSid]);
  const task = edge.twilio.task(invite.taskSid);
  assert.equal(task.channel, "sms");
  assert.equal(task.reservations[0].worker, s.b);
  const { attributes } = task;
  assert.equal(attributes.vip, true);
  assert.equal(attributes.direction, "inbound");
  assert.equal(attributes.flexChannelInviteSid, invite.sid);
  assert.deepEqual([attributes.transferTargetSid, attributes.transferTargetType, attributes.transferQueueName], [s.bSid, "worker", undefined]);
  assert.deepEqual([attributes.workerSidsInConversation, attributes.ignoreWorkerContactUri], [[s.aSid], `client:${s.a}`]);
  assert.deepEqual([attributes.conversations.case, attributes.conversations.conversation_id], ["c1", s.taskSid]);
  assert.deepEqual(agents(s), []);
  assert.equal(edge.twilio.task(s.taskSid).assignment_status, "wrapping");
  assert.deepEqual(conversation(s).attributes, { ...FOREIGN, invites: {} }, "the dead invite is gone, the rest is not");
});

test("a cold transfer by J and P, to a queue, is not offered back in either workflow dialect", async () => {
  for (const more of [{}, { transferringTaskAttributes: undefined }]) {
    const s = scene();
    const queue = { target: edge.twilio.seed.QUEUES.Everyone.sid, queue: "Everyone" };
    const body = payload(s, queue);
    Object.assign(body.Payload, more);
    const answer = await edge.postJson("/transferConversation", body);
    if ("transferringTaskAttributes" in more) {
      assert.deepEqual([answer.status, answer.body.field], [400, "transferringTaskAttributes"]);
      continue;
    }
    assert.deepEqual([answer.status, answer.body.success], [200, true]);
    const { attributes, reservations } = edge.twilio.task(openInvites(s)[0].taskSid);
    assert.deepEqual([attributes.transferTargetType, attributes.transferQueueName], ["queue", "Everyone"]);
    assert.deepEqual([attributes.workerSidsInConversation, attributes.ignoreWorkerContactUri], [[s.aSid], `client:${s.a}`]);
    assert.ok(reservations.every(({ worker }) => worker !== s.a));
    assert.deepEqual(agents(s), []);
  }
});

test("CL names no task channel: that of the agent's task is taken", async () => {
  for (const [channel, taskChannel] of [["sms", "sms"], ["web", "chat"], ["email", "email"]]) {
    const s = scene({ channel });
    const answer = await edge.post(CL.invite, s.a, inviteFields(s, { cold: true, more: { taskChannelUniqueName: undefined } }));
    assert.equal(answer.status, 200);
    assert.equal(edge.twilio.task(answer.body.invitesTaskSid).channel, taskChannel);
  }
});

test("a warm transfer: the agent stays, the invite is noted and the dead one dropped", async () => {
  for (const path of [T.invite, CL.invite]) {
    const s = scene({ dead: true });
    const { status, body } = await edge.post(path, s.a, inviteFields(s));
    assert.equal(status, 200);
    assert.equal(body.inviteNoted, true);
    const { invites, ...rest } = conversation(s).attributes;
    assert.deepEqual(rest, FOREIGN);
    const { timestampCreated, ...entry } = invites[body.invitesTaskSid];
    assert.deepEqual(Object.keys(invites), [body.invitesTaskSid]);
    assert.deepEqual(entry, { invitesTaskSid: body.invitesTaskSid, targetSid: s.bSid, targetName: s.b, inviteTargetType: "Worker" });
    assert.equal(new Date(timestampCreated).toISOString(), timestampCreated);
    assert.equal(agents(s).length, 1);
  }
});

test("no conversation SID: the task's own is taken", async () => {
  const s = scene();
  const { body } = await edge.post(T.invite, s.a, inviteFields(s, { more: { conversationSid: "null" } }));
  assert.deepEqual(Object.keys(conversation(s).attributes.invites), [body.invitesTaskSid]);
});

test("round trips: cold at most three, warm at most four", async () => {
  const latencyMs = 500;
  for (const [cold, most] of [[true, 3], [false, 4]]) {
    const s = scene({ dead: true });
    await edge.post(T.update, s.a, { conversationSid: s.conversationSid, attributes: "{}" }); // the token is known now
    edge.twilio.setOptions({ latencyMs });
    const started = performance.now();
    const { status } = await edge.post(T.invite, s.a, inviteFields(s, { cold }));
    const trips = (performance.now() - started) / latencyMs;
    edge.twilio.setOptions({ latencyMs: 0 });
    assert.equal(status, 200);
    assert.ok(trips < most + 0.9, `${trips} round trips, ${cold ? "cold" : "warm"}`);
  }
});

test("one transfer is one invite: double clicks, two tabs, ten re-sends; a later one is another", async () => {
  for (const cold of [true, false]) {
    const s = scene();
    const all = await Promise.all(Array.from({ length: 10 }, () => edge.post(T.invite, s.a, inviteFields(s, { cold }))));
    const again = await edge.post(T.invite, s.a, inviteFields(s, { cold }));
    assert.equal(interaction(s).invites.length, 1);
    for (const { status, body } of [...all, again]) assert.deepEqual([status, body], [200, all[0].body]);
    if (cold) continue;
    // To somebody else: another transfer.
    await edge.post(T.invite, s.a, inviteFields(s, { target: s.cSid }));
    assert.equal(interaction(s).invites.length, 2);
    assert.equal(Object.keys(conversation(s).attributes.invites).length, 2);
  }
});

test("there and back and there again", async () => {
  const s = scene();
  await edge.post(T.invite, s.a, inviteFields(s, { cold: true }));
  const second = { ...s, a: s.b, aSid: s.bSid, participantSid: await join(s, s.b) };
  assert.equal((await edge.post(T.invite, s.b, inviteFields(second, { cold: true, target: s.aSid }))).status, 200);
  const third = { ...s, participantSid: await join(s, s.a) };
  assert.equal((await edge.post(T.invite, s.a, inviteFields(third, { cold: true }))).status, 200);
  assert.equal(interaction(s).invites.length, 3);
  assert.equal(openInvites(s).length, 1);
});

test("a close that fails is told, and a repeat closes instead of inviting again", async () => {
  const s = scene();
  edge.twilio.addFault({ operationId: "UpdateInteractionChannelParticipant", contains: s.channelSid, fault: 500, times: 2 });
  const failed = await edge.post(T.invite, s.a, inviteFields(s, { cold: true }));
  assert.deepEqual([failed.status, failed.body.success, failed.body.invitesTaskSid], [502, false, openInvites(s)[0].taskSid]);
  assert.equal(agents(s).length, 1);
  const j = await edge.postJson("/transferConversation", payload(s));
  assert.deepEqual([j.status, j.body.success], [502, false], "the same transfer in another dialect");
  const done = await edge.post(T.invite, s.a, inviteFields(s, { cold: true }));
  assert.deepEqual([done.status, done.body.invitesTaskSid], [200, failed.body.invitesTaskSid]);
  assert.equal(interaction(s).invites.length, 1);
  assert.deepEqual(agents(s), []);
});

test("only who takes part may transfer, and nobody takes out somebody else", async () => {
  const s = scene();
  const other = scene();
  const invited = await edge.post(T.invite, s.a, inviteFields(s));
  const bParticipant = await join(s, s.b);
  assert.equal(invited.status, 200);
  const before = JSON.stringify(interaction(s));
  const refused = async (path, agent, fields) => {
    const { status, body } = await edge.post(path, agent, fields);
    assert.deepEqual([status, body.success], [403, false], `${path} ${agent}`);
    assert.equal(JSON.stringify(interaction(s)), before);
  };
  await refused(T.invite, other.a, inviteFields(s));
  await refused(T.invite, other.a, inviteFields(s, { cold: true }));
  await refused(T.invite, s.a, inviteFields({ ...s, participantSid: bParticipant }, { cold: true, target: s.cSid }));
  await refused(T.remove, s.a, leaveFields(s, bParticipant));
  await refused(T.remove, other.a, leaveFields(s));
  await refused(T.update, other.a, { conversationSid: s.conversationSid, attributes: "{}" });
  for (const agent of [s.a, "dave"]) {
    await refused(T.invite, agent, inviteFields({ ...s, participantSid: s.customerParticipantSid }, { cold: true, target: s.cSid }));
    await refused(T.remove, agent, leaveFields(s, s.customerParticipantSid));
  }
  const byDave = await edge.post(T.remove, "dave", leaveFields(s, bParticipant));
  assert.equal(byDave.status, 200);
  assert.deepEqual(agents(s).map(({ sid }) => sid), [s.participantSid]);
  // A supervisor hands over for the agent: it is the agent who is not asked again.
  const queue = { cold: true, target: edge.twilio.seed.QUEUES.Everyone.sid, queue: "Everyone" };
  const handed = await edge.post(T.invite, "dave", inviteFields(s, queue));
  assert.equal(edge.twilio.task(handed.body.invitesTaskSid).attributes.ignoreWorkerContactUri, `client:${s.a}`);
});

test("bad input is named, and nothing is asked of Twilio for it", async () => {
  const s = scene();
  for (const [name, value] of [
    ["taskSid", "WT1"],
    ["jsonAttributes", "[]"],
    ["transferTargetSid", "WW00000000000000000000000000000002"],
    ["workersToIgnore", "{"],
    ["flexInteractionSid", "null"],
    ["flexInteractionChannelSid", "../x"],
    ["removeFlexInteractionParticipantSid", "KD1"],
    ["conversationSid", "room"],
  ]) {
    const { status, body } = await edge.post(T.invite, s.a, { ...inviteFields(s), [name]: value });
    assert.deepEqual([status, body.field], [400, name]);
  }
  for (const name of ["flexInteractionSid", "flexInteractionChannelSid", "flexInteractionParticipantSid"])
    assert.equal((await edge.post(CL.remove, s.a, { ...leaveFields(s), [name]: "undefined" })).body.field, name);
  assert.equal((await edge.post(CL.update, s.a, { conversationSid: s.conversationSid, attributes: "7" })).body.field, "attributes");
  assert.equal((await edge.postJson("/transferConversation", { Token: `token-${s.a}` })).body.field, "Payload");
  assert.deepEqual(asked(s), []);
});

test("the last agent's leaving ends the conversation; a customer's next message starts a new one", async () => {
  for (const channel of ["sms", "web"]) {
    const s = scene({ channel });
    assert.deepEqual((await edge.post(T.remove, s.a, leaveFields(s))).status, 200);
    assert.equal(interaction(s).status, "closed");
    assert.equal(conversation(s).state, "closed");
    const again = await edge.post(T.remove, s.a, leaveFields(s));
    assert.deepEqual([again.status, again.body.success], [200, true]);
  }
});

test("with another agent or an open invite, only the leaver leaves", async () => {
  const s = scene();
  await edge.post(T.invite, s.a, inviteFields(s));
  // Invited, not yet there.
  assert.equal((await edge.post(T.remove, s.a, leaveFields(s))).status, 200);
  assert.deepEqual([interaction(s).status, agents(s).length, openInvites(s).length], ["active", 0, 1]);
  const b = await join(s, s.b);
  const second = { ...s, a: s.b, participantSid: b };
  assert.equal((await edge.post(CL.remove, s.b, leaveFields(second))).status, 200);
  assert.equal(interaction(s).status, "closed");

  const two = scene();
  await edge.post(T.invite, two.a, inviteFields(two));
  await join(two, two.b);
  assert.equal((await edge.post(T.remove, two.a, leaveFields(two))).status, 200);
  assert.deepEqual([interaction(two).status, agents(two).length], ["active", 1]);
  assert.deepEqual(conversation(two).attributes.invites, {}, "the accepted invite is dropped");
});

test("a cold transfer's invite counts although the conversation knows nothing of it", async () => {
  const s = scene();
  await edge.post(T.invite, s.a, inviteFields(s));
  const b = await join(s, s.b);
  await edge.post(T.invite, s.a, inviteFields(s, { cold: true, target: s.cSid }));
  assert.equal((await edge.post(T.remove, s.b, leaveFields(s, b))).status, 200);
  assert.deepEqual([interaction(s).status, openInvites(s).length], ["active", 1]);
});

test("all leave at once: the conversation ends, nobody is stranded", async () => {
  const rounds = Array.from({ length: 12 }, async () => {
    const s = scene();
    await edge.post(T.invite, s.a, inviteFields(s));
    const b = await join(s, s.b);
    await edge.post(T.invite, s.a, inviteFields(s, { target: s.cSid }));
    const c = await join(s, s.c);
    const leavers = [[s.a, s.participantSid], [s.b, b], [s.c, c]];
    const answers = await Promise.all(leavers.map(([agent, sid]) => edge.post(T.remove, agent, leaveFields(s, sid))));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    assert.equal(interaction(s).status, "closed");
  });
  await Promise.all(rounds);
});

test("a plugin's stale copy revives no dead invite and loses nobody's attributes", async () => {
  const s = scene();
  const { body } = await edge.post(T.invite, s.a, inviteFields(s));
  const copy = conversation(s).attributes;
  await join(s, s.b);
  // Bob's plugin takes its own invite off, from a copy that knows nothing of Carol's.
  const second = await edge.post(T.invite, s.a, inviteFields(s, { target: s.cSid }));
  const { [body.invitesTaskSid]: own, ...others } = copy.invites;
  assert.ok(own);
  await edge.post(T.update, s.b, { conversationSid: s.conversationSid, attributes: JSON.stringify({ ...copy, note: "new", invites: others }) });
  assert.deepEqual(Object.keys(conversation(s).attributes.invites), [second.body.invitesTaskSid]);
  assert.deepEqual([conversation(s).attributes.note, conversation(s).attributes.survey], ["new", FOREIGN.survey]);
  // Alice cancels Carol's: the task first, then the attributes, from a copy that still has Bob's.
  edge.twilio.cancel(second.body.invitesTaskSid);
  await edge.post(CL.update, s.a, { conversationSid: s.conversationSid, attributes: JSON.stringify({ invites: copy.invites }) });
  assert.deepEqual(conversation(s).attributes, { ...FOREIGN, note: "new", invites: {} });
});

test("twenty writers at once lose nothing of each other", async () => {
  const s = scene();
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      edge.post(T.update, s.a, { conversationSid: s.conversationSid, attributes: JSON.stringify({ [`k${at}`]: at }) }),
    ),
  );
  assert.equal(Object.keys(conversation(s).attributes).length, 22);
});

// --- The fault matrix --------------------------------------------------------------------

const FAULTS = [400, 403, 404, 409, 412, 429, 500, 503, "lost-before", "lost-after", "no-answer"];
const MODES = ["once", "repeated", "at once"];

const PARTICIPANTS = ["ListInteractionChannelParticipant", (s) => s.channelSid];
const INVITES = ["ListInteractionChannelInvite", (s) => s.channelSid];
const CREATE = ["CreateInteractionChannelInvite", (s) => s.channelSid];
const REMOVE = ["UpdateInteractionChannelParticipant", (s) => s.channelSid];
const CLOSE = ["UpdateInteractionChannel", (s) => s.channelSid];
const CONVERSATION = ["FetchConversation", (s) => s.conversationSid];
const MEMBER = ["FetchConversationParticipant", (s) => s.conversationSid];
const NOTE = ["UpdateConversation", (s) => s.conversationSid];
const WORKER = ["FetchWorker", (s) => s.aSid];
const OWN_TASK = ["FetchTask", (s) => s.taskSid];
const DEAD_TASK = ["FetchTask", (s) => s.deadSid];

const COLD_CALLS = [PARTICIPANTS, INVITES, WORKER, CONVERSATION, MEMBER, CREATE, REMOVE, DEAD_TASK, NOTE];
const invitesFor = (s, target) => interaction(s).invites.filter(({ taskSid }) => edge.twilio.task(taskSid).attributes.transferTargetSid === target);

const cold = (ask) => ({
  ask,
  check(s, { body }) {
    assert.ok(invitesFor(s, s.bSid).length <= 1, "two invites for one transfer");
    if (body?.success) {
      assert.equal(invitesFor(s, s.bSid)[0]?.taskSid, body.invitesTaskSid, "no such invite");
      assert.ok(!isIn(s, s.participantSid), "the agent is still in");
    } else if (body?.invitesTaskSid) {
      assert.equal(invitesFor(s, s.bSid)[0]?.taskSid, body.invitesTaskSid, "no such invite");
    }
  },
  done(s) {
    assert.equal(invitesFor(s, s.bSid).length, 1);
    assert.deepEqual(agents(s), []);
  },
});

const FLOWS = {
  "cold, T": { calls: COLD_CALLS, scene: () => scene({ dead: true }), ...cold((s) => edge.post(T.invite, s.a, inviteFields(s, { cold: true }))) },
  "cold, CL": {
    calls: [OWN_TASK, CREATE, REMOVE],
    scene: () => scene(),
    ...cold((s) => edge.post(CL.invite, s.a, inviteFields(s, { cold: true, more: { taskChannelUniqueName: undefined } }))),
  },
  "cold, J": { calls: [PARTICIPANTS, INVITES, WORKER, CREATE, REMOVE], scene: () => scene(), ...cold((s) => edge.postJson("/transferConversation", payload(s))) },
  warm: {
    calls: [PARTICIPANTS, WORKER, CONVERSATION, MEMBER, CREATE, DEAD_TASK, NOTE],
    scene: () => scene({ dead: true }),
    ask: (s) => edge.post(T.invite, s.a, inviteFields(s)),
    check(s, { body }) {
      assert.ok(interaction(s).invites.length <= 1, "two invites for one transfer");
      if (body?.success) {
        assert.equal(interaction(s).invites[0]?.taskSid, body.invitesTaskSid, "no such invite");
        // A note whose answer was lost when the time was up may stand there all the same.
        if (body.inviteNoted) assert.ok(conversation(s).attributes.invites?.[body.invitesTaskSid], "noted or not");
      }
      assert.equal(agents(s).length, 1);
    },
    done: (s) => assert.equal(interaction(s).invites.length, 1),
  },
  "one of two leaves": {
    calls: [PARTICIPANTS, INVITES, CONVERSATION, MEMBER, ["FetchTask", (s) => s.bTask], REMOVE, NOTE],
    async scene() {
      const s = scene();
      const { body } = await edge.post(T.invite, s.a, inviteFields(s));
      return { ...s, bTask: body.invitesTaskSid, bParticipant: await join(s, s.b) };
    },
    ask: (s) => edge.post(T.remove, s.a, leaveFields(s)),
    check(s, { body }) {
      assert.ok(isIn(s, s.bParticipant), "the other agent is out");
      if (body?.success) assert.ok(!isIn(s, s.participantSid), "the agent is still in");
      assert.equal(interaction(s).status, "active");
    },
    done: (s) => assert.ok(!isIn(s, s.participantSid)),
  },
  "the last one leaves": {
    calls: [PARTICIPANTS, INVITES, CONVERSATION, MEMBER, DEAD_TASK, CLOSE],
    scene: () => scene({ dead: true }),
    ask: (s) => edge.post(T.remove, s.a, leaveFields(s)),
    mayEnd: true,
    check(s, { body }) {
      if (body?.success) assert.equal(interaction(s).status, "closed", "success, and not closed");
    },
    done: (s) => assert.equal(interaction(s).status, "closed"),
  },
  "two leave": {
    calls: [PARTICIPANTS, INVITES, ["FetchTask", (s) => s.bTask], REMOVE, CLOSE],
    async scene() {
      const s = scene();
      const { body } = await edge.post(T.invite, s.a, inviteFields(s));
      return { ...s, bTask: body.invitesTaskSid, bParticipant: await join(s, s.b) };
    },
    async ask(s) {
      const answers = await Promise.all([edge.post(T.remove, s.a, leaveFields(s)), edge.post(T.remove, s.b, leaveFields(s, s.bParticipant))]);
      return answers.find(({ status }) => status !== 200) ?? answers[0];
    },
    mayEnd: true,
    check(s, { body }) {
      if (body?.success) assert.equal(interaction(s).status, "closed", "both have left, and not closed");
    },
    done: (s) => assert.equal(interaction(s).status, "closed"),
  },
  attributes: {
    calls: [CONVERSATION, MEMBER, DEAD_TASK, NOTE],
    scene: () => scene({ dead: true }),
    ask: (s) => edge.post(T.update, s.a, { conversationSid: s.conversationSid, attributes: JSON.stringify({ added: "x" }) }),
    check(s, { body }) {
      if (body?.success) assert.equal(conversation(s).attributes.added, "x", "success, and not written");
    },
    done: (s) => assert.equal(conversation(s).attributes.added, "x"),
  },
};

// What holds whatever fails.
function invariants(s, flow) {
  const { status, participants } = interaction(s);
  const isOver = status === "closed";
  assert.ok(!isOver || flow.mayEnd, "ended without being asked to");
  assert.ok(isOver || agents(s).length > 0 || openInvites(s).length > 0, "the customer is alone");
  assert.ok(isOver || participants.some(({ sid }) => sid === s.customerParticipantSid), "the customer is out");
  const { survey, note } = conversation(s).attributes;
  assert.deepEqual({ survey, note }, FOREIGN, "somebody's attributes are lost");
}

async function runCase(flow, [operationId, contains], fault, mode) {
  const s = await flow.scene();
  const rule = edge.twilio.addFault({ operationId, contains: contains(s), fault, retryAfter: 1, times: mode === "repeated" ? 0 : 1 });
  const ask = async () => {
    const answer = await flow.ask(s);
    assert.equal(typeof answer.body.success, "boolean");
    assert.equal(answer.status === 200, answer.body.success, JSON.stringify(answer));
    return answer;
  };
  const look = (answer) => {
    flow.check(s, answer);
    invariants(s, flow);
    return answer;
  };
  if (mode === "at once") (await Promise.all([ask(), ask(), ask()])).forEach(look);
  else look(await ask());
  if (mode === "repeated") {
    look(await ask());
    edge.twilio.removeFault(rule.id);
  }
  // Whoever tries once more, without the fault, gets there.
  const last = look(await ask());
  assert.equal(last.status, 200, JSON.stringify(last.body));
  flow.done(s);
  edge.twilio.removeFault(rule.id);
  if (!rule.applied && mode !== "at once") throw new Error("the fault never struck");
}

test("the fault matrix", { timeout: 300_000 }, async () => {
  const cases = [];
  for (const [name, flow] of Object.entries(FLOWS))
    for (const call of flow.calls)
      for (const fault of FAULTS)
        for (const mode of MODES) cases.push({ name: `${name}: ${call[0]} ${fault} ${mode}`, run: () => runCase(flow, call, fault, mode) });
  const total = cases.length;
  const failures = [];
  const started = Date.now();
  const only = process.env.ONLY;
  // Those that wait for an answer that never comes cost time and nothing else.
  const [waiting, working] = [true, false].map((is) =>
    cases.filter(({ name }) => name.includes("no-answer") === is && (!only || name.includes(only))),
  );
  const drain = async (queue) => {
    for (let next = queue.shift(); next; next = queue.shift())
      await next.run().catch((error) => failures.push(`${next.name}: ${error.message.replace(/\s+/g, " ")}`));
  };
  await Promise.all([...Array.from({ length: 60 }, () => drain(waiting)), ...Array.from({ length: 32 }, () => drain(working))]);
  console.log(`# ${total} cases, ${failures.length} failures, ${Math.round((Date.now() - started) / 1000)} s`);
  assert.ok(only || total > 1200, `${total} cases`);
  assert.equal(failures.length, 0, failures.slice(0, 60).join("\n"));
});

test("every request was one that Twilio knows", () => edge.assertValid());
