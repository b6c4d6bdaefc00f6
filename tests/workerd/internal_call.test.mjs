// One agent calls another, end to end: the peers' own requests, twice, at once, and with
// every Twilio call failing in turn.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import twilioNode from "twilio";

import { startEdge } from "./edge.mjs";

const PREFIX = { IL: "/voice", T: "/features/internal-call/common", D: "/internal-call" };
const CLEANUP = { IL: "/voice/cleanup-rejected-task", T: "/features/internal-call/flex/cleanup-rejected-task", D: "/internal-call/cleanup-rejected-task" };
const HOLD = { IL: "/voice/hold-participant", T: "/common/flex/programmable-voice/hold-participant", D: "/internal-call/hold-call" };

let edge;
let twilio;
before(async () => {
  edge = await startEdge();
  twilio = edge.twilio;
});
after(async () => {
  await edge?.stop();
});

let people = 0;
// Two agents of their own, so that cases can run side by side.
async function pair() {
  const number = ++people;
  const add = (name) => twilio.addWorker({ name, attributes: { full_name: name, contact_uri: `client:${name}` } });
  const [caller, callee] = await Promise.all([add(`caller${number}`), add(`callee${number}`)]);
  return { caller, callee };
}

const state = () => twilio.state();
const calleesOf = async (caller) => (await state()).tasks.filter((task) => task.attributes.conferenceSid === caller);
const taskOf = async (sid) => (await state()).tasks.find((task) => task.sid === sid);
const roomOf = async (sid) => (await state()).conferences.filter((room) => room.friendlyName === sid && room.status !== "completed");

