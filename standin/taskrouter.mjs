// TaskRouter v1: tasks and reservations, operation by operation. The state is in tasks.mjs.
import { compile, createRateLimit, order, withWorkspace } from "./queries.mjs";
import { attributesText, badRequest, page, parseAttributes } from "./shape.mjs";
import { etag, matchVersion } from "./tasks.mjs";

export function createTaskrouter(twilio) {
  const { workspace, tasks } = twilio;
  const { limit, reset } = createRateLimit(twilio);
  const versioned = (resource, request, body) => {
    request.answer.ETag = etag(resource);
    return body;
  };
  const answerTask = (task, request) => versioned(task, request, tasks.present.task(task));
  const worker = (sid) => workspace.find(workspace.workers, sid, `${workspace.base}/Workers`);
  // The documents say that lists leave attributes out; the real ones have been seen with them.
  const listed = (task) => ({ ...tasks.present.task(task), ...(!twilio.options.listAttributes && { attributes: null }) });

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
    return page(request, "tasks", order(found, params.Ordering, ["DateCreated", "Priority", "VirtualStartTime"]).map(listed));
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
      found.map((reservation) => tasks.present.reservation(reservation, owner)),
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
    } else if (params.Instruction === "conference") {
      void twilio.nativeCalls.conference(reservation, params);
    } else if (status) {
      if (status !== reservation.status) tasks.moveReservation(reservation, status);
    } else if (params.Instruction) throw badRequest(`Instruction ${params.Instruction} is not played here`);
    return reservation;
  }

  const ofTask = (params) => tasks.findReservation(params.Sid, ({ task }) => task.sid === params.TaskSid);
  const ofWorker = (params) => tasks.findReservation(params.Sid, ({ worker: holder }) => holder.sid === params.WorkerSid);
  const operations = withWorkspace({
    CreateTask: createTask,
    FetchTask: (params, request) => answerTask(tasks.find(params.Sid), request),
    UpdateTask: updateTask,
    ListTask: listTasks,
    DeleteTask: (params) => {
      const task = tasks.find(params.Sid);
      matchVersion(task, params["If-Match"]);
      tasks.remove(task);
    },
    ListTaskReservation: (params, request) => listReservations(tasks.find(params.TaskSid).reservations, undefined, params, request),
    FetchTaskReservation: (params, request) => versioned(ofTask(params), request, tasks.present.reservation(ofTask(params))),
    UpdateTaskReservation: (params, request) => {
      const reservation = updateReservation(ofTask(params), params);
      return versioned(reservation, request, tasks.present.reservation(reservation));
    },
    ListWorkerReservation: (params, request) =>
      listReservations(worker(params.WorkerSid).reservations ?? [], `Workers/${params.WorkerSid}`, params, request),
    FetchWorkerReservation: (params) => tasks.present.reservation(ofWorker(params), `Workers/${params.WorkerSid}`),
    UpdateWorkerReservation: (params) =>
      tasks.present.reservation(updateReservation(ofWorker(params), params), `Workers/${params.WorkerSid}`),
  });

  return { services: { "taskrouter/v1": operations }, reset };
}
