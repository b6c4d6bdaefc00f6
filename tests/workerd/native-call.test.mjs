// Calls between agents that Flex runs by itself, end to end: ticket, application, task, what is declined.
import assert from "node:assert/strict";
import { test } from "node:test";
import twilioNode from "twilio";

import "./static-files.mjs";
import { ringback } from "../../dev/ringback.mjs";
import { nativeCall as ringing, readCall as callOf, ticketFor } from "./calls.mjs";
import { until } from "./clock.mjs";
import { edge, OVER, somebody, statusOf, twilio } from "./shared.mjs";

const { ACCOUNT_SID, AUTH_TOKEN, CALLER_ID, INTERNAL_CALL_APP_SID, INTERNAL_CALL_WORKFLOW_SID } = twilio.seed;
const VOICE_URL = `${edge.url}/voice/internal-call`;

test("the application and the event callback lead to the Worker", () => twilio.connect({ url: edge.url }));

const isOver = async ({ call, task }) => {
  await until(async () => (await callOf(call.farCallSid)).status === "completed", "the caller's leg ends");
  await until(() => OVER.includes(statusOf(task.sid)) && OVER.includes(statusOf(call.taskSid)), "both tasks end");
};

/** What Twilio's webhook gets; `fields` are signed. */
async function webhook(path, fields) {
  const url = `${edge.url}${path}`;
  const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": twilioNode.getExpectedTwilioSignature(AUTH_TOKEN, url, fields) };
  const answer = await edge.ask(path, { method: "POST", headers, body: String(new URLSearchParams(fields)) });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}
const callSid = () => `CA${crypto.randomUUID().replaceAll("-", "")}`;
const sorted = (xml) => xml.replace(/<(\w+) ([^>]*?)>/g, (_, name, attributes) => `<${name} ${attributes.match(/\S+="[^"]*"/g).sort().join(" ")}>`);

test("a call rings at the called agent's, is taken, and ends for both", async () => {
  const { caller, callee, call, task, reservation } = await ringing();
  assert.deepEqual([reservation.worker, task.attributes.caller_worker_sid, task.attributes.worker_sid], [callee.name, caller.workerSid, callee.workerSid]);
  assert.equal(task.attributes.client_call, undefined);
  const accepted = await twilio.accept(reservation.sid, { options: { From: CALLER_ID } });
  assert.equal(accepted.customerCallSid, call.farCallSid);
  assert.notEqual(accepted.conferenceSid, call.conferenceSid);
  twilio.hangup(accepted.callSid);
  await isOver({ call, task });
});

test("the caller hears the ringing tone until somebody takes the call", async () => {
  const { call, reservation } = await ringing();
  await twilio.settle({ contains: call.farCallSid });
  const heard = () => twilio.state().calls.find(({ sid }) => sid === call.farCallSid).playing;
  assert.equal(heard(), `${VOICE_URL}/ringback.wav`);
  assert.deepEqual(twilio.journal({ kind: "alert", contains: call.farCallSid }).entries, []);
  const answer = await fetch(heard());
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "audio/wav"]);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), ringback(), "write it anew: node dev/ringback.mjs");
  const { callSid } = await twilio.accept(reservation.sid, { options: { From: CALLER_ID } });
  assert.equal(heard(), null);
  twilio.hangup(callSid);
});

test("who declines, or does not answer, ends the call", async () => {
  for (const end of [(it) => twilio.reject(it.reservation.sid), (it) => twilio.cancel(it.task.sid)]) {
    const it = await ringing();
    await end(it);
    await isOver(it);
  }
});

test("a transfer that is declined ends nothing", async () => {
  const it = await ringing();
  const third = somebody();
  await twilio.accept(it.reservation.sid, { options: { From: CALLER_ID } });
  await twilio.settle({ contains: it.task.sid });
  await twilio.transfer(it.reservation.sid, { to: third.workerSid, mode: "WARM" });
  const offered = await until(() => twilio.task(it.task.sid).reservations.find(({ worker }) => worker === third.name), "the third agent is asked");
  await twilio.reject(offered.sid);
  await twilio.settle({ contains: it.task.sid });
  assert.equal((await callOf(it.call.farCallSid)).status, "in-progress");
  assert.equal(statusOf(it.task.sid), "assigned");
});

test("forged attributes end nobody's call", async () => {
  const [victim, eve] = [await ringing(), await ringing()];
  const path = "/taskrouter/events";
  const attributes = JSON.stringify({ ...eve.task.attributes, call_sid: victim.call.farCallSid, conversations: victim.task.attributes.conversations });
  const tell = async (EventType, TaskSid) => {
    const fields = { EventType, TaskSid, WorkflowSid: INTERNAL_CALL_WORKFLOW_SID, TaskAttributes: attributes };
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": twilioNode.getExpectedTwilioSignature(AUTH_TOKEN, edge.url + path, fields) };
    assert.equal((await fetch(edge.url + path, { method: "POST", headers, body: String(new URLSearchParams(fields)) })).status, 204);
  };
  for (const type of ["task.created", "reservation.rejected", "task.canceled"]) await tell(type, `WT${"e".repeat(32)}`);
  await tell("reservation.rejected", eve.task.sid);
  await isOver(eve); // it was their own
  assert.equal((await callOf(victim.call.farCallSid)).status, "in-progress");
  assert.ok(["pending", "reserved"].includes(statusOf(victim.task.sid)));
});

