// Conferences, calls, queues, channels, tasks and workers, end to end: the plugins' own requests.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { callsFrom, callsTo, customerCall, inRoom, lookAt, participantOf, VOICE } from "./calls.mjs";
import { chatWithInvite } from "./chats.mjs";
import { pause } from "./clock.mjs";
import { edge, statusOf, twilio } from "./shared.mjs";
import { tripsOf } from "./trips.mjs";

const TASKROUTER = "/common/flex/taskrouter";

let victim; // somebody else's call, which nobody may touch
before(() => {
  victim = customerCall();
  victim.before = lookAt(victim);
});

test("T and D add a party to the conference, mute, hold, keep and remove it", async () => {
  for (const paths of [
    { add: `${VOICE}/add-participant`, update: `${VOICE}/update-participant`, hold: `${VOICE}/hold-participant`, remove: `${VOICE}/remove-participant`, properties: `${VOICE}/get-call-properties`, mute: `${VOICE}/mute-participant` },
    { add: "/external-transfer/add-conference-participant", update: "/external-transfer/update-conference-participant", hold: "/external-transfer/hold-conference-participant", remove: "/external-transfer/remove-conference-participant", properties: "/external-transfer/get-call-properties" },
  ]) {
    for (const target of ["number", "sip"]) {
      const call = customerCall();
      const { agent, number, from, conferenceSid } = call;
      const to = target === "sip" ? `sip:${number.slice(1)}@example.com;transport=tls` : number;
      const added = await edge.post(paths.add, agent.name, { taskSid: conferenceSid, to, from });
      assert.equal(added.status, 200, JSON.stringify(added.body));
      const participant = added.body.participantsResponse.callSid;
      assert.equal(added.body.callSid, participant);
      const ask = (path, fields) => edge.post(path, agent.name, { conference: conferenceSid, participant, ...fields });
      const flags = () => participantOf(call, participant);
      for (const value of [true, false]) {
        for (const [path, field, flag] of [[paths.mute, "muted", "muted"], [paths.hold, "hold", "hold"], [paths.update, "endConferenceOnExit", "endConferenceOnExit"]]) {
          if (!path) continue;
          const changed = await ask(path, { [field]: value });
          assert.equal(changed.status, 200, JSON.stringify(changed.body));
          assert.equal(changed.body.participantsResponse.callSid, participant);
          assert.equal(flags()[flag], value);
        }
      }
      const told = await edge.post(paths.properties, agent.name, { callSid: participant });
      assert.equal(told.status, 200, JSON.stringify(told.body));
      assert.equal(told.body.callProperties.to, to);
      assert.equal(told.body.to, to);
      const removed = await ask(paths.remove, {});
      assert.deepEqual([removed.status, removed.body.participantsResponse], [200, true]);
      assert.equal(inRoom(call).length, 2, "agent and customer stay");
      assert.equal((await ask(paths.remove, {})).status, 200, "again");
    }
  }
});

