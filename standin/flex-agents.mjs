// Plays agents whose calls Flex runs by itself: taken, dialled, transferred.
import * as seed from "./accounts.mjs";
import { badRequest } from "./shape.mjs";

// The browser's choice for a call between two: it is over when either leaves.
const FLEX = { EndConferenceOnExit: "true", EndConferenceOnCustomerExit: "true" };

export function createFlexAgents(twilio) {
  const { calls, nativeCalls, tasks, workspace } = twilio;

  /** Flex's own voice call: the agent's leg and the other side in a conference named by the task. */
  async function acceptCall(reservation, options = {}) {
    const { leg, ready } = nativeCalls.conference(reservation, { ...FLEX, ...options });
    const customer = await ready;
    const conferenceSid = nativeCalls.conferenceOf(reservation.task)?.sid ?? null;
    return { callSid: leg.sid, conferenceSid, callStatus: leg.status, ...customer };
  }

  /** A customer's voice call that an agent has taken. */
  function customerCall({ agent, customer = "+15551230001", attributes = {} }) {
    const worker = workspace.who(agent);
    const waiting = calls.create({ to: seed.CALLER_ID, from: customer, direction: "inbound" });
    calls.setStatus(waiting, "in-progress");
    const task = tasks.create({
      workflowSid: seed.INBOUND_WORKFLOW_SID,
      routingTarget: worker.sid,
      channel: "voice",
      attributes: JSON.stringify({
        direction: "inbound",
        from: customer,
        to: seed.CALLER_ID,
        name: customer,
        call_sid: waiting.sid,
        ...attributes,
      }),
    });
    tasks.route(task);
    const [reservation] = task.reservations;
    const leg = calls.create({ to: nativeCalls.contactUri(worker), from: seed.CALLER_ID });
    calls.answer(leg);
    nativeCalls.connect(reservation, leg, waiting, { EndConferenceOnCustomerExit: true });
    const { sid: conferenceSid } = nativeCalls.conferenceOf(task);
    return { taskSid: task.sid, reservationSid: reservation.sid, conferenceSid, callSid: leg.sid, customerCallSid: waiting.sid };
  }

  /** Flex's outbound call (`StartOutboundCall`): a task for the agent, taken at once, which dials `to`. */
  async function outboundCall({ from, to, queueSid = seed.OUTBOUND_QUEUE_SID, callerId = seed.CALLER_ID, attributes = {}, options = {} }) {
    const worker = workspace.who(from);
    if (!to) throw badRequest("to: a number, sip:… or app:…");
    const task = tasks.create({
      workflowSid: seed.OUTBOUND_WORKFLOW_SID,
      queueSid,
      routingTarget: worker.sid,
      channel: "voice",
      attributes: JSON.stringify({ ...attributes, direction: "outbound", outbound_to: to, from: callerId }),
    });
    tasks.route(task);
    const [reservation] = task.reservations;
    return { taskSid: task.sid, reservationSid: reservation.sid, ...(await acceptCall(reservation, options)) };
  }

  /** An agent hands their call over to a worker or a queue, by SID or name. */
  function transfer(reservationSid, { to, mode = "WARM", attributes }) {
    const queue = Object.hasOwn(seed.QUEUES, to) ? seed.QUEUES[to].sid : null;
    const target = to.startsWith("WQ") ? to : (queue ?? workspace.who(to).sid);
    const { sid, reservation } = twilio.transfers.create(tasks.findReservation(reservationSid), { to: target, mode, attributes });
    return { transferSid: sid, reservationSid: reservation.sid };
  }

  return { acceptCall, customerCall, outboundCall, transfer };
}