async function until(check, what, time = 15_000) {
  const end = Date.now() + time;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function placeCall({ dialect = "IL", ...options } = {}) {
  const { caller, callee } = await pair();
  const call = await twilio.internalCall({ from: caller.name, to: callee.name, dialect, base: edge.url + PREFIX[dialect], ...options });
  return { ...call, caller, callee, dialect };
}

async function ringing(call) {
  const task = await until(async () => (await calleesOf(call.taskSid)).find((t) => t.reservations.length > 0), "the callee rings");
  return { task, reservation: task.reservations[0].sid };
}

for (const dialect of Object.keys(PREFIX)) {
  test(`${dialect}: call, accept, hold, hang up`, async () => {
    const call = await placeCall({ dialect });
    const { task, reservation } = await ringing(call);
    assert.equal(task.attributes.client_call, true);
    assert.equal(task.attributes.targetWorker, `client:${call.callee.name}`);
    assert.equal(task.attributes.from, `client:${call.caller.name}`);
    const leg = await twilio.accept(reservation, { base: edge.url + PREFIX[dialect] });
    assert.equal(leg.conferenceSid, call.conferenceSid);
    const linked = await until(async () => (await taskOf(call.taskSid)).attributes.conference, "the link");
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
    await until(async () => (await taskOf(call.taskSid)).assignment_status === "wrapping", "the caller wraps up");
    await until(async () => (await taskOf(task.sid)).assignment_status === "wrapping", "the callee wraps up");
  });

  test(`${dialect}: the callee declines`, async () => {
    const call = await placeCall({ dialect });
    const { task, reservation } = await ringing(call);
    await twilio.reject(reservation, { dialect });
    const fields = dialect === "T" ? { taskSid: task.sid, conferenceSid: task.attributes.conference.sid } : { taskSid: call.taskSid };
    const cleaned = await edge.post(CLEANUP[dialect], call.callee.name, fields);
    assert.equal(cleaned.status, 200, JSON.stringify(cleaned.body));
    await until(async () => (await roomOf(call.taskSid)).length === 0, "the room ends");
    await until(async () => (await taskOf(call.taskSid)).assignment_status === "wrapping", "the caller wraps up");
    assert.ok(["canceled", "completed", "wrapping"].includes((await taskOf(task.sid)).assignment_status));
    // Once more: nothing left to do.
    assert.equal((await edge.post(CLEANUP[dialect], call.callee.name, fields)).status, 200);
  });
}

test("a SIP agent calls and is called, also when the leg is faster than TaskRouter", async () => {
  const sip = await twilio.addWorker({ name: "sipper", attributes: { full_name: "sipper", contact_uri: "sip:sipper@example.sip.twilio.com" } });
  const { callee } = await pair();
  const out = await twilio.internalCall({ from: sip.name, to: callee.name, base: `${edge.url}/voice`, workerCallSidDelayMs: 600 });
  assert.equal((await ringing(out)).task.attributes.from, "sip:sipper@example.sip.twilio.com");
  const into = await twilio.internalCall({ from: callee.name, to: sip.name, base: `${edge.url}/voice` });
  const { task } = await ringing(into);
  assert.equal(task.attributes.targetWorker, "sip:sipper@example.sip.twilio.com");
  const cleaned = await edge.post(CLEANUP.T, sip.name, { taskSid: task.sid });
  assert.equal(cleaned.status, 200, JSON.stringify(cleaned.body));
  await until(async () => (await roomOf(into.taskSid)).length === 0, "the room ends");
});

test("a queue is called", async () => {
  const { caller } = await pair();
  const call = await twilio.internalCall({ from: caller.name, queue: "Sales", dialect: "T", base: edge.url + PREFIX.T });
  const { task } = await ringing(call);
  assert.equal(task.attributes.callToQueue, "Sales");
  assert.equal(task.attributes.targetWorker, undefined);
  await twilio.hangup(call.callSid);
  await until(async () => (await taskOf(task.sid)).assignment_status === "canceled", "the queue stops ringing");
});

test("worker_call_sid never comes: the leg itself tells", async () => {
  const call = await placeCall({ workerCallSidDelayMs: 60_000 });
  await ringing(call);
  assert.equal((await calleesOf(call.taskSid)).length, 1);
});

test("the caller hangs up before the callee accepts: nobody rings on, nobody waits alone", async () => {
  const call = await placeCall();
  const { task, reservation } = await ringing(call);
  await twilio.hangup(call.callSid);
  await until(async () => (await taskOf(task.sid)).assignment_status === "canceled", "the callee stops ringing");
  assert.equal((await roomOf(call.taskSid)).length, 0);
  assert.ok(reservation);
});

test("the callee accepts in the moment the caller leaves: the new room is ended", async () => {
  const call = await placeCall();
  const { task, reservation } = await ringing(call);
  // The end of the first room is not heard of until the callee is in the second.
  await twilio.addFault({ operationId: "FetchTask", contains: task.sid, times: 1, fault: "slow:400" });
  await Promise.allSettled([twilio.hangup(call.callSid), twilio.accept(reservation, { base: `${edge.url}/voice` })]);
  await until(async () => (await roomOf(call.taskSid)).length === 0, "no room is left");
  await until(async () => ["canceled", "wrapping", "completed"].includes((await taskOf(task.sid)).assignment_status), "the callee's task ends");
});

test("the caller's task is gone: the callee does not sit alone", async () => {
  const call = await placeCall();
  const { reservation } = await ringing(call);
  await twilio.forgetTask(call.taskSid);
  await twilio.hangup(call.callSid);
  await twilio.accept(reservation, { base: `${edge.url}/voice` }).catch(() => {});
  await until(async () => (await roomOf(call.taskSid)).length === 0, "no room is left");
});

test("a customer's conference is out of reach", async () => {
  const { caller, callee } = await pair();
  const customer = await twilio.customerCall({ agent: callee.name });
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
  assert.equal((await roomOf(customer.taskSid)).length, 1);
});

test("the caller's own reject is cleaned up", async () => {
  const { caller, callee } = await pair();
  const task = await twilio.createTask({ workflowSid: "WW00000000000000000000000000000003", channel: "voice", routingTarget: caller.workerSid, attributes: { client_call: true, to: `client:${callee.name}`, targetWorker: `client:${caller.name}`, direction: "outbound" } });
  const answer = await edge.post(CLEANUP.T, caller.name, { taskSid: task.sid, conferenceSid: "undefined" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal((await taskOf(task.sid)).assignment_status, "canceled");
});

test("TwiML is what twilio-node writes", async () => {
  const sid = "WT0123456789abcdef0123456789abcdef";
  for (const [path, query] of [["agent-outbound-join", "taskSid"], ["agent-join-conference", "conferenceName"]]) {
    const url = `${edge.url}/voice/${path}?${query}=${sid}`;
    for (const method of ["GET", "POST"]) {
      const body = method === "POST" ? { CallSid: "CA0123456789abcdef0123456789abcdef", From: "client:naïve ☎" } : {};
      const signature = twilioNode.getExpectedTwilioSignature((await import("../../standin/accounts.mjs")).AUTH_TOKEN, url, body);
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
  await twilio.webhookMode({ mode: "simultaneous", contains: "call-outbound-join" });
  const calls = await Promise.all(Array.from({ length: 10 }, () => placeCall()));
  for (const call of calls) {
    await ringing(call);
    assert.equal((await calleesOf(call.taskSid)).length, 1);
    await twilio.hangup(call.callSid);
  }
  for (const call of calls) await twilio.settle({ contains: call.taskSid });
  await twilio.webhookMode({ mode: "once" });
});

test("a field cannot carry an operation of its own", async () => {
  const { caller } = await pair();
  const evil = `x\x1e99\x1fkv_put\x1fpin/${caller.name}/evil\x1f\x1f1 evil\x1f\x1e`;
  const answer = await edge.post("/common/flex/programmable-voice/add-participant", caller.name, { taskSid: evil, to: "+15551230001", from: "+15550001111" });
  assert.ok(answer.status >= 400 && answer.body.success === false, JSON.stringify(answer.body));
  const pins = await edge.post("/internal-chat/list-pins", caller.name);
  assert.deepEqual(pins.body.pins, []);
});

test("twenty first uses of a token at once share one question to Twilio", async () => {
  const { caller } = await pair();
  const since = twilio.journal({}).entries.at(-1).seq;
  const answers = await Promise.all(Array.from({ length: 20 }, () => edge.post(HOLD.IL, caller.name, {})));
  for (const { status, body } of answers) assert.deepEqual([status, body.field], [400, "conference"]);
  const asked = twilio.journal({ since, operationId: "ValidateFlexToken" }).entries;
  assert.equal(asked.length, 1);
});

// --- The fault matrix -------------------------------------------------------------------

const FAULTS = [400, 404, 412, 429, 503, 500, "lost-before", "lost-after", "no-answer"];
const DELIVERIES = ["once", "twice", "simultaneous"];
// Which of the Worker's calls fails, in each flow.
const JOIN = ["FetchTask", "CreateTask", "UpdateTask"];
const END = [{ operationId: "FetchTask", nth: 1 }, { operationId: "FetchTask", nth: 2 }, { operationId: "UpdateTask", nth: 1 }, { operationId: "UpdateTask", nth: 2 }];

async function allOf(cases, work, width = 30) {
  const left = [...cases];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let next = left.shift(); next; next = left.shift()) await work(next);
  }));
}

// What must hold of a call, whatever failed: at most one callee task, and the caller's
// link, when there is one, leads to it; others' attributes are still there.
async function invariants(call, what) {
  const callees = await calleesOf(call.taskSid);
  assert.ok(callees.length <= 1, `${what}: ${callees.length} callee tasks`);
  const caller = await taskOf(call.taskSid);
  assert.equal(caller.attributes.foreign?.kept, "1.0", `${what}: a foreign attribute is lost`);
  assert.equal(caller.attributes.to, `client:${call.callee.name}`, what);
  return { caller, callee: callees[0] };
}

for (const delivery of DELIVERIES) test(`the fault matrix of joining and ending, webhooks delivered ${delivery}`, async (t) => {
  const cases = [];
  for (const fault of FAULTS) {
    for (const operationId of JOIN) for (const times of [1, 0]) cases.push({ flow: "join", fault, operationId, nth: 1, times });
    for (const call of END) cases.push({ flow: "end", fault, ...call, times: 1 });
  }
  await twilio.webhookMode({ mode: delivery, contains: "call-outbound-join" });
  await allOf(cases, async ({ flow, fault, operationId, nth, times }) => {
    const what = `${flow}: ${operationId} ${nth} ${fault} ${times ? "once" : "always"}, delivered ${delivery}`;
    const { caller, callee } = await pair();
    const attributes = { foreign: { kept: "1.0" } };
    const scope = `client:${caller.name}"`;
    if (flow === "join") {
      // The caller's task is read by its SID, which is not known yet: so the call is placed
      // with a late worker_call_sid, and the fault set before the Worker goes on.
      const call = { ...(await twilio.internalCall({ from: caller.name, to: callee.name, base: `${edge.url}/voice`, attributes, workerCallSidDelayMs: 150 })), caller, callee };
      const fault1 = await twilio.addFault({ operationId, contains: operationId === "CreateTask" ? scope.slice(0, -1) : call.taskSid, nth, times, fault, retryAfter: 1 });
      await twilio.settle({ timeoutMs: 40_000, contains: call.taskSid });
      const { callee: task, caller: mine } = await invariants(call, what);
      const rooms = await roomOf(call.taskSid);
      if (times === 1) {
        // A passing fault is overcome, by ourselves or by the next delivery, or the caller
        // is let go: never does one wait for somebody who is not called.
        if (rooms.length > 0) assert.ok(task && ["pending", "reserved"].includes(task.assignment_status), `${what}: the caller waits for nobody`);
        else assert.ok(!task || !["pending", "reserved", "assigned"].includes(task.assignment_status), `${what}: a ghost rings`);
      }
      await twilio.removeFault(fault1.id);
      if (rooms.length > 0) await twilio.hangup(call.callSid);
      await twilio.settle({ timeoutMs: 40_000, contains: call.taskSid });
      const end = await invariants(call, what);
      assert.ok(!end.callee || !["pending", "reserved"].includes(end.callee.assignment_status), `${what}: still ringing after the end`);
      assert.ok(mine);
    } else {
      const call = { ...(await twilio.internalCall({ from: caller.name, to: callee.name, base: `${edge.url}/voice`, attributes })), caller, callee };
      const { task, reservation } = await ringing(call);
      await until(async () => (await taskOf(call.taskSid)).attributes.conference?.participants?.taskSid, `${what}: link`);
      await twilio.settle({ timeoutMs: 20_000, contains: call.taskSid });
      const isAnswered = nth === 2;
      const leg = isAnswered ? await twilio.accept(reservation, { base: `${edge.url}/voice` }) : null;
      await twilio.settle({ timeoutMs: 20_000, contains: call.taskSid });
      const rule = await twilio.addFault({ operationId, contains: [call.taskSid, task.sid][nth - 1], nth: 1, times, fault, retryAfter: 1 });
      await twilio.hangup(leg?.callSid ?? call.callSid);
      await twilio.settle({ timeoutMs: 40_000, contains: call.taskSid });
      await twilio.removeFault(rule.id);
      const { caller: mine, callee: theirs } = await invariants(call, what);
      // A 400 or 404 is Twilio's word that there is nothing to end.
      const isRefusal = fault === 400 || fault === 404;
      if (!isRefusal) {
        for (const ended of [mine, theirs]) assert.ok(["wrapping", "canceled", "completed"].includes(ended.assignment_status), `${what}: ${ended.assignment_status}`);
      }
    }
  });
  t.diagnostic(`${cases.length} cases of joining and ending`);
  assert.equal(cases.length, FAULTS.length * (JOIN.length * 2 + END.length));
  await twilio.webhookMode({ mode: "once" });
});

test("the fault matrix of clean-up and hold", async (t) => {
  const cases = [];
  for (const fault of FAULTS) {
    for (const repeat of ["once", "twice", "at once"]) {
      for (const operationId of ["ValidateFlexToken", "FetchTask", "ListConference", "UpdateConference"]) cases.push({ flow: "clean-up", operationId, fault, repeat });
      for (const operationId of ["ValidateFlexToken", "ListConference", "ListTaskReservation", "UpdateParticipant"]) cases.push({ flow: "hold", operationId, fault, repeat });
    }
  }
  await allOf(cases, async ({ flow, operationId, fault, repeat }) => {
    const what = `${flow}: ${operationId} ${fault} ${repeat}`;
    const { caller, callee } = await pair();
    const call = { ...(await twilio.internalCall({ from: caller.name, to: callee.name, base: `${edge.url}/voice`, attributes: { foreign: { kept: "1.0" } } })), caller, callee };
    const { task, reservation } = await ringing(call);
    const customer = await twilio.customerCall({ agent: callee.name });
    const leg = flow === "hold" ? await twilio.accept(reservation, { base: `${edge.url}/voice` }) : null;
    await twilio.settle({ timeoutMs: 20_000, contains: call.taskSid });
    const contains = { ValidateFlexToken: callee.token, FetchTask: task.sid, ListConference: call.taskSid, UpdateConference: call.conferenceSid, ListTaskReservation: call.taskSid, UpdateParticipant: leg?.callSid ?? "" }[operationId];
    const rule = await twilio.addFault({ operationId, contains, nth: 1, times: 1, fault, retryAfter: 1 });
    const ask = () => flow === "hold"
      ? edge.post(HOLD.IL, callee.name, { conference: call.taskSid, participant: leg.callSid, hold: true })
      : edge.post(CLEANUP.T, callee.name, { taskSid: task.sid });
    const answers = repeat === "at once" ? await Promise.all([ask(), ask(), ask()]) : [await ask()];
    if (repeat === "twice") answers.push(await ask());
    await twilio.removeFault(rule.id);
    await twilio.settle({ timeoutMs: 20_000, contains: call.taskSid });
    for (const answer of answers) {
      assert.equal(answer.body.success, answer.status === 200, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (answer.status !== 200) assert.ok(answer.body.message && answer.body.requestId, what);
    }
    await invariants(call, what);
    assert.equal((await roomOf(customer.taskSid)).length, 1, `${what}: a customer's conference was touched`);
    if (flow === "clean-up" && answers.every((answer) => answer.status === 200) && ![404, 400].includes(fault)) {
      assert.equal((await roomOf(call.taskSid)).length, 0, `${what}: the caller still waits`);
      assert.ok(!["pending", "reserved"].includes((await taskOf(task.sid)).assignment_status), `${what}: still ringing`);
    }
    if (flow === "hold" && answers.some((answer) => answer.status === 200)) {
      const participant = (await roomOf(call.taskSid))[0].participants.find((p) => p.callSid === leg.callSid);
      assert.equal(participant.hold, true, what);
    }
  });
  t.diagnostic(`${cases.length} cases of clean-up and hold`);
  assert.equal(cases.length, 9 * 3 * 8);
});

test("every request was one that Twilio knows", () => {
  edge.assertValid();
});