test("a party is dialled once, however often and through whichever name it is asked for; later again", async () => {
  const { agent, number, from, conferenceSid, taskSid } = customerCall();
  const ask = (room) => edge.post(`${VOICE}/add-participant`, agent.name, { taskSid: room, to: number, from });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(conferenceSid)));
  assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.callSid}`))], [`200 ${answers[0].body.callSid}`]);
  assert.equal((await callsTo(number)).length, 1);
  const other = customerCall();
  const byName = await edge.post(`${VOICE}/add-participant`, other.agent.name, { taskSid: other.taskSid, to: other.number, from });
  assert.equal(byName.body.participantsResponse.conferenceSid, other.conferenceSid);
  assert.ok(taskSid);
});

test("no room is made: not for null, not for a conference that is over", async () => {
  const rooms = () => twilio.state().conferences.length;
  const { agent, number, from, conferenceSid, callSid, customerCallSid } = customerCall();
  const before = rooms();
  for (const taskSid of ["null", "undefined", "", "lobby", "CF00000000000000000000000000000000"]) {
    const answer = await edge.post(`${VOICE}/add-participant`, agent.name, { taskSid, to: number, from });
    assert.equal(answer.status, 400, taskSid);
    assert.equal(answer.body.field, "taskSid");
  }
  await twilio.hangup(customerCallSid);
  for (const who of [agent.name, "dave"]) {
    const answer = await edge.post(`${VOICE}/add-participant`, who, { taskSid: conferenceSid, to: number, from });
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
  }
  const bad = await edge.post(`${VOICE}/add-participant`, agent.name, { taskSid: conferenceSid, to: "911", from });
  assert.deepEqual([bad.status, bad.body.twilioErrorCode], [400, 13223]);
  assert.equal(rooms(), before);
  assert.equal((await callsTo(number)).length, 0);
  assert.ok(callSid);
});

test("a call is handed over to a number, a SIP address, an application", async () => {
  const app = `AP${"1".repeat(32)}`;
  const cases = [["+16660000001", "+16660000001"], ["sip:desk@example.com?X-A=1&X-B=%22", "sip:desk@example.com?X-A=1&X-B=%22"], [`app:${app}?a=%22%3E%3CHangup%2F%3E&b=c+d`, `app:${app}`]];
  for (const [to, dialled] of cases) {
    const call = customerCall();
    const { agent, customerCallSid, from } = call;
    const target = to === cases[0][0] ? from : "";
    const answers = await Promise.all([1, 2, 3].map(() => edge.post(`${VOICE}/cold-transfer`, agent.name, { callSid: customerCallSid, to, from: target })));
    for (const answer of answers) assert.deepEqual([answer.status, answer.body], [200, { success: true }]);
    const again = await edge.post(`${VOICE}/cold-transfer`, agent.name, { callSid: customerCallSid, to, from: target });
    assert.equal(again.status, 200, "the answer is remembered, although the customer has left the agent's room");
    const children = (await callsFrom(customerCallSid));
    assert.deepEqual(children.map((call) => call.to), [dialled]);
    assert.equal(participantOf(call, customerCallSid), undefined);
  }
});

test("a party that was added can be handed over too", async () => {
  const { agent, number, from, conferenceSid } = customerCall();
  const added = await edge.post(`${VOICE}/add-participant`, agent.name, { taskSid: conferenceSid, to: number, from });
  const answer = await edge.post(`${VOICE}/cold-transfer`, agent.name, { callSid: added.body.callSid, to: "+16660000002" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal((await callsFrom(added.body.callSid)).length, 1);
});

test("an agent in the conference sees every call in it, polled each second", async () => {
  const { agent, callSid, customerCallSid } = customerCall();
  const poll = (sid) => edge.post(`${VOICE}/get-call-properties`, agent.name, { callSid: sid });
  for (const sid of [customerCallSid, callSid]) assert.equal((await poll(sid)).body.callProperties?.sid, sid);
  const asked = async () => twilio.journal({ operationId: "FetchCall", contains: customerCallSid }).entries.length;
  const before = await asked();
  await Promise.all(Array.from({ length: 10 }, () => poll(customerCallSid)));
  assert.ok((await asked()) - before <= 1, "within a second it is asked for once");
});

test("telephone numbers are judged and listed", async () => {
  const validate = async (phoneNumber) => (await edge.post("/common/flex/phone-numbers/validate-phone-number", "alice", { phoneNumber })).body;
  for (const [number, reason] of [
    ["+12025550123", null], ["+5511987654321", null], ["+493012345678", null], ["+49900123456", "HIGH_RISK_SPECIAL_NUMBER_DISABLED"],
    ["+442079460000", "COUNTRY_DISABLED"], ["+1202", "TOO_SHORT"], ["abc", "NOT_A_NUMBER"], ["+999123456789", "INVALID_COUNTRY_CODE"],
  ]) assert.deepEqual(await validate(number), { success: true, valid: reason === null, invalidReason: reason }, number);
  const list = async (IncludeOutgoing) => (await edge.post("/common/flex/phone-numbers/list-phone-numbers", "alice", { IncludeOutgoing })).body;
  const own = await list(false);
  assert.deepEqual(own.phoneNumbers[0], { friendlyName: "Main line", phoneNumber: twilio.seed.CALLER_ID });
  assert.equal((await list("true")).phoneNumbers.length, own.phoneNumbers.length + 1);
});

test("queues, channels, attributes on every plugin's paths", async () => {
  for (const prefix of [TASKROUTER, "/taskrouter"]) {
    const { agent, taskSid } = customerCall({ list: [1, 2, 3], gone: 1, deep: { a: 1 } });
    const queues = await edge.post(`${prefix}/get-queues`, agent.name);
    assert.deepEqual(queues.body.queues.map(({ friendlyName }) => friendlyName).sort(), ["Everyone", "Outbound", "Sales", "Support"]);
    const channels = await edge.post(`${prefix}/get-worker-channels`, agent.name, { workerSid: agent.workerSid });
    const chat = channels.body.workerChannels.find(({ taskChannelUniqueName }) => taskChannelUniqueName === "chat");
    for (const [who, workerSid] of [[agent.name, undefined], [agent.name, agent.workerSid], ["dave", agent.workerSid]]) {
      const set = await edge.post(`${prefix}/update-worker-channel`, who, { workerChannelSid: chat.sid, capacity: 5, available: false, workerSid });
      assert.deepEqual([set.status, set.body.workerChannelCapacity?.configuredCapacity], [200, 5], JSON.stringify(set.body));
    }
    const update = await edge.post(`${prefix}/update-task-attributes`, agent.name, { taskSid, attributesUpdate: JSON.stringify({ list: [9], gone: null, deep: { b: null } }) });
    assert.deepEqual([update.status, update.body], [200, { success: true }]);
    const { list, gone, deep, kept } = twilio.task(taskSid).attributes;
    assert.deepEqual({ list, gone, deep, kept }, { list: [9, 2, 3], gone: undefined, deep: { a: 1, b: null }, kept: "1.0" });
    const { a, invite } = await chatWithInvite();
    const canceled = await edge.post(`${prefix}/update-task-assignment-status`, a, { taskSid: invite, assignmentStatus: "canceled" });
    assert.deepEqual([canceled.status, canceled.body], [200, { success: true }]);
    assert.equal(statusOf(invite), "canceled");
    for (const gone2 of [invite, `WT${"0".repeat(32)}`]) {
      const again = await edge.post(`${prefix}/update-task-assignment-status`, "dave", { taskSid: gone2, assignmentStatus: "canceled" });
      assert.deepEqual([again.status, again.body], [200, { success: true }]);
    }
  }
  const worker = await edge.post(`${TASKROUTER}/update-worker-attributes`, "dave", { workerSid: victim.agent.workerSid, attributesUpdate: JSON.stringify({ routing: { skills: ["x"] } }) });
  assert.deepEqual(JSON.parse(worker.body.worker.attributes).routing, { skills: ["x"] });
  assert.equal(JSON.parse(worker.body.worker.attributes).full_name, victim.agent.name);
});

test("an invite that was accepted in the meantime is not said to be canceled", async () => {
  const { a, invite } = await chatWithInvite();
  await twilio.addFault({ operationId: "UpdateTask", contains: invite, fault: "slow:300" });
  const canceling = edge.post("/taskrouter/update-task-assignment-status", a, { taskSid: invite, assignmentStatus: "canceled" });
  await pause(150);
  await twilio.accept(twilio.task(invite).reservations[0].sid).catch(() => {});
  const { status } = await canceling;
  const now = statusOf(invite);
  assert.equal(status === 200, now === "canceled", `${status}, and it is ${now}`);
});

test("strangers touch nothing, whatever they send", async () => {
  const stranger = customerCall().agent;
  const { conferenceSid: conference, taskSid, customerCallSid: participant } = victim;
  const attempts = [
    [`${VOICE}/add-participant`, { taskSid: conference, to: "+16669999999", from: twilio.seed.CALLER_ID }],
    [`${VOICE}/add-participant`, { taskSid, to: "+16669999999", from: twilio.seed.CALLER_ID }],
    [`${VOICE}/hold-participant`, { conference, participant, hold: true }],
    [`${VOICE}/mute-participant`, { conference, participant, muted: true }],
    [`${VOICE}/update-participant`, { conference, participant, endConferenceOnExit: true }],
    [`${VOICE}/remove-participant`, { conference, participant }],
    [`${VOICE}/remove-participant`, { conference: taskSid, participant }],
    [`${VOICE}/get-call-properties`, { callSid: participant }],
    [`${VOICE}/cold-transfer`, { callSid: participant, to: "+16669999999" }],
    [`${TASKROUTER}/get-worker-channels`, { workerSid: victim.agent.workerSid }],
    [`${TASKROUTER}/update-worker-channel`, { workerSid: victim.agent.workerSid, workerChannelSid: `WC${"0".repeat(32)}`, capacity: 0, available: false }],
    [`${TASKROUTER}/update-task-attributes`, { taskSid, attributesUpdate: '{"kept":null}' }],
    [`${TASKROUTER}/update-task-assignment-status`, { taskSid, assignmentStatus: "completed" }],
    [`${TASKROUTER}/update-worker-attributes`, { workerSid: victim.agent.workerSid, attributesUpdate: '{"a":1}' }],
    [`${TASKROUTER}/update-worker-attributes`, { workerSid: stranger.workerSid, attributesUpdate: '{"contact_uri":"client:nobody"}' }],
  ];
  for (const [path, fields] of attempts) {
    const answer = await edge.post(path, stranger.name, fields);
    assert.deepEqual([answer.status, answer.body.success], [403, false], `${path} ${JSON.stringify(answer.body)}`);
  }
  assert.deepEqual(lookAt(victim), victim.before);
  assert.equal((await callsTo("+16669999999")).length, 0);
});

test("with a known token every helper takes at most two round trips, handing a call over three, canceling an invite five", async () => {
  const { agent, number, from, conferenceSid: conference, customerCallSid, taskSid, callSid } = customerCall();
  const [second, third] = [customerCall(), customerCall()];
  for (const known of [agent, second.agent, third.agent]) await edge.post(`${TASKROUTER}/get-queues`, known.name);
  const { invite, agent: inviting } = await chatWithInvite();
  const channel = (await edge.post(`${TASKROUTER}/get-worker-channels`, agent.name, { workerSid: agent.workerSid })).body.workerChannels[0].sid;
  const asks = [
    [1, `${TASKROUTER}/get-queues`, {}],
    [1, `${TASKROUTER}/get-worker-channels`, { workerSid: agent.workerSid }],
    [1, `${TASKROUTER}/update-worker-channel`, { workerChannelSid: channel, capacity: 2, available: true }],
    [2, `${TASKROUTER}/update-task-attributes`, { taskSid, attributesUpdate: '{"a":1}' }],
    [5, `${TASKROUTER}/update-task-assignment-status`, { taskSid: invite, assignmentStatus: "canceled" }, inviting],
    [2, `${TASKROUTER}/update-worker-attributes`, { workerSid: agent.workerSid, attributesUpdate: '{"a":1}' }],
    [1, "/common/flex/phone-numbers/list-phone-numbers", { IncludeOutgoing: true }],
    [2, "/common/flex/phone-numbers/validate-phone-number", { phoneNumber: "+493012345678" }],
    [2, `${VOICE}/get-call-properties`, { callSid: customerCallSid }],
    [2, `${VOICE}/mute-participant`, { conference: taskSid, participant: callSid, muted: true }],
    [2, `${VOICE}/hold-participant`, { conference, participant: customerCallSid, hold: true }],
    [2, `${VOICE}/update-participant`, { conference, participant: customerCallSid, endConferenceOnExit: false }],
    [2, `${VOICE}/add-participant`, { taskSid: conference, to: number, from }],
    [3, `${VOICE}/cold-transfer`, { callSid: second.customerCallSid, to: "+16660000003" }, second.agent],
    [2, `${VOICE}/remove-participant`, { conference: third.conferenceSid, participant: third.callSid }, third.agent],
  ];
  for (const [most, path, fields, who = agent] of asks) {
    const { answer, trips } = await tripsOf(() => edge.post(path, who.name, fields));
    assert.equal(answer.status, 200, `${path} ${JSON.stringify(answer.body)}`);
    assert.equal(trips, most, `${path}: ${trips} round trips`);
  }
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
