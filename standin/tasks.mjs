// Tasks: what may become of them, their versions, and the events that tell of it. Their reservations are in reservations.mjs.
import * as seed from "./accounts.mjs";
import { badRequest, newSid, notFound, parseAttributes, Refusal } from "./shape.mjs";
import { createReservations, eventOf, mayMove } from "./reservations.mjs";
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

/** Refuses a change whose If-Match names another version; quoted, bare and weak spellings are one. */
export function matchVersion(resource, ifMatch) {
  if (ifMatch === undefined || ifMatch === "*") return;
  if (ifMatch.replace(/^W\//, "").replaceAll('"', "") !== String(resource.version)) throw new Refusal(412, 20412, "Precondition Failed");
}
export const etag = ({ version }) => `"${version}"`;

export function createTasks(twilio) {
  const { clock, workspace, events } = twilio;
  const tasks = new Map();

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

  function setTask(task, status, reason) {
    task.status = status;
    if (reason !== undefined) task.reason = reason;
    touch(task);
    task.stepTimer?.cancel();
    if (["canceled", "completed"].includes(status)) {
      task.lifeTimer.cancel();
      const { purgeAfterMs } = twilio.options;
      if (purgeAfterMs !== null) void clock.later(purgeAfterMs, () => tasks.has(task.sid) && remove(task, "task.system-deleted"));
    }
  }

  const offers = createReservations(twilio, { touch, setTask });
  const { withdrawOffers } = offers;

  function moveTask(task, status, reason) {
    if (!TASK_MOVES[task.status].includes(status)) {
      const verb = { canceled: "cancel", completed: "complete", wrapping: "wrap" }[status] ?? "update";
      throw badRequest(`Cannot ${verb} task ${task.sid} because it is currently ${task.status}`);
    }
    setTask(task, status, reason);
    withdrawOffers(task, status === "canceled" ? "canceled" : "rescinded");
    for (const reservation of task.reservations.filter((other) => mayMove(other, status))) offers.set(reservation, status);
    events.emit(`task.${eventOf(status)}`, { task });
  }

  /** Deletes a task, through the API or because its time is over; its offers are taken back. */
  function remove(task, event = "task.deleted") {
    withdrawOffers(task);
    forget(task);
    events.emit(event, { task });
  }

  /** The task and its reservations are gone, and nobody is told. */
  function forget(task) {
    for (const timer of [task.stepTimer, task.lifeTimer]) timer?.cancel();
    offers.forget(task);
    tasks.delete(task.sid);
  }

  function reset() {
    for (const { stepTimer, lifeTimer } of tasks.values()) for (const timer of [stepTimer, lifeTimer]) timer?.cancel();
    offers.reset();
    tasks.clear();
  }

  return {
    all: tasks,
    find,
    channelName,
    create,
    route,
    setAttributes,
    mergeAttributes,
    moveTask,
    remove,
    forget,
    touch,
    reset,
    reservations: offers.all,
    findReservation: offers.find,
    openReservations: offers.openOf,
    reserve: offers.reserve,
    withdrawOffers,
    moveReservation: offers.move,
    follow: offers.follow,
    onAccepted: offers.onAccepted,
    onMoved: offers.onMoved,
    present: createTaskAnswers(twilio),
  };
}
