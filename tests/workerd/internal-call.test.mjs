// One agent calls another, end to end: the plugins' own requests.
import assert from "node:assert/strict";
import { test } from "node:test";

import twilioNode from "twilio";

import { accept, calleesOf, CLEANUP, customerCall, dialled, HOLD, placedCall, PREFIX, ringing, roomsOf } from "./calls.mjs";
import { pause, until } from "./clock.mjs";
import { OVER, edge, somebody, statusOf, twilio } from "./shared.mjs";

const taskOf = (sid) => twilio.task(sid);
const becomes = (sid, status, what) => until(() => statusOf(sid) === status, what);

for (const dialect of Object.keys(PREFIX)) {
  test(`${dialect}: call, accept, hold, hang up`, async () => {
    const call = await placedCall({ dialect });
    const { task, reservation } = await ringing(call);
    assert.equal(task.attributes.client_call, true);
    assert.equal(task.attributes.targetWorker, `client:${call.callee.name}`);
    assert.equal(task.attributes.from, `client:${call.caller.name}`);
    const leg = await accept(reservation, { dialect });
    assert.equal(leg.conferenceSid, call.conferenceSid);
    const linked = await until(() => taskOf(call.taskSid).attributes.conference, "the link");
    assert.deepEqual(linked, { sid: call.conferenceSid, participants: { worker: call.callSid, taskSid: task.sid } });
    // The callee's plugin knows the room by the caller's task SID, the caller's by its own.
    for (const [agent, conference] of [[call.callee, call.taskSid], [call.caller, call.conferenceSid], [call.callee, call.conferenceSid]]) {
      for (const hold of [true, false]) {
        const held = await edge.post(HOLD[dialect], agent.name, { conference, participant: leg.callSid, hold });
        assert.equal(held.status, 200, JSON.stringify(held.body));
        assert.equal(held.body.callSid, leg.callSid);
        assert.equal(held.body.participantsResponse.hold, hold);
      }
    }
    await twilio.hangup(leg.callSid);
    await becomes(call.taskSid, "wrapping", "the caller wraps up");
    await becomes(task.sid, "wrapping", "the callee wraps up");
  });

  test(`${dialect}: the callee declines`, async () => {
    const call = await placedCall({ dialect });
    const { task, reservation } = await ringing(call);
    await twilio.reject(reservation, { dialect });
    const fields = dialect === "T" ? { taskSid: task.sid, conferenceSid: task.attributes.conference.sid } : { taskSid: call.taskSid };
    const cleaned = await edge.post(CLEANUP[dialect], call.callee.name, fields);
    assert.equal(cleaned.status, 200, JSON.stringify(cleaned.body));
    await until(() => roomsOf(call.taskSid).length === 0, "the room ends");
    await becomes(call.taskSid, "wrapping", "the caller wraps up");
    assert.ok(OVER.includes(statusOf(task.sid)));
    // Once more: nothing left to do.
    assert.equal((await edge.post(CLEANUP[dialect], call.callee.name, fields)).status, 200);
  });
}

test("a SIP agent calls and is called, also when the leg is faster than TaskRouter", async () => {
  const contact_uri = "sip:sipper@example.sip.twilio.com";
  const [sip, callee] = [somebody({ attributes: { contact_uri } }), somebody()];
  const out = await twilio.internalCall({ from: sip.name, to: callee.name, base: `${edge.url}/voice`, workerCallSidDelayMs: 600 });
  assert.equal((await ringing(out)).task.attributes.from, contact_uri);
  const into = await twilio.internalCall({ from: callee.name, to: sip.name, base: `${edge.url}/voice` });
  const { task } = await ringing(into);
  assert.equal(task.attributes.targetWorker, contact_uri);
  const cleaned = await edge.post(CLEANUP.T, sip.name, { taskSid: task.sid });
  assert.equal(cleaned.status, 200, JSON.stringify(cleaned.body));
  await until(() => roomsOf(into.taskSid).length === 0, "the room ends");
});

test("a queue is called", async () => {
  const caller = somebody();
  const call = await twilio.internalCall({ from: caller.name, queue: "Sales", dialect: "T", base: edge.url + PREFIX.T });
  const { task } = await ringing(call);
  assert.equal(task.attributes.callToQueue, "Sales");
  assert.equal(task.attributes.targetWorker, undefined);
  await twilio.hangup(call.callSid);
  await becomes(task.sid, "canceled", "the queue stops ringing");
});

test("worker_call_sid never comes: the leg itself tells", async () => {
  const call = await placedCall({ workerCallSidDelayMs: 60_000 });
  await ringing(call);
  assert.equal(calleesOf(call.taskSid).length, 1);
});

test("the caller hangs up before the callee accepts: nobody rings on, nobody waits alone", async () => {
  const call = await placedCall();
  const { task, reservation } = await ringing(call);
  await twilio.hangup(call.callSid);
  await becomes(task.sid, "canceled", "the callee stops ringing");
  assert.equal(roomsOf(call.taskSid).length, 0);
  assert.ok(reservation);
});

test("the callee accepts in the moment the caller leaves: the new room is ended", async () => {
  const call = await placedCall();
  const { task, reservation } = await ringing(call);
  // The end of the first room is not heard of until the callee is in the second.
  await twilio.addFault({ operationId: "FetchTask", contains: task.sid, times: 1, fault: "slow:400" });
  await Promise.allSettled([twilio.hangup(call.callSid), accept(reservation)]);
  await until(() => roomsOf(call.taskSid).length === 0, "no room is left");
  await until(() => OVER.includes(statusOf(task.sid)), "the callee's task ends");
});

