// One agent calls another as Flex does it by itself: the ticket, and the call that nobody takes.
import { nativeCall, readCall } from "../calls.mjs";
import { isTrue, notAlone, once } from "../rules.mjs";
import { edge, OVER, somebody, statusOf, twilio } from "../shared.mjs";

const starting = {
  name: "a ticket",
  calls: [
    ["ValidateFlexToken", (it) => it.caller.token],
    ["FetchWorker", (it) => it.caller.workerSid],
    ["FetchWorker", (it) => it.callee.workerSid],
    ["ListWorkerChannel", (it) => it.callee.workerSid],
  ],
  given: () => ({ caller: somebody(), callee: somebody() }),
  ask: (it) => edge.post("/internal-call/start", it.caller.name, { workerSid: it.callee.workerSid }),
  check(it, { answers }) {
    const tickets = answers.filter(({ worked }) => worked).map(({ body }) => body.destination);
    isTrue(tickets.every((ticket) => /^app:AP.+[?]t=./.test(ticket)), "it is no address");
    once.equal(new Set(tickets).size, tickets.length, "tickets that differ:");
    once.equal(twilio.naming(it.caller.workerSid).tasks.length, 0, "tasks that were made:");
  },
};

const declining = {
  name: "the called agent declines",
  calls: [
    ["FetchTask", (it) => it.task.sid],
    ["UpdateCall", (it) => it.call.farCallSid],
    ["UpdateTask", (it) => it.task.sid],
  ],
  given: nativeCall,
  delivered: (it) => it.task.sid,
  async ask(it) {
    await twilio.reject(it.reservation.sid);
    await twilio.settle({ timeoutMs: 40_000, contains: it.task.sid });
  },
  async check(it, { fault, strikes }) {
    // These are Twilio's word that there is nothing to end, or that we may not.
    if (strikes === "always" || [400, 403, 404, 409].includes(fault)) return;
    const isSilent = async () => (await readCall(it.call.farCallSid)).status === "completed" && OVER.includes(statusOf(it.task.sid));
    await notAlone.soon(isSilent, "the caller waits for somebody who has declined");
  },
};

export const nativeCalls = [starting, declining];
