// One agent calls another as Flex does it by itself: the ticket, and the call that nobody takes.
import { brief } from "../faults.mjs";
import { nativeCall, readCall } from "../calls.mjs";
import { isTrue, notAlone, once, overcome } from "../rules.mjs";
import { edge, OVER, somebody, statusOf, twilio } from "../shared.mjs";

const starting = {
  name: "a ticket",
  calls: [
    ["ValidateFlexToken", (it) => it.caller.token],
    ["FetchWorker", (it) => it.caller.workerSid],
    ["FetchWorker", (it) => it.callee.workerSid],
    ["ListWorkerChannel", (it) => it.callee.workerSid],
  ].map(brief),
  given: () => ({ caller: somebody(), callee: somebody() }),
  ask: (it) => edge.post("/internal-call/start", it.caller.name, { workerSid: it.callee.workerSid }),
  check(it, { answers }) {
    const tickets = answers.filter(({ worked }) => worked).map(({ body }) => body.destination);
    isTrue(tickets.every((ticket) => /^app:AP.+[?]t=./.test(ticket)), "it is no address");
    once.equal(new Set(tickets).size, tickets.length, "tickets that differ:");
    once.equal(twilio.naming(it.caller.workerSid).tasks.length, 0, "tasks that were made:");
  },
};

const GONE = 404; // Twilio's word that there is nothing to end
const TASK = ["FetchTask", (it) => it.task.sid];
const HANG_UP = ["UpdateCall", (it) => it.call.farCallSid];
const END_TASK = ["UpdateTask", (it) => it.task.sid];

/** Nobody takes the call: the caller is let go. */
const ending = (name, calls, end) => ({
  name,
  calls,
  behind: true,
  given: nativeCall,
  delivered: (it) => it.task.sid,
  ask: (it) => void end(it),
  check(it, { fault }) {
    it.fault = fault;
    once.equal(twilio.naming(it.start.taskAttributes.conversations.conversation_id).tasks.length, 2, "tasks of one call:");
  },
  async done(it) {
    if (it.fault === GONE) return;
    const isSilent = async () => (await readCall(it.call.farCallSid)).status === "completed";
    await notAlone.soon(isSilent, "the caller waits for somebody who does not come", 60_000);
    await overcome.soon(() => [it.task.sid, it.call.taskSid].every((sid) => OVER.includes(statusOf(sid))), "a task is still open", 60_000);
  },
});

export const nativeCalls = [
  starting,
  ending("the called agent declines", [brief(TASK), HANG_UP, brief(END_TASK)], (it) => twilio.reject(it.reservation.sid)),
  ending("the called agent's task is canceled", [TASK, HANG_UP].map(brief), (it) => twilio.cancel(it.task.sid)),
];