test("the caller's task is gone: the callee does not sit alone", async () => {
  const call = await placedCall();
  const { reservation } = await ringing(call);
  await twilio.forgetTask(call.taskSid);
  await twilio.hangup(call.callSid);
  await accept(reservation).catch(() => {});
  await until(() => roomsOf(call.taskSid).length === 0, "no room is left");
});

test("a customer's conference is out of reach", async () => {
  const caller = somebody();
  const { agent: callee, ...customer } = customerCall();
  for (const fields of [{ taskSid: customer.taskSid }, { taskSid: customer.taskSid, conferenceSid: customer.conferenceSid }]) {
    for (const path of Object.values(CLEANUP)) {
      for (const agent of [caller.name, callee.name, "dave"]) {
        const answer = await edge.post(path, agent, fields);
        assert.equal(answer.status, 403, `${path} ${agent}`);
      }
    }
  }
  const stranger = await edge.post(HOLD.T, caller.name, { conference: customer.conferenceSid, participant: customer.customerCallSid, hold: true });
  assert.equal(stranger.status, 403);
  const owner = await edge.post(HOLD.T, callee.name, { conference: customer.conferenceSid, participant: customer.customerCallSid, hold: true });
  assert.equal(owner.status, 200, JSON.stringify(owner.body));
  assert.equal(roomsOf(customer.taskSid).length, 1);
});

test("the link cannot be written as long as Twilio delivers: the gate writes it, and whoever rings can decline", async () => {
  const call = dialled();
  const fault = twilio.addFault({ operationId: "UpdateTask", contains: call.taskSid, times: 0, fault: "no-answer" });
  Object.assign(call, await call.ring());
  const { task, reservation } = await ringing(call);
  await pause(17_000);
  assert.equal(roomsOf(call.taskSid).length, 1);
  twilio.removeFault(fault.id);
  await until(() => taskOf(call.taskSid).attributes.conference?.participants?.taskSid === task.sid, "the link", 30_000);
  await twilio.reject(reservation);
  await until(async () => (await edge.post(CLEANUP.IL, call.callee.name, { taskSid: task.sid })).status === 200, "the callee may end it");
  await until(() => roomsOf(call.taskSid).length === 0, "the room ends");
  await becomes(call.taskSid, "wrapping", "the caller wraps up");
});

test("the caller's own reject is cleaned up", async () => {
  const [caller, callee] = [somebody(), somebody()];
  const task = await twilio.createTask({ workflowSid: twilio.seed.OUTBOUND_WORKFLOW_SID, channel: "voice", routingTarget: caller.workerSid, attributes: { client_call: true, to: `client:${callee.name}`, targetWorker: `client:${caller.name}`, direction: "outbound" } });
  const answer = await edge.post(CLEANUP.T, caller.name, { taskSid: task.sid, conferenceSid: "undefined" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(statusOf(task.sid), "canceled");
});

test("TwiML is what twilio-node writes", async () => {
  const sid = "WT0123456789abcdef0123456789abcdef";
  for (const [path, query] of [["agent-outbound-join", "taskSid"], ["agent-join-conference", "conferenceName"]]) {
    const url = `${edge.url}/voice/${path}?${query}=${sid}`;
    for (const method of ["GET", "POST"]) {
      const body = method === "POST" ? { CallSid: "CA0123456789abcdef0123456789abcdef", From: "client:naïve ☎" } : {};
      const signature = twilioNode.getExpectedTwilioSignature(twilio.seed.AUTH_TOKEN, url, body);
      const response = await fetch(url, { method, headers: { "X-Twilio-Signature": signature }, body: method === "POST" ? new URLSearchParams(body) : undefined });
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/xml/);
      const voice = new twilioNode.twiml.VoiceResponse();
      voice.dial().conference({ statusCallback: `${edge.url}/voice/call-outbound-join#rc=3&rp=ct,rt,5xx`, statusCallbackEvent: ["join", "end"], endConferenceOnExit: true }, sid);
      const sorted = (xml) => xml.replace(/<(\w+) ([^>]*?)>/g, (_, name, attributes) => `<${name} ${attributes.match(/\S+="[^"]*"/g).sort().join(" ")}>`);
      assert.equal(sorted(await response.text()), sorted(voice.toString()));
    }
  }
});

test("twenty deliveries of the same webhook at once make one task", async () => {
  const calls = Array.from({ length: 10 }, () => dialled());
  for (const { taskSid } of calls) twilio.webhookMode({ mode: "simultaneous", contains: taskSid });
  await Promise.all(calls.map(async (call) => Object.assign(call, await call.ring())));
  for (const call of calls) {
    await ringing(call);
    assert.equal(calleesOf(call.taskSid).length, 1);
    await twilio.hangup(call.callSid);
  }
  for (const call of calls) await twilio.settle({ contains: call.taskSid });
});

test("a field cannot carry an operation of its own", async () => {
  const caller = somebody();
  const evil = `x\x1e99\x1fkv_put\x1fpin/${caller.name}/evil\x1f\x1f1 evil\x1f\x1e`;
  const answer = await edge.post("/common/flex/programmable-voice/add-participant", caller.name, { taskSid: evil, to: "+15551230001", from: "+15550001111" });
  assert.ok(answer.status >= 400 && answer.body.success === false, JSON.stringify(answer.body));
  const pins = await edge.post("/internal-chat/list-pins", caller.name);
  assert.deepEqual(pins.body.pins, []);
});

test("twenty first uses of a token at once share one question to Twilio", async () => {
  const caller = somebody();
  const since = twilio.journal({}).entries.at(-1).seq;
  const answers = await Promise.all(Array.from({ length: 20 }, () => edge.post(HOLD.IL, caller.name, {})));
  for (const { status, body } of answers) assert.deepEqual([status, body.field], [400, "participant"]);
  const asked = twilio.journal({ since, operationId: "ValidateFlexToken" }).entries;
  assert.equal(asked.length, 1);
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
