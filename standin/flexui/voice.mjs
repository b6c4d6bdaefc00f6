// Calls that Flex runs by itself, as the event bridge asks for them: conference, hold, transfers, external numbers.
import { badRequest, parseAttributes, Refusal } from "../shape.mjs";

const yes = (value) => value === true || value === "true";
const object = (attributes) => (typeof attributes === "string" ? JSON.parse(attributes) : attributes);

export function createFlexVoice(twilio, shapes) {
  const { calls, nativeCalls, tasks, transfers } = twilio;

  // Of a call that a plugin leads by TwiML of its own Flex knows nothing, even when the room has the task's name.
  const legsOf = (task) =>
    parseAttributes(task.attributes).client_call === true ? [] : nativeCalls.legsOf(task).filter(({ sid }) => sid !== undefined);

  function conference(reservation, { ConferenceStatusCallbackEvent: events, ...params }) {
    nativeCalls.conference(reservation, {
      ...params,
      ...(events !== undefined && { ConferenceStatusCallbackEvent: Array.isArray(events) ? events : events.split(/[\s,]+/) }),
    });
  }

  /** An agent wraps up or completes: their leg ends, and their reservation moves on. */
  function leave(reservation, status, reason) {
    const leg = nativeCalls.agentLeg(reservation.task, reservation.worker);
    if (reason !== undefined) reservation.task.reason = reason;
    tasks.moveReservation(reservation, status);
    if (leg) calls.hangup(leg.call);
  }

  function startTransfer(_, params, { worker }) {
    const reservation = tasks.findReservation(params.ReservationSid, (found) => found.worker === worker);
    return shapes.transfer(transfers.create(reservation, { to: params.To, mode: params.Mode, attributes: object(params.Attributes) }));
  }

  function updateTransfer([, sid], { TransferStatus: status }) {
    if (status !== "canceled") throw badRequest("TransferStatus: canceled");
    return shapes.transfer(transfers.cancel(sid));
  }

  const changes = ({ Hold: hold, Muted: muted, Mute: mute = muted, EndConferenceOnExit: end }) => ({
    ...(hold !== undefined && { hold: yes(hold) }),
    ...(mute !== undefined && { muted: yes(mute) }),
    ...(end !== undefined && { endOnExit: yes(end) }),
  });

  function updateCustomer(_, params) {
    const task = tasks.find(params.TaskSid);
    nativeCalls.update(task, "customer", changes(params));
    return shapes.task(task);
  }

  function updateWorkerLeg(_, params, { worker }) {
    const { task } = tasks.findReservation(params.ReservationSid, (found) => found.worker === worker);
    nativeCalls.update(task, worker.sid, changes(params));
    return shapes.task(task);
  }

  function holdWorker(_, params) {
    const task = tasks.find(params.TaskSid);
    nativeCalls.update(task, params.TargetWorkerSid, changes(params));
    return shapes.task(task);
  }

  function kickWorker(_, params) {
    const task = tasks.find(params.TaskSid);
    nativeCalls.kick(task, params.TargetWorkerSid);
    return shapes.task(task);
  }

  /** A leg by its participant SID: hold, end on exit, or out. */
  function updateLeg(task, sid, { status, media_properties: media = {} }) {
    nativeCalls.update(task, sid, changes({ Hold: media.hold, Muted: media.muted, EndConferenceOnExit: media.end_conference_on_exit }));
    if (status === "closed") nativeCalls.kick(task, sid);
    return { sid, media_properties: media };
  }

  /** One more number in the call. */
  function addExternal(task, { type, media_properties: media = {} }) {
    if (!task) throw new Refusal(404, 20404, "The interaction is no call's");
    const { to, from } = media.coordinates ?? {};
    if (!to || !from) throw badRequest("media_properties.coordinates needs to and from");
    const call = nativeCalls.addExternal(task, { to, from });
    return { sid: call.seat.sid, type, media_properties: media };
  }

  const routes = (workspacePath) => [
    ["POST", `${workspacePath}/Workers/(WK\\w+)/Transfers`, startTransfer],
    ["POST", `${workspacePath}/Workers/(WK\\w+)/Transfers/(TT\\w+)`, updateTransfer],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/CustomerParticipant`, updateCustomer],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/WorkerParticipant`, updateWorkerLeg],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/HoldWorkerParticipant`, holdWorker],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/KickWorkerParticipant`, kickWorker],
  ];

  return { conference, conferenceOf: nativeCalls.conferenceOf, legsOf, leave, endCall: nativeCalls.end, updateLeg, addExternal, routes };
}
