// Plays the agents' side: what Flex UI and a plugin in the browser do with tasks, reservations and calls.
import * as seed from "./accounts.mjs";
import { badRequest, parseAttributes } from "./shape.mjs";

// Where each plugin keeps its internal-call TwiML.
export const DIALECTS = { IL: "/voice", T: "/features/internal-call/common", D: "/internal-call" };

export function createAgents(twilio) {
  const { clock, workspace, tasks, calls, conferences } = twilio;

  const contactUri = (worker) => workspace.attributesOf(worker).contact_uri ?? `client:${worker.friendlyName}`;
  const displayName = (worker) => workspace.attributesOf(worker).full_name ?? worker.friendlyName;
  const prefix = ({ base, dialect = "IL" }) => (base ?? twilio.options.workerUrl + DIALECTS[dialect]).replace(/\/$/, "");

  /**
   * `reservation.call()`: rings the worker, accepts, and plays the document at `url`.
   * TaskRouter writes worker_call_sid on its own time, which `workerCallSidDelayMs` stretches.
   */
  function call(reservation, { from, to, url, accept = true, statusCallback, workerCallSidDelayMs = twilio.options.workerCallSidDelayMs }) {
    const leg = calls.create({
      to: to ?? contactUri(reservation.worker),
      from,
      statusCallback: statusCallback ? { url: statusCallback, method: "POST", events: ["completed"] } : null,
    });
    void twilio.track(
      clock.later(0, async () => {
        if (!calls.answer(leg)) {
          if (reservation.status === "pending") tasks.moveReservation(reservation, "timeout");
          return;
        }
        if (accept && reservation.status === "pending") tasks.moveReservation(reservation, "accepted");
        const written = clock.later(workerCallSidDelayMs, () => tasks.mergeAttributes(reservation.task, { worker_call_sid: leg.sid }));
        void twilio.track(written);
        if (workerCallSidDelayMs === 0) await written;
        void calls.redirect(leg, url, twilio.options.callMethod);
        await leg.reached;
      }),
    );
    return leg;
  }

  /** An agent dials another agent, or a queue, from the plugin's dialpad: the task is there, and `ring` calls the agent's leg. */
  function prepareCall({ from, to, queue, base, dialect = "IL", workerCallSidDelayMs, attributes: more = {} }) {
    const caller = workspace.who(from);
    const callee = to === undefined ? null : workspace.who(to);
    if (!callee && !queue) throw badRequest("to or queue is needed");
    const target = callee ? contactUri(callee) : `queue:${queue}`;
    const attributes = {
      to: target,
      direction: "outbound",
      ...(callee && { name: displayName(callee) }),
      fromName: displayName(caller),
      targetWorker: contactUri(caller),
      autoAnswer: "true",
      client_call: true,
      ...(!callee && { callToQueue: queue }),
      ...more,
      outbound_to: dialect === "D" && callee ? displayName(callee) : target,
      from: contactUri(caller),
    };
    const task = tasks.create({
      workflowSid: seed.OUTBOUND_WORKFLOW_SID,
      queueSid: seed.OUTBOUND_QUEUE_SID,
      routingTarget: caller.sid,
      channel: "voice",
      attributes: JSON.stringify(attributes),
    });
    tasks.route(task);
    const [reservation] = task.reservations;
    const callFrom = dialect === "T" && attributes.from.startsWith("sip:") ? seed.CALLER_ID : attributes.from;
    const url = `${prefix({ base, dialect })}/agent-outbound-join?taskSid=${encodeURIComponent(task.sid)}`;
    const ring = () => legSummary(call(reservation, { from: callFrom, url, workerCallSidDelayMs }));
    return { taskSid: task.sid, reservationSid: reservation.sid, ring };
  }

  /** The same at once. Resolves when the caller's leg is in its conference. */
  async function internalCall(options) {
    const { ring, ...call } = prepareCall(options);
    return { ...call, ...(await ring()) };
  }

  async function legSummary(leg) {
    await leg.reached;
    return { callSid: leg.sid, conferenceSid: leg.participant?.conference.sid ?? null, callStatus: leg.status };
  }

  /** The agent presses accept: rings for an internal call, dials out for an outbound task, joins the chat otherwise. */
  async function accept(reservationSid, { base, dialect, conferenceName, workerCallSidDelayMs } = {}) {
    const reservation = tasks.findReservation(reservationSid);
    const attributes = parseAttributes(reservation.task.attributes);
    const done = { reservationSid, taskSid: reservation.task.sid, worker: reservation.worker.friendlyName };
    if (attributes.client_call === true && attributes.conference) {
      const room = encodeURIComponent(conferenceName ?? attributes.conference.friendlyName);
      const leg = call(reservation, {
        from: attributes.from,
        url: `${prefix({ base, dialect })}/agent-join-conference?conferenceName=${room}`,
        workerCallSidDelayMs,
      });
      return { ...done, ...(await legSummary(leg)) };
    }
    tasks.moveReservation(reservation, "accepted");
    if (attributes.direction === "outbound" && reservation.task.channel === "voice")
      return { ...done, ...dialOut(reservation, attributes) };
    return { ...done, ...twilio.flex.participantOf(reservation) };
  }

  // Flex's own voice calls live in a conference named by the task, with the agent and the customer in it.
  function flexConference(reservation, customer, from) {
    const { task, worker } = reservation;
    const [agentLeg, customerLeg] = [
      { to: contactUri(worker), from },
      { to: customer, from },
    ].map((leg) => calls.create(leg));
    const agent = conferences.add(task.sid, agentLeg, {});
    const { conference } = agent;
    calls.answer(agentLeg);
    void agent.gone.then(() => calls.hangup(agentLeg));
    void agentLeg.over.then(() => task.status === "assigned" && tasks.moveTask(task, "wrapping"));
    if (!calls.answer(customerLeg)) {
      calls.hangup(agentLeg);
      return { conferenceSid: conference.sid, callSid: agentLeg.sid, customerCallSid: customerLeg.sid, callStatus: customerLeg.status };
    }
    void conferences.add(task.sid, customerLeg, { endOnExit: true }).gone.then(() => calls.hangup(customerLeg));
    tasks.mergeAttributes(task, {
      conference: { sid: conference.sid, participants: { worker: agentLeg.sid, customer: customerLeg.sid } },
      worker_call_sid: agentLeg.sid,
    });
    return { conferenceSid: conference.sid, callSid: agentLeg.sid, customerCallSid: customerLeg.sid, callStatus: customerLeg.status };
  }

  const dialOut = (reservation, attributes) => flexConference(reservation, attributes.outbound_to, attributes.from);

  /** A customer's voice call that an agent has taken. */
  function customerCall({ agent, customer = "+15551230001", attributes = {} }) {
    const worker = workspace.who(agent);
    const task = tasks.create({
      workflowSid: seed.INBOUND_WORKFLOW_SID,
      routingTarget: worker.sid,
      channel: "voice",
      attributes: JSON.stringify({
        direction: "inbound",
        from: customer,
        to: seed.CALLER_ID,
        name: customer,
        call_sid: null,
        ...attributes,
      }),
    });
    tasks.route(task);
    const [reservation] = task.reservations;
    tasks.moveReservation(reservation, "accepted");
    return { taskSid: task.sid, reservationSid: reservation.sid, ...flexConference(reservation, customer, seed.CALLER_ID) };
  }

  /**
   * The agent presses reject. The IL and D plugins accept, wrap up and complete instead, and then ask the backend to clean up;
   * T leaves the reservation alone and only asks the backend.
   */
  function reject(reservationSid, { dialect } = {}) {
    const reservation = tasks.findReservation(reservationSid);
    const moves = { IL: ["accepted", "wrapping", "completed"], D: ["accepted", "wrapping", "completed"], T: [] }[dialect] ?? ["rejected"];
    for (const status of moves) tasks.moveReservation(reservation, status);
    return {
      reservationSid,
      taskSid: reservation.task.sid,
      reservationStatus: reservation.status,
      assignmentStatus: reservation.task.status,
    };
  }

  function hangup(callSid) {
    const leg = calls.all.get(callSid);
    if (!leg) throw badRequest(`no call ${callSid}`);
    calls.hangup(leg);
    return { callSid, callStatus: leg.status };
  }

  /** Another leg into a room by name, as a stranger would join it: for rooms that were left and opened again. */
  function joinConference({ name, to = "client:somebody", from = seed.CALLER_ID, label, endOnExit = false, callback }) {
    const leg = calls.create({ to, from });
    calls.answer(leg);
    const participant = conferences.add(name, leg, {
      label,
      endOnExit,
      callback: callback && { method: "POST", events: ["start", "end", "join", "leave"], ...callback },
    });
    void participant.gone.then(() => calls.hangup(leg));
    return { callSid: leg.sid, conferenceSid: participant.conference.sid };
  }

  return { call, prepareCall, internalCall, accept, reject, hangup, customerCall, joinConference, contactUri, displayName };
}
