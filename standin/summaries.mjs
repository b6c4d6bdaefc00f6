// What is there, told shortly: for tests, for people, and for commands that need a SID.
import { notFound, parseAttributes } from "./shape.mjs";

export function createSummaries(twilio) {
  const { tasks, workspace, calls, conferences } = twilio;

  const reservationSummary = ({ sid, worker, status }) => ({ sid, worker: worker.friendlyName, status });
  const taskSummary = (task) => ({
    sid: task.sid,
    assignment_status: task.status,
    channel: task.channel,
    reason: task.reason,
    version: task.version,
    attributes: parseAttributes(task.attributes),
    reservations: task.reservations.map(reservationSummary),
  });
  const participantSummary = ({ call, label, hold, muted, endOnExit, status }) => ({
    callSid: call.sid,
    to: call.to,
    label,
    status,
    hold,
    muted,
    endConferenceOnExit: endOnExit,
  });
  const conferenceSummary = (conference) => ({
    sid: conference.sid,
    friendlyName: conference.friendlyName,
    status: conference.status,
    reasonConferenceEnded: conference.reasonEnded,
    participants: [...conference.participants.values()].map(participantSummary),
  });

  /**
   * A SID for people who paste commands: the newest task, reservation, live call, conference or interaction participant
   * of a worker (of anybody, when none is named), or an attribute of that task (`of=conversationSid`).
   */
  function newest({ worker, of }) {
    const reservations = [...tasks.all.values()].flatMap((task) => task.reservations.map((reservation) => ({ task, reservation })));
    const mine = reservations.filter(({ reservation }) => !worker || reservation.worker.friendlyName === worker);
    const { task, reservation } = mine.at(-1) ?? {};
    const contact = task && JSON.parse(reservation.worker.attributes).contact_uri;
    const leg = [...calls.all.values()].findLast(({ to, status }) => to === contact && status === "in-progress");
    const room = [...conferences.all.values()].findLast(({ participants }) => [...participants.values()].some(({ call }) => call === leg));
    const member = twilio.chats
      .state()
      .interactions.flatMap(({ participants }) => participants)
      .findLast(({ routing_properties: routing }) => routing?.worker_sid === reservation?.worker.sid);
    const owner = worker ? workspace.who(worker) : reservation?.worker;
    const known = {
      worker: owner?.sid,
      workerName: owner?.friendlyName,
      task: task?.sid,
      workflow: task?.workflowSid,
      queue: task?.queueSid,
      reservation: reservation?.sid,
      call: leg?.sid,
      conference: room?.sid,
      participant: member?.sid,
    };
    const sid = known[of] ?? (task && JSON.parse(task.attributes)[of]);
    if (!sid) throw notFound(`${of} of ${worker}`);
    return sid;
  }

  const state = () => ({
    tasks: [...tasks.all.values()].map(taskSummary),
    conferences: [...conferences.all.values()].map(conferenceSummary),
    calls: [...calls.all.values()].map(({ sid, to, from, status, playing }) => ({ sid, to, from, status, playing })),
    ...twilio.chats.state(),
  });

  /** The state in one line per thing, for people. */
  const summary = () => ({
    tasks: [...tasks.all.values()].map(
      (task) =>
        `${task.sid} ${task.channel} ${task.status}${task.reservations.map(({ worker, status }) => ` ${worker.friendlyName}:${status}`).join("")}`,
    ),
    conferences: [...conferences.all.values()].map(
      ({ sid, friendlyName, status, participants }) =>
        `${sid} ${friendlyName} ${status}${[...participants.values()].map(({ call, hold }) => ` ${call.to}${hold ? " (held)" : ""}`).join("")}`,
    ),
    ...twilio.chats.summary(),
  });

  return { taskSummary, conferenceSummary, state, summary, newest };
}