test("TwiML is what twilio-node writes", async () => {
  const [caller, callee] = [somebody(), somebody()];
  const { ticket, taskAttributes } = await ticketFor(caller, callee);
  const CallSid = callSid();
  const answer = await webhook("/voice/internal-call", { CallSid, t: ticket, From: "client:naïve ☎" });
  const expected = new twilioNode.twiml.VoiceResponse();
  const attributes = {
    internal_call: "native",
    worker_sid: callee.workerSid,
    name: JSON.parse(/<Task[^>]*>(.*)<\/Task>/.exec(answer)[1]).name,
    caller_worker_sid: caller.workerSid,
    conversations: taskAttributes.conversations,
  };
  expected
    .enqueue({ workflowSid: INTERNAL_CALL_WORKFLOW_SID, waitUrl: `${VOICE_URL}/ring`, action: `${VOICE_URL}/left` })
    .task({ timeout: 60 }, JSON.stringify(attributes));
  assert.equal(sorted(answer), sorted(expected.toString()));
  const rejected = new twilioNode.twiml.VoiceResponse();
  rejected.reject();
  assert.equal(await webhook("/voice/internal-call", { CallSid: callSid(), t: ticket }), rejected.toString());
  const left = new twilioNode.twiml.VoiceResponse();
  left.say({ language: "en-US" }, "Your colleague is not available.");
  left.say({ language: "pt-BR" }, "Seu colega não está disponível.");
  left.hangup();
  assert.equal(await webhook("/voice/internal-call/left", { CallSid, QueueResult: "redirected" }), left.toString());
  const ring = new twilioNode.twiml.VoiceResponse();
  ring.play({ loop: 0 }, `${VOICE_URL}/ringback.wav`);
  ring.say({ language: "en-US" }, "Calling. Please wait.");
  ring.say({ language: "pt-BR" }, "Chamando. Aguarde, por favor.");
  ring.pause({ length: 10 });
  assert.equal(await webhook("/voice/internal-call/ring", { CallSid, QueueTime: "10" }), ring.toString());
});

test("twenty deliveries at once open once; twenty thieves at once get in once", async () => {
  const [caller, callee] = [somebody(), somebody()];
  const first = await ticketFor(caller, callee);
  const CallSid = callSid();
  const same = await Promise.all(Array.from({ length: 20 }, () => webhook("/voice/internal-call", { CallSid, t: first.ticket })));
  assert.equal(new Set(same).size, 1);
  assert.match(same[0], /<Enqueue/);
  const second = await ticketFor(caller, callee);
  const others = await Promise.all(Array.from({ length: 20 }, () => webhook("/voice/internal-call", { CallSid: callSid(), t: second.ticket })));
  assert.equal(others.filter((answer) => answer.includes("<Enqueue")).length, 1);
});

test("nobody comes in without a ticket: by hand, forged, unsigned", async () => {
  const [caller, callee] = [somebody(), somebody()];
  const { ticket } = await ticketFor(caller, callee);
  const text = Buffer.from(ticket, "base64url").toString();
  const forged = Buffer.from(text.replace(callee.workerSid, caller.workerSid)).toString("base64url");
  for (const fields of [{}, { t: forged }, { worker_sid: callee.workerSid }, { t: "null" }])
    assert.match(await webhook("/voice/internal-call", { CallSid: callSid(), ...fields }), /<Response><Reject\/>/);
  const unsigned = await edge.ask("/voice/internal-call", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: `CallSid=${callSid()}&t=${ticket}` });
  assert.equal(unsigned.status, 403);
  const byHand = await twilio.outboundCall({ from: caller.name, to: `app:${INTERNAL_CALL_APP_SID}?worker_sid=${callee.workerSid}` });
  assert.notEqual(byHand.callStatus, "in-progress");
  assert.match(await webhook("/voice/internal-call", { CallSid: callSid(), t: ticket }), /<Enqueue/);
});

test("who cannot be called is told why; every request is one that Twilio knows", async () => {
  const caller = somebody();
  const ask = (fields) => edge.post("/internal-call/start", caller.name, fields);
  const self = await ask({ workerSid: caller.workerSid });
  assert.deepEqual([self.status, self.body.reason], [409, "self"]);
  const unknown = await ask({ workerSid: `WK${"f".repeat(32)}` });
  assert.deepEqual([unknown.status, unknown.body.reason], [409, "unknown"]);
  const away = await ask({ workerSid: somebody({ activity: "Offline" }).workerSid });
  assert.deepEqual([away.status, away.body.reason], [409, "unavailable"]);
  edge.assertValid();
});

test("the local Twilio tells of no more events", async () => {
  // The tests that share this Twilio count its calls, and know of no events.
  const { WORKSPACE_SID } = twilio.seed;
  const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString("base64")}`;
  const body = new URLSearchParams({ EventCallbackUrl: "" });
  const answer = await fetch(`${twilio.url}/taskrouter/v1/Workspaces/${WORKSPACE_SID}`, { method: "POST", headers: { authorization }, body });
  assert.equal((await answer.json()).event_callback_url || null, null);
});
