// Conversations change hands, end to end: the plugins' own requests.
import assert from "node:assert/strict";
import { test } from "node:test";

import { agents, CL, conversation, FOREIGN, interaction, inviteFields, join, leaveFields, openInvites, payload, T, takenChat } from "./chats.mjs";
import { edge } from "./shared.mjs";
import { tripsOf } from "./trips.mjs";

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
  const s = takenChat({ attributes: stale, dead: true });
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
    const s = takenChat();
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

test("no task channel is named: that of the agent's task is taken", async () => {
  for (const [channel, taskChannel] of [["sms", "sms"], ["web", "chat"], ["email", "email"]]) {
    const s = takenChat({ channel });
    const answer = await edge.post(CL.invite, s.a, inviteFields(s, { cold: true, more: { taskChannelUniqueName: undefined } }));
    assert.equal(answer.status, 200);
    assert.equal(edge.twilio.task(answer.body.invitesTaskSid).channel, taskChannel);
  }
});

test("a warm transfer: the agent stays, the invite is noted and the dead one dropped", async () => {
  for (const path of [T.invite, CL.invite]) {
    const s = takenChat({ dead: true });
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
  const s = takenChat();
  const { body } = await edge.post(T.invite, s.a, inviteFields(s, { more: { conversationSid: "null" } }));
  assert.deepEqual(Object.keys(conversation(s).attributes.invites), [body.invitesTaskSid]);
});

test("round trips: at most four, cold and warm", async () => {
  for (const [cold, most] of [[true, 4], [false, 4]]) {
    const s = takenChat({ dead: true });
    await edge.post(T.update, s.a, { conversationSid: s.conversationSid, attributes: "{}" }); // the token is known now
    const { answer, trips } = await tripsOf(() => edge.post(T.invite, s.a, inviteFields(s, { cold })));
    assert.equal(answer.status, 200);
    assert.ok(trips <= most, `${trips} round trips, ${cold ? "cold" : "warm"}`);
  }
});

test("one transfer is one invite: double clicks, two tabs, ten re-sends; a later one is another", async () => {
  for (const cold of [true, false]) {
    const s = takenChat();
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
  const s = takenChat();
  await edge.post(T.invite, s.a, inviteFields(s, { cold: true }));
  const second = { ...s, a: s.b, aSid: s.bSid, participantSid: await join(s, s.b) };
  assert.equal((await edge.post(T.invite, s.b, inviteFields(second, { cold: true, target: s.aSid }))).status, 200);
  const third = { ...s, participantSid: await join(s, s.a) };
  assert.equal((await edge.post(T.invite, s.a, inviteFields(third, { cold: true }))).status, 200);
  assert.equal(interaction(s).invites.length, 3);
  assert.equal(openInvites(s).length, 1);
});

test("a close that fails is told, and a repeat closes instead of inviting again", async () => {
  const s = takenChat();
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

test("only who takes part may transfer, or take out another agent, and nobody takes out a customer", async () => {
  const s = takenChat();
  const other = takenChat();
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
  for (const participant of [s.participantSid, bParticipant]) await refused(T.remove, other.a, leaveFields(s, participant));
  await refused(T.update, other.a, { conversationSid: s.conversationSid, attributes: "{}" });
  for (const agent of [s.a, "dave"]) {
    await refused(T.invite, agent, inviteFields({ ...s, participantSid: s.customerParticipantSid }, { cold: true, target: s.cSid }));
    await refused(T.remove, agent, leaveFields(s, s.customerParticipantSid));
  }
  const byAnother = await edge.post(T.remove, s.a, leaveFields(s, bParticipant));
  assert.equal(byAnother.status, 200, JSON.stringify(byAnother.body));
  assert.deepEqual(agents(s).map(({ sid }) => sid), [s.participantSid]);
  // A supervisor hands over for the agent: it is the agent who is not asked again.
  const queue = { cold: true, target: edge.twilio.seed.QUEUES.Everyone.sid, queue: "Everyone" };
  const handed = await edge.post(T.invite, "dave", inviteFields(s, queue));
  assert.equal(edge.twilio.task(handed.body.invitesTaskSid).attributes.ignoreWorkerContactUri, `client:${s.a}`);
});

test("bad input is named, and nothing is asked of Twilio for it", async () => {
  const s = takenChat();
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
  assert.equal((await edge.postJson("/transferConversation", { Token: `a.flex.token.of.${s.a}` })).body.field, "Payload");
  assert.deepEqual(asked(s), []);
});

test("the last agent's leaving ends the conversation; a customer's next message starts a new one", async () => {
  for (const channel of ["sms", "web"]) {
    const s = takenChat({ channel });
    assert.deepEqual((await edge.post(T.remove, s.a, leaveFields(s))).status, 200);
    assert.equal(interaction(s).status, "closed");
    assert.equal(conversation(s).state, "closed");
    const again = await edge.post(T.remove, s.a, leaveFields(s));
    assert.deepEqual([again.status, again.body.success], [200, true]);
  }
});

test("with another agent or an open invite, only the leaver leaves", async () => {
  const s = takenChat();
  await edge.post(T.invite, s.a, inviteFields(s));
  // Invited, not yet there.
  assert.equal((await edge.post(T.remove, s.a, leaveFields(s))).status, 200);
  assert.deepEqual([interaction(s).status, agents(s).length, openInvites(s).length], ["active", 0, 1]);
  const b = await join(s, s.b);
  const second = { ...s, a: s.b, participantSid: b };
  assert.equal((await edge.post(CL.remove, s.b, leaveFields(second))).status, 200);
  assert.equal(interaction(s).status, "closed");

  const two = takenChat();
  await edge.post(T.invite, two.a, inviteFields(two));
  await join(two, two.b);
  assert.equal((await edge.post(T.remove, two.a, leaveFields(two))).status, 200);
  assert.deepEqual([interaction(two).status, agents(two).length], ["active", 1]);
  assert.deepEqual(conversation(two).attributes.invites, {}, "the accepted invite is dropped");
});

test("a cold transfer's invite counts although the conversation knows nothing of it", async () => {
  const s = takenChat();
  await edge.post(T.invite, s.a, inviteFields(s));
  const b = await join(s, s.b);
  await edge.post(T.invite, s.a, inviteFields(s, { cold: true, target: s.cSid }));
  assert.equal((await edge.post(T.remove, s.b, leaveFields(s, b))).status, 200);
  assert.deepEqual([interaction(s).status, openInvites(s).length], ["active", 1]);
});

test("all leave at once: the conversation ends, nobody is stranded", async () => {
  const leaving = async () => {
    const s = takenChat();
    await edge.post(T.invite, s.a, inviteFields(s));
    const b = await join(s, s.b);
    await edge.post(T.invite, s.a, inviteFields(s, { target: s.cSid }));
    const c = await join(s, s.c);
    const leavers = [[s.a, s.participantSid], [s.b, b], [s.c, c]];
    const answers = await Promise.all(leavers.map(([agent, sid]) => edge.post(T.remove, agent, leaveFields(s, sid))));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    assert.equal(interaction(s).status, "closed");
  };
  for (let round = 0; round < 4; round += 1) await Promise.all([leaving(), leaving(), leaving()]);
});

test("a plugin's stale copy revives no dead invite and loses nobody's attributes", async () => {
  const s = takenChat();
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
  const s = takenChat();
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      edge.post(T.update, s.a, { conversationSid: s.conversationSid, attributes: JSON.stringify({ [`k${at}`]: at }) }),
    ),
  );
  assert.equal(Object.keys(conversation(s).attributes).length, 22);
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
