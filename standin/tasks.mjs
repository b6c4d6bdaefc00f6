// Tasks and their reservations: lifecycle, versions, and the routing that reserves a worker.
import * as seed from "./accounts.mjs";
import { expression } from "./expressions.mjs";
import { badRequest, iso, newSid, notFound, parseAttributes, Refusal } from "./shape.mjs";

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

/** Refuses a change whose If-Match names another version; quoted, bare and weak spellings are one. */
export function matchVersion(resource, ifMatch) {
  if (ifMatch === undefined || ifMatch === "*") return;
  if (ifMatch.replace(/^W\//, "").replaceAll('"', "") !== String(resource.version)) throw new Refusal(412, 20412, "Precondition Failed");
}
export const etag = ({ version }) => `"${version}"`;

export function createTasks(twilio) {
  const { clock, workspace } = twilio;
  const tasks = new Map();
  const reservations = new Map();
  const accepted = [];
  const wrapped = [];

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

  function reserve(task, worker) {
    const now = clock.now();
    const reservation = { sid: newSid("WR"), task, worker, status: "pending", version: 0, created: now, updated: now };
    reservations.set(reservation.sid, reservation);
    task.reservations.push(reservation);
    (worker.reservations ??= []).push(reservation);
    task.status = "reserved";
    touch(task);
    return reservation;
  }

  function targetOf(task, attributes) {
    const { filters, default_filter: fallback } = workspace.workflows.get(task.workflowSid).configuration.task_routing;
    const filter = filters.find((candidate) => expression(candidate.expression)({ ...attributes, task: attributes }));
    return filter?.targets[0] ?? fallback;
  }

  function candidates(task, attributes, target) {
    const queue = workspace.queues.get(target.queue);
    const test = target.expression ? expression(target.expression) : () => true;
    return [...workspace.workers.values()]
      .filter((worker) => worker.activity.available && !task.refusedBy.has(worker.sid) && workspace.inQueue(worker, queue))
      .filter((worker) => test({ ...attributes, task: attributes, worker: workspace.workerNames(worker) }))
      .sort((a, b) => openReservations(a).length - openReservations(b).length);
  }

  /** Offers a pending task to a worker, if one fits. Agents' capacities are not counted. */
  function route(task) {
    if (task.status !== "pending") return;
    const direct = workspace.workers.get(task.routingTarget);
    if (direct) {
      if (!task.refusedBy.has(direct.sid) && (task.ignoreCapacity || direct.activity.available)) reserve(task, direct);
      return;
    }
    const attributes = parseAttributes(task.attributes);
    const target = workspace.queues.has(task.routingTarget) ? { queue: task.routingTarget } : targetOf(task, attributes);
    task.queueSid = target.queue;
    if (target.priority) task.priority = Number(target.priority);
    const [worker] = candidates(task, attributes, target);
    if (worker) reserve(task, worker);
  }

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
      queueSid: queueSid ?? workspace.workflows.get(workflowSid).configuration.task_routing.default_filter.queue,
      ignoreCapacity: toWorker ? ["true", "1", "yes"].includes(ignoreCapacity ?? "true") : null,
      created: now,
      updated: now,
      virtualStart: virtualStart ?? now,
      reservations: [],
      refusedBy: new Set(),
    };
    tasks.set(task.sid, task);
    return task;
  }

  const channelName = (text) => Object.entries(seed.TASK_CHANNELS).find((entry) => entry.includes(text))?.[0] ?? "default";

  function setAttributes(task, text) {
    task.attributes = text;
    touch(task);
  }

  function mergeAttributes(task, more) {
    setAttributes(task, JSON.stringify({ ...parseAttributes(task.attributes), ...more }));
  }

  function closeReservations(task, status) {
    for (const reservation of task.reservations.filter((other) => OPEN.includes(other.status))) {
      reservation.status = reservation.status === "pending" && status !== "canceled" ? "rescinded" : status;
      touch(reservation);
    }
  }

  function moveTask(task, status, reason) {
    if (!TASK_MOVES[task.status].includes(status)) {
      const verb = { canceled: "cancel", completed: "complete", wrapping: "wrap" }[status] ?? "update";
      throw badRequest(`Cannot ${verb} task ${task.sid} because it is currently ${task.status}`);
    }
    task.status = status;
    if (reason !== undefined) task.reason = reason;
    touch(task);
    closeReservations(task, status);
    if (status !== "canceled") for (const listener of wrapped) listener(task);
  }

  function accept(reservation) {
    const { task } = reservation;
    task.status = "assigned";
    touch(task);
    for (const other of task.reservations) {
      if (other === reservation || other.status !== "pending") continue;
      other.status = "rescinded";
      touch(other);
    }
    for (const listener of accepted) listener(reservation);
  }

  function moveReservation(reservation, status) {
    if (!RESERVATION_MOVES[reservation.status].includes(status)) {
      throw badRequest(`Cannot move reservation ${reservation.sid} from ${reservation.status} to ${status}`);
    }
    reservation.status = status;
    touch(reservation);
    const { task } = reservation;
    if (status === "accepted") accept(reservation);
    else if (status === "wrapping" || status === "completed") moveTask(task, status);
    else if (task.status === "reserved") {
      task.refusedBy.add(reservation.worker.sid);
      task.status = "pending";
      touch(task);
      route(task);
    }
  }

  const present = (task) => ({
    account_sid: twilio.accountSid,
    workspace_sid: seed.WORKSPACE_SID,
    sid: task.sid,
    age: Math.floor((clock.now() - task.created) / 1000),
    assignment_status: task.status,
    attributes: task.attributes,
    addons: "{}",
    priority: task.priority,
    reason: task.reason,
    timeout: task.timeout,
    date_created: iso(task.created),
    date_updated: iso(task.updated),
    task_queue_entered_date: iso(task.created),
    virtual_start_time: iso(task.virtualStart),
    task_queue_sid: task.queueSid,
    task_queue_friendly_name: workspace.queues.get(task.queueSid).friendlyName,
    task_channel_sid: seed.TASK_CHANNELS[task.channel],
    task_channel_unique_name: task.channel,
    workflow_sid: task.workflowSid,
    workflow_friendly_name: workspace.workflows.get(task.workflowSid).friendlyName,
    ignore_capacity: task.ignoreCapacity,
    routing_target: task.routingTarget,
    url: `${workspace.base}/Tasks/${task.sid}`,
    links: {
      workspace: workspace.base,
      workflow: `${workspace.base}/Workflows/${task.workflowSid}`,
      task_queue: `${workspace.base}/TaskQueues/${task.queueSid}`,
      reservations: `${workspace.base}/Tasks/${task.sid}/Reservations`,
    },
  });

  const presentReservation = (reservation, owner = `Tasks/${reservation.task.sid}`) => ({
    account_sid: twilio.accountSid,
    workspace_sid: seed.WORKSPACE_SID,
    sid: reservation.sid,
    reservation_status: reservation.status,
    task_sid: reservation.task.sid,
    worker_sid: reservation.worker.sid,
    worker_name: reservation.worker.friendlyName,
    date_created: iso(reservation.created),
    date_updated: iso(reservation.updated),
    url: `${workspace.base}/${owner}/Reservations/${reservation.sid}`,
    links: {
      task: `${workspace.base}/Tasks/${reservation.task.sid}`,
      worker: `${workspace.base}/Workers/${reservation.worker.sid}`,
      workspace: workspace.base,
    },
  });

  function reset() {
    tasks.clear();
    reservations.clear();
  }

  return {
    all: tasks,
    reservations,
    find,
    findReservation,
    openReservations,
    create,
    reserve,
    route,
    setAttributes,
    mergeAttributes,
    moveTask,
    moveReservation,
    channelName,
    present,
    presentReservation,
    reset,
    touch,
    routePending: () => [...tasks.values()].forEach(route),
    onAccepted: (listener) => void accepted.push(listener),
    onWrapped: (listener) => void wrapped.push(listener),
  };
}
