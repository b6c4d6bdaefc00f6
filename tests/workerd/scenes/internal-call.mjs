// One agent calls another: the caller enters the room, somebody hangs up, declines, puts the other on hold.
import { accept, calleesOf, CLEANUP, dialled, HOLD, placedCall, ringing, roomsOf } from "../calls.mjs";
import { until } from "../clock.mjs";
import { isTrue, kept, notAlone, once, untouched } from "../rules.mjs";
import { OVER, edge, twilio } from "../shared.mjs";

const attributes = { foreign: { kept: "1.0" } };
const settle = ({ taskSid }) => twilio.settle({ timeoutMs: 40_000, contains: taskSid });
const isRinging = ({ assignment_status: status }) => ["pending", "reserved"].includes(status);

/** What holds of every call; answers both agents' tasks. */
function invariants(it) {
  const callees = calleesOf(it.taskSid);
  once(callees.length <= 1, `${callees.length} tasks for the callee`);
  const caller = twilio.task(it.taskSid);
  kept.equal(caller.attributes.foreign, attributes.foreign, "an attribute of others':");
  kept.equal(caller.attributes.to, `client:${it.callee.name}`, "whom the caller calls:");
  return { caller, callee: callees[0] };
}

const joining = {
  name: "the caller enters the room",
  always: true,
  calls: [
    ["FetchTask", (it) => it.taskSid],
    ["CreateTask", (it) => it.taskSid],
    ["UpdateTask", (it) => it.taskSid],
  ],
  given: () => dialled({ attributes }),
  delivered: (it) => it.taskSid,
  async ask(it) {
    Object.assign(it, await it.ring());
    await settle(it);
  },
  check(it, { strikes }) {
    const { callee } = invariants(it);
    if (strikes === "always") return;
    // A passing fault is overcome, by ourselves or by the next delivery, or the caller is let go.
    if (roomsOf(it.taskSid).length > 0) notAlone(callee && isRinging(callee), "the caller waits for nobody");
    else notAlone(!callee || OVER.includes(callee.assignment_status), "it rings for a caller who was let go");
  },
  async done(it) {
    if (roomsOf(it.taskSid).length > 0) twilio.hangup(it.callSid);
    await settle(it);
    const isSilent = () => !calleesOf(it.taskSid).some(isRinging);
    await notAlone.soon(isSilent, "it rings after the caller's end");
    invariants(it);
  },
};

/** A call that rings, or that was taken. */
async function ongoing({ taken = false } = {}) {
  const call = await placedCall({ attributes });
  const { task, reservation } = await ringing(call);
  await until(() => twilio.task(call.taskSid).attributes.conference?.participants?.taskSid, "the link");
  await settle(call);
  const leg = taken ? await accept(reservation) : null;
  await settle(call);
  return { ...call, calleeTask: task.sid, leg };
}

const ending = (name, taken, task) => ({
  name,
  calls: [
    ["FetchTask", task],
    ["UpdateTask", task],
  ],
  given: () => ongoing({ taken }),
  delivered: (it) => it.taskSid,
  async ask(it) {
    twilio.hangup(it.leg?.callSid ?? it.callSid);
    await settle(it);
  },
  check(it, { fault, strikes }) {
    const { caller, callee } = invariants(it);
    // These are Twilio's word that there is nothing to end.
    if (strikes === "always" || [400, 404, 409].includes(fault)) return;
    for (const { assignment_status: status } of [caller, callee]) notAlone(OVER.includes(status), `a task is ${status} after the end of the call`);
  },
});

const cleaning = {
  name: "the callee declines",
  calls: [
    ["ValidateFlexToken", (it) => it.callee.token],
    ["FetchTask", (it) => it.calleeTask],
    ["FetchTask", (it) => it.taskSid],
    ["ListWorkerReservation", (it) => it.callee.workerSid],
    ["ListTaskReservation", (it) => it.calleeTask],
    ["ListConference", (it) => it.taskSid],
    ["ListParticipant", (it) => it.conferenceSid],
    ["UpdateTask", (it) => it.calleeTask],
    ["UpdateConference", (it) => it.conferenceSid],
  ],
  async given() {
    const it = await ongoing();
    return { ...it, customer: twilio.customerCall({ agent: it.callee.name }) };
  },
  async ask(it) {
    const answer = await edge.post(CLEANUP.T, it.callee.name, { taskSid: it.calleeTask });
    await settle(it);
    return answer;
  },
  check(it, { answers, fault }) {
    const { callee } = invariants(it);
    untouched.equal(roomsOf(it.customer.taskSid).length, 1, "a customer's room:");
    if (!answers.every(({ worked }) => worked) || [400, 404].includes(fault)) return;
    isTrue.equal(roomsOf(it.taskSid).length, 0, "the rooms in which the caller waits:");
    isTrue(!isRinging(callee), "it rings still");
  },
};

const holding = {
  name: "the callee is put on hold",
  calls: [
    ["ValidateFlexToken", (it) => it.callee.token],
    ["ListConference", (it) => it.taskSid],
    ["ListWorkerReservation", (it) => it.callee.workerSid],
    ["UpdateParticipant", (it) => it.leg.callSid],
  ],
  async given() {
    const it = await ongoing({ taken: true });
    return { ...it, customer: twilio.customerCall({ agent: it.callee.name }) };
  },
  ask: (it) => edge.post(HOLD.IL, it.callee.name, { conference: it.taskSid, participant: it.leg.callSid, hold: true }),
  check(it, { worked }) {
    invariants(it);
    untouched.equal(roomsOf(it.customer.taskSid).length, 1, "a customer's room:");
    if (!worked) return;
    const { participants } = roomsOf(it.taskSid)[0];
    isTrue.equal(participants.find(({ callSid }) => callSid === it.leg.callSid).hold, true, "on hold:");
  },
};

export const internalCall = [
  joining,
  ending("the caller hangs up while it rings", false, (it) => it.taskSid),
  ending("the callee hangs up", true, (it) => it.calleeTask),
  cleaning,
  holding,
];
