// Tasks and their reservations: what may become of them, their versions, and the events that tell of it.
import * as seed from "./accounts.mjs";
import { badRequest, newSid, notFound, parseAttributes, Refusal } from "./shape.mjs";
import { createTaskAnswers } from "./task-answers.mjs";

// From → the statuses that a request may set.
const TASK_MOVES = {
  pending: ["canceled"],
  reserved: ["canceled"],
  assigned: ["wrapping", "completed"],
  wrapping: ["completed"],
  canceled: [],
  completed: [],
};
const RESERVATION_MOVES = {
  pending: ["accepted", "rejected", "timeout", "canceled", "rescinded"],
  accepted: ["wrapping", "completed"],
  wrapping: ["completed"],
  rejected: [],
  timeout: [],
  canceled: [],
  rescinded: [],
  completed: [],
};
const OPEN = ["pending", "accepted", "wrapping"];
const EVENT_OF = { wrapping: "wrapup" };

/** Refuses a change whose If-Match names another version; quoted, bare and weak spellings are one. */
export function matchVersion(resource, ifMatch) {
  if (ifMatch === undefined || ifMatch === "*") return;
  if (ifMatch.replace(/^W\//, "").replaceAll('"', "") !== String(resource.version)) throw new Refusal(412, 20412, "Precondition Failed");
}
export const etag = ({ version }) => `"${version}"`;

export function createTasks(twilio) {
  const { clock, workspace, events } = twilio;
  const tasks = new Map();
  const reservations = new Map();
  const listeners = { accepted: [], moved: [] };
  const tell = (event, resource) => listeners[event].forEach((listener) => listener(resource));

  function touch(resource) {
    resource.version += 1;
    resource.updated = clock.now();
    twilio.changed();
  }

  function find(sid) {
    const task = tasks.get(sid);
    if (!task) throw notFound(`/v1/Workspaces/${seed.WORKSPACE_SID}/Tasks/${sid}`);
    return task;
  }

  function findReservation(sid, test = () => true) {
    const reservation = reservations.get(sid);
    if (!reservation || !test(reservation)) throw notFound(`Reservations/${sid}`);
    return reservation;
  }

  const openReservations = (worker) => [...(worker.reservations ?? [])].filter(({ status }) => OPEN.includes(status));
  const channelName = (text) => Object.entries(seed.TASK_CHANNELS).find((entry) => entry.includes(text))?.[0] ?? "default";

  function create({
    workflowSid,
    attributes = "{}",
    channel = "default",
    priority = 0,
    timeout = 86_400,
    routingTarget = null,
    ignoreCapacity,
    queueSid,
    virtualStart,
  }) {
    if (!workspace.workflows.has(workflowSid)) throw badRequest(`Workflow ${workflowSid ?? "(none given)"} not found`);
    if (routingTarget && ![workspace.workers, workspace.queues, workspace.workflows].some((map) => map.has(routingTarget)))
      throw badRequest("RoutingTarget not found");
    if (queueSid && !workspace.queues.has(queueSid)) throw badRequest(`TaskQueue ${queueSid} not found`);
    const toWorker = workspace.workers.has(routingTarget);
    if (ignoreCapacity !== undefined && !toWorker) throw badRequest("IgnoreCapacity needs a worker as RoutingTarget");
    const now = clock.now();
    const { task_routing: routing } = workspace.workflows.get(workflowSid).configuration;
    const task = {
      sid: newSid("WT"),
      status: "pending",
      attributes,
      priority,
      timeout,
      workflowSid,
      routingTarget,
      reason: null,
      version: 0,
      channel: channelName(channel),
      queueSid: queueSid ?? routing.default_filter?.queue ?? routing.filters?.[0]?.targets[0]?.queue ?? null,
      queueEntered: now,
      ignoreCapacity: toWorker ? ["true", "1", "yes"].includes(ignoreCapacity ?? "true") : null,
      created: now,
      updated: now,
      virtualStart: virtualStart ?? now,
      reservations: [],
      refusedBy: new Set(),
    };
    tasks.set(task.sid, task);
    task.lifeTimer = clock.later(timeout * 1000, () => {
      if (!["pending", "reserved"].includes(task.status)) return;
      withdrawOffers(task);
      moveTask(task, "canceled", "Task TTL Exceeded or Max assignment count exceeded");
    });
    return task;
  }

  /** Lets a new task into its workflow. TaskRouter does that after it has answered who made the task. */
  function route(task) {
    events.emit("task.created", { task });
    twilio.routing.enter(task);
  }

  function setAttributes(task, text) {
    task.attributes = text;
    touch(task);
    events.emit("task.updated", { task });
    twilio.routing.reconsider(task);
  }

  const mergeAttributes = (task, more) => setAttributes(task, JSON.stringify({ ...parseAttributes(task.attributes), ...more }));

  function reserve(task, worker) {
    const now = clock.now();
    const reservation = { sid: newSid("WR"), task, worker, status: "pending", version: 0, created: now, updated: now };
    reservations.set(reservation.sid, reservation);
    task.reservations.push(reservation);
    (worker.reservations ??= []).push(reservation);
    if (task.status === "pending") task.status = "reserved";
    touch(task);
    events.emit("reservation.created", { reservation });
    const { reservationTimeout } = workspace.workflows.get(task.workflowSid);
    reservation.timer = clock.later(reservationTimeout * 1000, () => {
      if (reservation.status !== "pending") return;
      if (twilio.options.timeoutActivity ?? !workspace.settings.multiTaskEnabled)
        workspace.setActivity(reservation.worker, workspace.settings.timeoutActivitySid);
      moveReservation(reservation, "timeout");
    });
    return reservation;
  }

  function setReservation(reservation, status) {
    reservation.status = status;
    reservation.timer?.cancel();
    touch(reservation);
    events.emit(`reservation.${EVENT_OF[status] ?? status}`, { reservation });
    tell("moved", reservation);
  }

  /** Takes back what is only offered; the task is pending again. */
  function withdrawOffers(task, status = "canceled") {
    for (const reservation of task.reservations.filter((other) => other.status === "pending")) setReservation(reservation, status);
    if (task.status === "reserved") task.status = "pending";
  }

  function setTask(task, status, reason) {
    task.status = status;
    if (reason !== undefined) task.reason = reason;
    touch(task);
    if (status !== "assigned") task.stepTimer?.cancel();
    if (["canceled", "completed"].includes(status)) {
      task.lifeTimer.cancel();
      const { purgeAfterMs } = twilio.options;
      if (purgeAfterMs !== null) void clock.later(purgeAfterMs, () => tasks.has(task.sid) && remove(task, "task.system-deleted"));
    }
  }

  function moveTask(task, status, reason) {
    if (!TASK_MOVES[task.status].includes(status)) {
      const verb = { canceled: "cancel", completed: "complete", wrapping: "wrap" }[status] ?? "update";
      throw badRequest(`Cannot ${verb} task ${task.sid} because it is currently ${task.status}`);
    }
    setTask(task, status, reason);
    withdrawOffers(task, status === "canceled" ? "canceled" : "rescinded");
    for (const reservation of task.reservations.filter((other) => RESERVATION_MOVES[other.status].includes(status)))
      setReservation(reservation, status);
    events.emit(`task.${EVENT_OF[status] ?? status}`, { task });
  }

  /** A task with several agents is what the busiest of their reservations is. */
  function follow(task) {
    const has = (status) => task.reservations.some((reservation) => reservation.status === status);
    const status = ["accepted", "wrapping", "completed"].find(has);
    // A transfer is under way: the call goes on.
    if (has("pending")) return;
    const [wanted] = { accepted: ["assigned"], wrapping: ["wrapping"], completed: ["completed"] }[status] ?? [];
    if (!wanted || wanted === task.status) return;
    setTask(task, wanted);
    if (wanted !== "assigned") events.emit(`task.${EVENT_OF[wanted] ?? wanted}`, { task });
  }

  function moveReservation(reservation, status) {
    if (!RESERVATION_MOVES[reservation.status].includes(status))
      throw badRequest(`Cannot move reservation ${reservation.sid} from ${reservation.status} to ${status}`);
    const { task } = reservation;
    if (status === "accepted") setTask(task, "assigned");
    setReservation(reservation, status);
    if (status === "accepted") {
      task.stepTimer?.cancel();
      withdrawOffers(task, "rescinded");
      tell("accepted", reservation);
    } else if (["wrapping", "completed"].includes(status)) follow(task);
    else {
      task.refusedBy.add(reservation.worker.sid);
      if (task.status !== "reserved" || task.reservations.some((other) => other.status === "pending")) return;
      task.status = "pending";
      touch(task);
      twilio.routing.offer(task);
    }
  }

  /** Deletes a task, through the API or because its time is over; its offers are taken back. */
  function remove(task, event = "task.deleted") {
    withdrawOffers(task);
    for (const timer of [task.stepTimer, task.lifeTimer]) timer?.cancel();
    tasks.delete(task.sid);
    events.emit(event, { task });
  }

  function reset() {
    for (const { stepTimer, lifeTimer } of tasks.values()) for (const timer of [stepTimer, lifeTimer]) timer?.cancel();
    for (const { timer } of reservations.values()) timer?.cancel();
    tasks.clear();
    reservations.clear();
  }

  return {
    all: tasks,
    reservations,
    find,
    findReservation,
    openReservations,
    channelName,
    create,
    route,
    setAttributes,
    mergeAttributes,
    reserve,
    withdrawOffers,
    moveTask,
    moveReservation,
    follow,
    remove,
    touch,
    reset,
    present: createTaskAnswers(twilio),
    onAccepted: (listener) => void listeners.accepted.push(listener),
    onMoved: (listener) => void listeners.moved.push(listener),
  };
}
