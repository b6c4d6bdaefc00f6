// TaskRouter v1, operation by operation.
import * as seed from "./accounts.mjs";
import { expression, ExpressionError } from "./expressions.mjs";
import { attributesText, badRequest, notFound, page, parseAttributes, Refusal } from "./shape.mjs";
import { etag, matchVersion } from "./tasks.mjs";

const yes = (text) => ["true", "1", "yes"].includes(text);

function compile(text) {
  try {
    return expression(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw badRequest(`Invalid expression: ${error.message}`);
    throw error;
  }
}

const ORDERS = {
  DateCreated: (item) => item.created,
  Priority: (item) => item.priority,
  VirtualStartTime: (item) => item.virtualStart,
  DateStatusChanged: (item) => item.statusChanged,
  FriendlyName: (item) => item.friendlyName,
};

function order(items, ordering, allowed) {
  const rules = (ordering ?? "")
    .split(",")
    .filter(Boolean)
    .map((text) => text.split(":"));
  for (const [name, way = "asc"] of rules)
    if (!allowed.includes(name) || !["asc", "desc"].includes(way)) throw badRequest(`Invalid Ordering ${ordering}`);
  const compare = (a, b) => {
    for (const [name, way] of rules) {
      const [x, y] = [ORDERS[name](a), ORDERS[name](b)];
      if (x !== y) return (x < y ? -1 : 1) * (way === "desc" ? -1 : 1);
    }
    return 0;
  };
  return rules.length > 0 ? items.toSorted(compare) : items;
}

export function createTaskrouter(twilio) {
  const { clock, workspace, tasks } = twilio;
  const recent = new Map();

  // Lists with an expression are limited to three a second.
  function limit(operation, text) {
    if (text === undefined || !twilio.options.rateLimits) return;
    const now = clock.now();
    const times = (recent.get(operation) ?? []).filter((time) => now - time < 1000);
    if (times.length >= 3) throw Object.assign(new Refusal(429, 20429, "Too Many Requests"), { retryAfter: 1 });
    recent.set(operation, [...times, now]);
  }

  function withWorkspace(handlers) {
    return Object.fromEntries(
      Object.entries(handlers).map(([id, handler]) => [
        id,
        (params, request) => {
          const sid = params.WorkspaceSid ?? params.Sid;
          if (sid !== seed.WORKSPACE_SID) throw notFound(`/v1/Workspaces/${sid}`);
          return handler(params, request);
        },
      ]),
    );
  }

  const versioned = (resource, request, body) => {
    request.answer.ETag = etag(resource);
    return body;
  };
  const answerTask = (task, request) => versioned(task, request, tasks.present(task));
  const answerWorker = (worker, request) => versioned(worker, request, workspace.present.worker(worker));
  const worker = (sid) => workspace.find(workspace.workers, sid, `/v1/Workspaces/${seed.WORKSPACE_SID}/Workers`);

  function createTask(params, request) {
    const task = tasks.create({
      workflowSid: params.WorkflowSid,
      attributes: params.Attributes && attributesText(params.Attributes),
      channel: params.TaskChannel,
      priority: params.Priority,
      timeout: params.Timeout,
      routingTarget: params.RoutingTarget,
      ignoreCapacity: params.IgnoreCapacity,
      queueSid: params.TaskQueueSid,
      virtualStart: params.VirtualStartTime && Date.parse(params.VirtualStartTime),
    });
    // TaskRouter routes after it has answered, so the answer shows a pending task.
    const body = answerTask(task, request);
    tasks.route(task);
    return body;
  }

  function updateTask(params, request) {
    const task = tasks.find(params.Sid);
    matchVersion(task, params["If-Match"]);
    const attributes = params.Attributes && attributesText(params.Attributes);
    if (attributes && ["wrapping", "completed"].includes(params.AssignmentStatus))
      throw badRequest("Attributes and AssignmentStatus must be updated in two requests");
    if (params.AssignmentStatus) tasks.moveTask(task, params.AssignmentStatus, params.Reason);
    if (params.Priority !== undefined) task.priority = params.Priority;
    if (params.TaskChannel) task.channel = tasks.channelName(params.TaskChannel);
    if (params.VirtualStartTime) task.virtualStart = Date.parse(params.VirtualStartTime);
    if (attributes) tasks.setAttributes(task, attributes);
    else if (!params.AssignmentStatus) tasks.touch(task);
    return answerTask(task, request);
  }

  function listTasks(params, request) {
    limit("ListTask", params.EvaluateTaskAttributes);
    const statuses = params.AssignmentStatus?.flatMap((text) => text.split(","));
    const test = params.EvaluateTaskAttributes !== undefined ? compile(params.EvaluateTaskAttributes) : null;
    const found = [...tasks.all.values()].filter(
      (task) =>
        (params.Priority === undefined || task.priority === params.Priority) &&
        (!statuses || statuses.includes(task.status)) &&
        (!params.WorkflowSid || task.workflowSid === params.WorkflowSid) &&
        (!params.WorkflowName || workspace.workflows.get(task.workflowSid).friendlyName === params.WorkflowName) &&
        (!params.TaskQueueSid || task.queueSid === params.TaskQueueSid) &&
        (!params.TaskQueueName || workspace.queues.get(task.queueSid).friendlyName === params.TaskQueueName) &&
        (!params.RoutingTarget || task.routingTarget === params.RoutingTarget) &&
        params.HasAddons !== true &&
        (!test || test(parseAttributes(task.attributes))),
    );
    return page(request, "tasks", order(found, params.Ordering, ["DateCreated", "Priority", "VirtualStartTime"]).map(tasks.present));
  }

  function listWorkers(params, request) {
    limit("ListWorker", params.TargetWorkersExpression);
    const test = params.TargetWorkersExpression !== undefined ? compile(params.TargetWorkersExpression) : null;
    const queue = [...workspace.queues.values()].find(
      ({ sid, friendlyName }) => sid === params.TaskQueueSid || friendlyName === params.TaskQueueName,
    );
    const wantsQueue = params.TaskQueueSid !== undefined || params.TaskQueueName !== undefined;
    const found = [...workspace.workers.values()].filter(
      (candidate) =>
        (params.ActivityName === undefined || candidate.activity.friendlyName === params.ActivityName) &&
        (!params.ActivitySid || candidate.activity.sid === params.ActivitySid) &&
        (params.Available === undefined || candidate.activity.available === yes(params.Available)) &&
        (params.FriendlyName === undefined || candidate.friendlyName.toLowerCase() === params.FriendlyName.toLowerCase()) &&
        (!wantsQueue || (queue && workspace.inQueue(candidate, queue))) &&
        (!test || test(workspace.workerNames(candidate))),
    );
    const answer = page(request, "workers", order(found, params.Ordering, ["FriendlyName", "DateStatusChanged", "DateCreated"]));
    return { ...answer, workers: answer.workers.map(workspace.present.worker) };
  }

  function updateWorker(params, request) {
    const found = worker(params.Sid);
    matchVersion(found, params["If-Match"]);
    const attributes = params.Attributes && attributesText(params.Attributes);
    if (params.ActivitySid) {
      found.activity = workspace.find(workspace.activities, params.ActivitySid, "Activities");
      found.statusChanged = clock.now();
    }
    if (attributes) found.attributes = attributes;
    if (params.FriendlyName) found.friendlyName = params.FriendlyName;
    tasks.touch(found);
    const body = answerWorker(found, request);
    tasks.routePending();
    return body;
  }

  function listQueues(params, request) {
    limit("ListTaskQueue", params.EvaluateWorkerAttributes);
    const names = params.EvaluateWorkerAttributes !== undefined && parseAttributes(params.EvaluateWorkerAttributes);
    const found = [...workspace.queues.values()].filter(
      (queue) =>
        (params.FriendlyName === undefined || queue.friendlyName === params.FriendlyName) &&
        (!params.WorkerSid || workspace.inQueue(worker(params.WorkerSid), queue)) &&
        (!names || expression(queue.targetWorkers)(names)),
    );
    return page(request, "task_queues", order(found, params.Ordering, ["FriendlyName", "DateCreated"]).map(workspace.present.queue));
  }

  function listReservations(all, owner, params, request) {
    const found = all.filter(
      ({ status, worker: holder }) =>
        (!params.ReservationStatus || status === params.ReservationStatus) &&
        (owner || !params.WorkerSid || holder.sid === params.WorkerSid),
    );
    return page(
      request,
      "reservations",
      found.map((reservation) => tasks.presentReservation(reservation, owner)),
    );
  }

  function updateReservation(reservation, params) {
    matchVersion(reservation, params["If-Match"]);
    const status = { accept: "accepted", reject: "rejected" }[params.Instruction] ?? params.ReservationStatus;
    if (params.Instruction === "call") {
      if (!params.CallUrl || !params.CallFrom) throw badRequest("CallUrl and CallFrom are required");
      twilio.agents.call(reservation, {
        from: params.CallFrom,
        to: params.CallTo,
        url: params.CallUrl,
        accept: params.CallAccept === true,
        statusCallback: params.CallStatusCallbackUrl,
      });
    } else if (status) {
      if (status !== reservation.status) tasks.moveReservation(reservation, status);
    } else if (params.Instruction) throw badRequest(`Instruction ${params.Instruction} is not played here`);
    return reservation;
  }

  const channel = (params) => {
    const found = workspace.channelsOf(worker(params.WorkerSid)).find(({ sid, uniqueName }) => [sid, uniqueName].includes(params.Sid));
    if (!found) throw notFound(`Channels/${params.Sid}`);
    return found;
  };
  const ofTask = (params) => tasks.findReservation(params.Sid, ({ task }) => task.sid === params.TaskSid);
  const ofWorker = (params) => tasks.findReservation(params.Sid, ({ worker: holder }) => holder.sid === params.WorkerSid);
  const named = (items, params) =>
    items.filter(({ friendlyName }) => params.FriendlyName === undefined || friendlyName === params.FriendlyName);

  const operations = withWorkspace({
    CreateTask: createTask,
    FetchTask: (params, request) => answerTask(tasks.find(params.Sid), request),
    UpdateTask: updateTask,
    ListTask: listTasks,
    DeleteTask: (params) => {
      matchVersion(tasks.find(params.Sid), params["If-Match"]);
      tasks.all.delete(params.Sid);
    },
    ListWorker: listWorkers,
    FetchWorker: (params, request) => answerWorker(worker(params.Sid), request),
    UpdateWorker: updateWorker,
    ListTaskQueue: listQueues,
    FetchTaskQueue: (params) => workspace.present.queue(workspace.find(workspace.queues, params.Sid, "TaskQueues")),
    ListWorkflow: (params, request) =>
      page(request, "workflows", named([...workspace.workflows.values()], params).map(workspace.present.workflow)),
    FetchWorkflow: (params) => workspace.present.workflow(workspace.find(workspace.workflows, params.Sid, "Workflows")),
    ListActivity: (params, request) =>
      page(
        request,
        "activities",
        named([...workspace.activities.values()], params)
          .filter(({ available }) => params.Available === undefined || available === yes(params.Available))
          .map(workspace.present.activity),
      ),
    ListWorkerChannel: (params, request) =>
      page(request, "channels", workspace.channelsOf(worker(params.WorkerSid)).map(workspace.present.channel)),
    FetchWorkerChannel: (params) => workspace.present.channel(channel(params)),
    UpdateWorkerChannel: (params) => {
      const found = channel(params);
      if (params.Capacity !== undefined) found.capacity = params.Capacity;
      if (params.Available !== undefined) found.available = params.Available;
      found.updated = clock.now();
      return workspace.present.channel(found);
    },
    ListTaskReservation: (params, request) => listReservations(tasks.find(params.TaskSid).reservations, undefined, params, request),
    FetchTaskReservation: (params, request) => versioned(ofTask(params), request, tasks.presentReservation(ofTask(params))),
    UpdateTaskReservation: (params, request) => {
      const reservation = updateReservation(ofTask(params), params);
      return versioned(reservation, request, tasks.presentReservation(reservation));
    },
    ListWorkerReservation: (params, request) =>
      listReservations(worker(params.WorkerSid).reservations ?? [], `Workers/${params.WorkerSid}`, params, request),
    FetchWorkerReservation: (params) => tasks.presentReservation(ofWorker(params), `Workers/${params.WorkerSid}`),
    UpdateWorkerReservation: (params) =>
      tasks.presentReservation(updateReservation(ofWorker(params), params), `Workers/${params.WorkerSid}`),
  });

  return { services: { "taskrouter/v1": operations }, reset: () => recent.clear() };
}
