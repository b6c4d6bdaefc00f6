// Calls that Flex runs by itself: applications, queues, conferences of TaskRouter's, transfers.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { account, alice, answers, attributes, get, post, received, refusal, seed, twilio, workerUrl, workspace } from "./stage.mjs";

const APP = `app:${seed.INTERNAL_CALL_APP_SID}`;
const task = (to) => JSON.stringify({ internal_call: "native", worker_sid: to, name: "Alice & Co", to: "mine" });
const enqueue = (json, more = "") =>
  `<Response><Enqueue workflowSid="${seed.INTERNAL_CALL_WORKFLOW_SID}" waitUrl="internal-call/ring" action="internal-call/left" ${more}>` +
  `<Task timeout="60">${json.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</Task></Enqueue></Response>`;
const WAV = { type: "audio/wav", content: Buffer.from("RIFF\x04\0\0\0WAVE", "latin1") };
const asked = (path) => received.filter((request) => request.path === path);
const queued = () => Object.values(twilio.state().tasks).find((found) => found.attributes.internal_call === "native");

describe("calls that Flex runs", () => {
  beforeEach(() => {
    twilio.connect();
    answers["/voice/internal-call"] = () => enqueue(task(seed.WORKERS.bob.sid));
    answers["/voice/internal-call/ring"] = () => '<Response><Play loop="0">tone.wav</Play></Response>';
    answers["/voice/internal-call/tone.wav"] = () => WAV;
    answers["/voice/internal-call/left"] = () => "<Response><Hangup/></Response>";
  });
  const dial = (more = {}) => twilio.outboundCall({ from: "alice", to: `${APP}?t=ticket%20one&x=1`, ...more });

  test("an application is asked for its TwiML with the parameters, and its caller waits as a task", async () => {
    const call = await dial({ attributes: { conversations: { conversation_id: "c1" } } });
    await twilio.settle();
    const [{ fields, signed }] = asked("/voice/internal-call");
    assert.ok(signed);
    assert.deepEqual(
      [fields.t, fields.x, fields.ApplicationSid, fields.CallSid, fields.ParentCallSid, fields.From, fields.CallStatus],
      ["ticket one", "1", seed.INTERNAL_CALL_APP_SID, call.farCallSid, call.customerCallSid, seed.CALLER_ID, "ringing"],
    );
    const waiting = queued();
    assert.deepEqual(
      [waiting.channel, waiting.attributes.call_sid, waiting.attributes.to, waiting.attributes.name, waiting.reservations[0].worker],
      ["voice", call.farCallSid, seed.INTERNAL_CALL_APP_SID, "Alice & Co", "bob"],
    );
    assert.equal((await get(`${workspace}/Tasks/${waiting.sid}`)).body.timeout, 60);
    const [ring] = asked("/voice/internal-call/ring");
    assert.ok(ring.signed && /^QU/.test(ring.fields.QueueSid));
    assert.deepEqual([call.callStatus, attributes(call.taskSid).conference.sid], ["in-progress", call.conferenceSid]);
  });

  test("who waits hears what `<Play>` names, and the debugger is told when it is no audio", async () => {
    const tone = "/voice/internal-call/tone.wav";
    const hears = ({ farCallSid }) => twilio.state().calls.find(({ sid }) => sid === farCallSid).playing;
    const alerts = () => twilio.journal({ kind: "alert" }).entries.map(({ message }) => message);
    const call = await dial();
    await twilio.settle();
    assert.deepEqual([hears(call), alerts(), asked(tone).length], [workerUrl(tone), [], 1]);
    await twilio.accept(queued().reservations[0].sid, { options: { From: seed.CALLER_ID } });
    await twilio.settle();
    assert.equal(hears(call), null, "who talks hears no ringing");
    const wrong = [
      [{ status: 404 }, "11200 Play: 404"],
      [{ ...WAV, type: "text/html; charset=utf-8" }, "13420 Play: Invalid Content-Type: text/html"],
      [{ type: "audio/wav", content: "ID3" }, "11200 Play: the content is not audio/wav"],
    ];
    // What follows is played then, in the queue and elsewhere.
    answers["/voice/internal-call/ring"] = () => `<Response><Play loop="0">${workerUrl(tone)}</Play><Leave/></Response>`;
    for (const [answer, message] of wrong) {
      twilio.reset();
      twilio.connect();
      received.splice(0);
      answers[tone] = () => answer;
      const unheard = await dial();
      await twilio.settle();
      assert.deepEqual([alerts(), hears(unheard)], [[message], null]);
      assert.equal(asked("/voice/internal-call/left")[0].fields.QueueResult, "leave");
    }
    twilio.clearJournal();
    const { customerCallSid } = twilio.customerCall({ agent: "alice" });
    await post(`${account}/Calls/${customerCallSid}.json`, { Twiml: "<Response><Play>no url</Play><Hangup/></Response>" });
    await twilio.settle();
    assert.deepEqual(alerts(), ["11100 Play: no url is no URL"]);
    assert.equal((await get(`${account}/Calls/${customerCallSid}.json`)).body.status, "completed");
  });

  test("the called agent accepts, holds, and hangs up: both sides end", async () => {
    const call = await dial();
    const waiting = queued();
    const accepted = await twilio.accept(waiting.reservations[0].sid, { options: { From: seed.CALLER_ID } });
    assert.notEqual(accepted.conferenceSid, call.conferenceSid);
    assert.equal(accepted.customerCallSid, call.farCallSid);
    twilio.changeLeg(waiting.sid, { who: accepted.customerCallSid, hold: true });
    assert.equal(
      (await get(`${account}/Conferences/${accepted.conferenceSid}/Participants.json`, { Hold: "true" })).body.participants.length,
      1,
    );
    twilio.hangup(accepted.callSid);
    await twilio.settle();
    const { tasks, conferences } = twilio.state();
    assert.deepEqual(
      tasks.map((found) => found.assignment_status),
      ["wrapping", "wrapping"],
    );
    assert.deepEqual(
      conferences.map(({ status }) => status),
      ["completed", "completed"],
    );
    assert.deepEqual(asked("/voice/internal-call/left"), [], "who was taken from the queue leaves it silently");
  });

  test("the agent's leg fails for an application as caller ID", async () => {
    await dial();
    const waiting = queued();
    const accepted = await twilio.accept(waiting.reservations[0].sid);
    assert.equal(accepted.callStatus, "failed");
    assert.deepEqual(
      twilio.task(waiting.sid).reservations.map(({ status }) => status),
      ["canceled"],
    );
    await twilio.settle();
    assert.ok(asked("/taskrouter/events").some(({ fields }) => fields.EventType === "reservation.failed"));
  });

  test("a caller who gives up takes the task along; a leg that is ended through the API too", async () => {
    const call = await dial();
    twilio.hangup(call.callSid);
    await twilio.settle();
    assert.deepEqual([queued().assignment_status, queued().reason], ["canceled", "hangup"]);
    const [{ fields }] = asked("/voice/internal-call/left");
    assert.deepEqual([fields.QueueResult, fields.CallSid, fields.CallStatus], ["hangup", call.farCallSid, "completed"]);
    twilio.reset();
    twilio.connect();
    const second = await dial();
    assert.equal((await post(`${account}/Calls/${second.farCallSid}.json`, { Status: "completed" })).status, 200);
    await twilio.settle();
    assert.equal(twilio.task(second.taskSid).assignment_status, "wrapping");
    assert.equal((await get(`${account}/Calls/${second.callSid}.json`)).body.status, "completed");
  });

  test("an application that TwiML dials gets its parameters too", async () => {
    const { customerCallSid } = twilio.customerCall({ agent: "alice" });
    answers["/voice/internal-call"] = () => "<Response><Say>Hello</Say></Response>";
    const parameter = '<Parameter name="b" value="c d"/>';
    const Twiml = `<Response><Dial><Application><ApplicationSid>${seed.INTERNAL_CALL_APP_SID}</ApplicationSid>${parameter}</Application></Dial></Response>`;
    await post(`${account}/Calls/${customerCallSid}.json`, { Twiml });
    await twilio.settle();
    assert.equal(asked("/voice/internal-call")[0].fields.b, "c d");
    const { calls } = (await get(`${account}/Calls.json`, { ParentCallSid: customerCallSid })).body;
    assert.deepEqual([calls[0].to, calls[0].status], [APP, "completed"]);
  });

  test("a task that is canceled leaves its caller waiting", async () => {
    const call = await dial();
    twilio.cancel(queued().sid);
    await twilio.settle();
    assert.equal((await get(`${account}/Calls/${call.farCallSid}.json`)).body.status, "in-progress");
  });

  test("who waits is sent elsewhere, or leaves by what the music says", async () => {
    const call = await dial();
    answers["/elsewhere"] = () => "<Response><Say>Goodbye</Say><Pause/></Response>";
    assert.equal((await post(`${account}/Calls/${call.farCallSid}.json`, { Url: workerUrl("/elsewhere") })).status, 200);
    await twilio.settle();
    assert.equal(asked("/voice/internal-call/left")[0].fields.QueueResult, "redirected");
    assert.equal(asked("/elsewhere").length, 1);
    twilio.reset();
    twilio.connect();
    received.splice(0);
    answers["/voice/internal-call/ring"] = () => "<Response><Leave/></Response>";
    await dial();
    await twilio.settle();
    assert.equal(asked("/voice/internal-call/left")[0].fields.QueueResult, "leave");
  });

  test("a rejection, TwiML that cannot be had, an application that leads nowhere", async () => {
    answers["/voice/internal-call"] = () => '<Response><Reject reason="busy"/></Response>';
    const busy = await dial();
    await twilio.settle();
    assert.deepEqual([busy.callStatus, twilio.task(busy.taskSid).assignment_status], ["busy", "wrapping"]);
    answers["/voice/internal-call"] = () => ({ status: 500 });
    assert.equal((await dial()).callStatus, "failed");
    answers["/voice/internal-call"] = () => enqueue("[1]");
    const refused = await dial();
    await twilio.settle();
    assert.equal((await get(`${account}/Calls/${refused.customerCallSid}.json`)).body.status, "completed");
    assert.equal(asked("/voice/internal-call/left").at(-1).fields.QueueResult, "error");
    assert.equal((await twilio.outboundCall({ from: "alice", to: `app:AP${"9".repeat(32)}` })).callStatus, "failed");
  });

  test("over REST: conference with what it needs, an external participant that is an application, busy and ringing telephones", async () => {
    const made = await post(`${workspace}/Tasks`, {
      WorkflowSid: seed.OUTBOUND_WORKFLOW_SID,
      RoutingTarget: alice,
      TaskChannel: "voice",
      Attributes: JSON.stringify({ direction: "outbound", from: seed.CALLER_ID }),
    });
    const at = `${workspace}/Tasks/${made.body.sid}`;
    const [{ sid }] = twilio.task(made.body.sid).reservations;
    const conference = {
      Instruction: "conference",
      From: seed.CALLER_ID,
      EndConferenceOnExit: "true",
      EndConferenceOnCustomerExit: "true",
    };
    assert.deepEqual(refusal(await post(`${at}/Reservations/${sid}`, conference)), [400, 40142]);
    await post(at, { Attributes: JSON.stringify({ direction: "outbound", from: seed.CALLER_ID, outbound_to: "+15551239999" }) });
    assert.equal((await post(`${at}/Reservations/${sid}`, conference)).status, 200);
    await twilio.settle();
    const [room] = twilio.state().conferences;
    assert.deepEqual([room.friendlyName, room.participants.map(({ to }) => to)], [made.body.sid, ["client:alice", "+15551239999"]]);
    const participants = `${account}/Conferences/${room.sid}/Participants.json`;
    await post(participants, { From: seed.CALLER_ID, To: `${APP}?t=x` });
    twilio.setPhone({ number: "+15551238888", answer: "ringing" });
    const ringing = await post(participants, { From: seed.CALLER_ID, To: "+15551238888", Label: "guest" });
    await twilio.settle();
    assert.equal(twilio.state().conferences[0].participants.length, 4);
    assert.equal((await get(`${account}/Calls/${ringing.body.call_sid}.json`)).body.status, "ringing");
    assert.equal((await post(`${account}/Calls/${ringing.body.call_sid}.json`, { Status: "completed" })).body.status, "canceled");
    assert.equal(twilio.state().conferences[0].participants.length, 3);
    const { callSid } = twilio.addToCall(made.body.sid, { to: "+15551237777" });
    await twilio.settle();
    twilio.changeLeg(made.body.sid, { who: callSid, kick: true });
    await twilio.settle();
    assert.equal((await get(`${account}/Calls/${callSid}.json`)).body.status, "completed");
    assert.equal(asked("/voice/internal-call").length, 1);
  });

  test("a warm transfer, then a cold one to a queue, and one that nobody takes", async () => {
    const call = twilio.customerCall({ agent: "alice" });
    const statuses = () => twilio.task(call.taskSid).reservations.map(({ worker, status }) => `${worker} ${status}`);
    const first = twilio.transfer(call.reservationSid, { to: "bob", attributes: { note: "x" } });
    assert.deepEqual([statuses(), twilio.task(call.taskSid).assignment_status], [["alice accepted", "bob pending"], "assigned"]);
    assert.throws(() => twilio.transfer(call.reservationSid, { to: "dave" }), /under way/);
    await twilio.accept(first.reservationSid);
    assert.equal(twilio.state().conferences[0].participants.length, 3);
    twilio.hangup(call.callSid);
    await twilio.settle();
    assert.deepEqual([statuses(), twilio.task(call.taskSid).assignment_status], [["alice wrapping", "bob accepted"], "assigned"]);
    const cold = twilio.transfer(first.reservationSid, { to: "Sales", mode: "COLD" });
    await twilio.settle();
    assert.deepEqual(statuses(), ["alice wrapping", "bob wrapping", "carol pending"]);
    assert.deepEqual([twilio.task(call.taskSid).assignment_status, twilio.state().conferences[0].participants[0].hold], ["assigned", true]);
    twilio.reject(cold.reservationSid);
    assert.deepEqual(statuses().slice(2), ["carol rejected", "erin pending"]);
    const [, , , { sid }] = twilio.task(call.taskSid).reservations;
    await twilio.accept(sid);
    assert.equal(twilio.state().conferences[0].participants[0].hold, false);
    const last = twilio.transfer(sid, { to: "dave", mode: "COLD" });
    twilio.reject(last.reservationSid);
    await twilio.settle();
    assert.equal(twilio.state().conferences[0].status, "completed", "nobody leaves the customer with the music");
    assert.equal(twilio.task(call.taskSid).assignment_status, "wrapping");
    const types = asked("/taskrouter/events").map(({ fields }) => fields.EventType);
    for (const name of ["initiated", "completed", "attempt-failed", "failed"]) assert.ok(types.includes(`task.transfer-${name}`), name);
  });

  test("a transfer is canceled, and one without a conference refused", async () => {
    const call = twilio.customerCall({ agent: "alice" });
    const { transferSid, reservationSid } = twilio.transfer(call.reservationSid, { to: "bob" });
    twilio.cancelTransfer(transferSid);
    assert.equal(twilio.task(call.taskSid).reservations.find(({ sid }) => sid === reservationSid).status, "canceled");
    assert.equal(twilio.task(call.taskSid).assignment_status, "assigned");
    const chat = twilio.chat({ agent: "alice" });
    assert.throws(() => twilio.transfer(chat.reservationSid, { to: "bob" }), /conference_sid/);
  });
});
