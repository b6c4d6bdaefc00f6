// Plays the agents' side: what Flex UI and a plugin in the browser do with tasks, reservations and calls.
import * as seed from "./accounts.mjs";
import { badRequest, parseAttributes } from "./shape.mjs";

// Where each plugin keeps its internal-call TwiML.
export const DIALECTS = { IL: "/voice", T: "/features/internal-call/common", D: "/internal-call" };

export function createAgents(twilio) {
  const { clock, workspace, tasks, calls, conferences, flexAgents, nativeCalls, player } = twilio;
  const { contactUri } = nativeCalls;

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
        if (!(await calls.ring(leg))) {
          if (reservation.status === "pending") tasks.moveReservation(reservation, "timeout");
          return;
        }
        if (accept && reservation.status === "pending") tasks.moveReservation(reservation, "accepted");
        const written = clock.later(workerCallSidDelayMs, () => tasks.mergeAttributes(reservation.task, { worker_call_sid: leg.sid }));
        void twilio.track(written);
        if (workerCallSidDelayMs === 0) await written;
        void player.redirect(leg, url, twilio.options.callMethod);
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

  /** The agent presses accept: rings for an internal call, takes or dials a call of Flex's own, joins the chat otherwise. */
  async function accept(reservationSid, { base, dialect, conferenceName, workerCallSidDelayMs, options } = {}) {
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
    const isCall = attributes.call_sid || attributes.outbound_to || reservation.transfer;
    if (reservation.task.channel === "voice" && isCall) return { ...done, ...(await flexAgents.acceptCall(reservation, options)) };
    tasks.moveReservation(reservation, "accepted");
    return { ...done, ...twilio.flex.participantOf(reservation) };
  }

  /**
   * The agent presses reject. The plugins of the dialects IL and D accept, wrap up and complete instead, and then ask the backend to clean up;
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
    calls.endWith(participant);
    return { callSid: leg.sid, conferenceSid: participant.conference.sid };
  }

  return { call, prepareCall, internalCall, accept, reject, hangup, joinConference, contactUri, displayName };
}
