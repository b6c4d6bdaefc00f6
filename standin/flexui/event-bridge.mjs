// The event bridge: TaskRouter's and Flex's REST over one POST, and a WebSocket that tells a worker what happens to them.
import * as seed from "../accounts.mjs";
import { Refusal } from "../shape.mjs";

const EVENTS = {
  pending: "created",
  accepted: "accepted",
  wrapping: "wrapup",
  completed: "completed",
  rejected: "rejected",
  timeout: "timeout",
  canceled: "canceled",
  rescinded: "rescinded",
};
const OPEN = ["pending", "accepted", "wrapping"];
// The client drops a bridge that was silent for 30 seconds.
const HEARTBEAT_MS = 10_000;
// Flex asks for the participants of a call when it is accepted, and misses whoever is told of between that and its listening.
const JOINING_MS = 700;
const TOKEN_LIFETIME_MS = 24 * 3600 * 1000;

const list = (contents) => ({ contents, after_sid: null, meta: { next_token: null } });
const text = (attributes) => (typeof attributes === "object" ? JSON.stringify(attributes) : attributes);

export function createEventBridge(twilio, { shapes, voice, channels }) {
  const { workspace, tasks } = twilio;
  const rest = twilio.services["taskrouter/v1"];
  const desks = new Map(); // worker SID → {sockets, told}

  /** What a worker's screen knows; the next look compares with it. */
  const snapshot = (worker) => ({
    activity: worker.activity.sid,
    attributes: worker.attributes,
    channels: new Map(workspace.channelsOf(worker).map(({ sid, capacity, available }) => [sid, { capacity, available }])),
    reservations: new Map(
      (worker.reservations ?? []).map((reservation) => [
        reservation.sid,
        {
          status: reservation.status,
          task: taskMark(reservation.task),
          transfer: reservation.outgoing?.status,
          participants: OPEN.includes(reservation.status) ? participantsOf(reservation.task) : new Map(),
        },
      ]),
    ),
  });
  const taskMark = ({ status, attributes, priority, queueSid }) => JSON.stringify([status, attributes, priority, queueSid]);
  const participantsOf = (task) => new Map(channels.participantsOf(task, JOINING_MS).map((participant) => [participant.participant_sid, participant]));

  function tellReservations(before, worker, now, tell) {
    for (const reservation of worker.reservations ?? []) {
      const mark = now.reservations.get(reservation.sid);
      const known = before.reservations.get(reservation.sid);
      if (!known) {
        if (OPEN.includes(mark.status)) tell("reservation.created", shapes.reservation(reservation));
        continue;
      }
      if (known.status !== mark.status) tell(`reservation.${EVENTS[mark.status]}`, shapes.reservation(reservation));
      else if (OPEN.includes(mark.status) && known.task !== mark.task) {
        const canceled = reservation.task.status === "canceled";
        tell(canceled ? "task.canceled" : "task.updated", shapes.task(reservation.task));
      }
      if (known.transfer !== mark.transfer) {
        const name = { initiated: "initiated", complete: "completed", failed: "failed", canceled: "canceled" }[mark.transfer];
        tell(`task.transfer-${name}`, shapes.transfer(reservation.outgoing));
      }
    }
  }

  function tellParticipants(before, now, tell) {
    for (const [sid, { participants }] of now.reservations) {
      const known = before.reservations.get(sid)?.participants ?? new Map();
      for (const [participantSid, participant] of participants) {
        const other = known.get(participantSid);
        if (!other) tell("participant.added", participant);
        else if (JSON.stringify(other) !== JSON.stringify(participant)) tell("participant.modified", participant);
      }
      for (const [participantSid, participant] of known) if (!participants.has(participantSid)) tell("participant.removed", participant);
    }
  }

  function tellChanges(worker, desk) {
    const before = desk.told;
    const now = snapshot(worker);
    desk.told = now;
    const tell = (type, payload) => {
      for (const socket of desk.sockets) socket.send(JSON.stringify({ event_type: type, payload }));
    };
    if (before.activity !== now.activity) tell("worker.activity.update", shapes.worker(worker));
    if (before.attributes !== now.attributes) tell("worker.attributes.update", shapes.worker(worker));
    for (const channel of workspace.channelsOf(worker)) {
      const [known, mark] = [before.channels.get(channel.sid), now.channels.get(channel.sid)];
      if (known.capacity !== mark.capacity) tell("worker.capacity.update", shapes.channel(channel));
      if (known.available !== mark.available) tell("worker.channel.availability.update", shapes.channel(channel));
    }
    tellReservations(before, worker, now, tell);
    tellParticipants(before, now, tell);
  }

  /** Sends each connected worker what has changed since the last look. */
  function look() {
    for (const [sid, desk] of desks) {
      const worker = workspace.workers.get(sid);
      if (worker && desk.sockets.size > 0) tellChanges(worker, desk);
    }
  }

  /** One more browser of a worker. */
  function connect(socket, { workerSid }) {
    const worker = workspace.workers.get(workerSid);
    if (!worker) return socket.close(4401, "Unauthorized");
    const desk = desks.get(workerSid) ?? { sockets: new Set(), told: null };
    desks.set(workerSid, desk);
    if (desk.sockets.size === 0) desk.told = snapshot(worker);
    else tellChanges(worker, desk);
    desk.sockets.add(socket);
    const beat = setInterval(() => socket.readyState === 1 && socket.send(" "), HEARTBEAT_MS).unref();
    socket.on("close", () => {
      clearInterval(beat);
      desk.sockets.delete(socket);
    });
    socket.send(
      JSON.stringify({
        event_type: "init",
        payload: {
          channel_id: workerSid,
          account_sid: seed.ACCOUNT_SID,
          workspace_sid: seed.WORKSPACE_SID,
          token_lifetime: TOKEN_LIFETIME_MS,
        },
      }),
    );
  }

  const request = (params) => ({ host: "taskrouter", path: "", query: [], params, headers: {}, answer: {} });
  const ask = (operation, params) => {
    const complete = { WorkspaceSid: seed.WORKSPACE_SID, ...params };
    return rest[operation](complete, request(complete));
  };
  const withText = (params) => (params.Attributes === undefined ? params : { ...params, Attributes: text(params.Attributes) });

  const findWorker = (sid) => workspace.find(workspace.workers, sid, "Workers");
  const own = (reservation, { worker }) => {
    if (reservation.worker !== worker) throw new Refusal(403, 20403, "The reservation is another worker's");
    return reservation;
  };

  function updateWorker([sid], params, { worker, roles }) {
    if (sid !== worker.sid && !roles.some((role) => ["supervisor", "admin"].includes(role)))
      throw new Refusal(403, 20403, "The worker is another one");
    ask("UpdateWorker", { Sid: sid, ...withText(params) });
    return shapes.worker(findWorker(sid));
  }

  function updateReservation([, sid], params, who) {
    const reservation = own(tasks.findReservation(sid), who);
    if (params.Instruction === "conference") voice.conference(reservation, params);
    else if (params.ReservationStatus === "wrapping" || params.ReservationStatus === "completed") voice.leave(reservation, params.ReservationStatus);
    else ask("UpdateWorkerReservation", { WorkerSid: who.worker.sid, Sid: sid, ...params });
    return shapes.changedReservation(reservation);
  }

  function updateTask([sid], params, { worker }) {
    const task = tasks.find(sid);
    const reservation = task.reservations.find((other) => other.worker === worker && OPEN.includes(other.status));
    if (!reservation) throw new Refusal(403, 20403, "The worker has no reservation on this task");
    if (["wrapping", "completed"].includes(params.AssignmentStatus)) voice.leave(reservation, params.AssignmentStatus, params.Reason);
    else ask("UpdateTask", { Sid: sid, ...withText(params) });
    return shapes.task(task);
  }

  function createTask(_, params, { worker }) {
    if (params.RoutingTarget !== worker.sid) throw new Refusal(403, 20403, "RoutingTarget must be the worker");
    const { TaskChannelUniqueName: name, TaskChannelSid: channelSid, ...others } = params;
    const { sid } = ask("CreateTask", { TaskChannel: name ?? channelSid ?? "voice", ...withText(others) });
    return shapes.task(tasks.find(sid));
  }

  const openOf = (worker) => (worker.reservations ?? []).filter(({ status }) => OPEN.includes(status));

  const W = `Workspaces/${seed.WORKSPACE_SID}`;
  const ROUTES = [
    ["GET", `${W}/Activities`, () => list([...workspace.activities.values()].map(shapes.activity))],
    ["GET", `${W}/TaskQueues`, () => list([...workspace.queues.values()].map(shapes.queue))],
    ["GET", `${W}/TaskQueues/(WQ\\w+)`, ([sid]) => shapes.queue(workspace.find(workspace.queues, sid, "TaskQueues"))],
    ["GET", `${W}/Workers`, () => list([...workspace.workers.values()].map(shapes.worker))],
    ["GET", `${W}/Workers/(WK\\w+)`, ([sid]) => shapes.worker(findWorker(sid))],
    ["POST", `${W}/Workers/(WK\\w+)`, updateWorker],
    [
      "GET",
      `${W}/Workers/(WK\\w+)/(?:Worker)?Channels`,
      ([sid]) => list(workspace.channelsOf(findWorker(sid)).map(shapes.channel)),
    ],
    ["GET", `${W}/Workers/(WK\\w+)/Reservations`, (_, params, { worker }) => list(openOf(worker).map(shapes.reservation))],
    [
      "GET",
      `${W}/Workers/(WK\\w+)/Reservations/(WR\\w+)`,
      ([, sid], params, who) => shapes.reservation(own(tasks.findReservation(sid), who)),
    ],
    ["POST", `${W}/Workers/(WK\\w+)/Reservations/(WR\\w+)`, updateReservation],
    ["POST", `${W}/Tasks`, createTask],
    ["GET", `${W}/Tasks/(WT\\w+)`, ([sid]) => shapes.task(tasks.find(sid))],
    ["POST", `${W}/Tasks/(WT\\w+)`, updateTask],
    ...voice.routes(W),
    ...channels.routes(),
  ].map(([method, path, handler]) => ({ handler, pattern: new RegExp(`^${method} /?${path}$`) }));

  /** Performs one REST request of a worker: `{url, method, params}`. */
  function perform({ url, method, params = {} }, who) {
    const worker = workspace.workers.get(who.workerSid);
    if (!worker) throw new Refusal(403, 20403, "Forbidden");
    for (const { pattern, handler } of ROUTES) {
      const match = pattern.exec(`${method} ${url}`);
      if (match) return handler(match.slice(1), params, { ...who, worker });
    }
    return undefined;
  }

  return { connect, perform, look, reset: () => desks.clear() };
}
