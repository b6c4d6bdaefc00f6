// TaskRouter v1: the workspace, its workers, queues, workflows, activities and channels, operation by operation.
import { expression } from "./expressions.mjs";
import { compile, createRateLimit, order, withWorkspace } from "./queries.mjs";
import { attributesText, notFound, page, parseAttributes } from "./shape.mjs";
import { etag, matchVersion } from "./tasks.mjs";

const yes = (text) => ["true", "1", "yes"].includes(text);

export function createTaskrouterWorkspace(twilio) {
  const { clock, workspace, tasks } = twilio;
  const { limit, reset } = createRateLimit(twilio);
  const worker = (sid) => workspace.find(workspace.workers, sid, `${workspace.base}/Workers`);
  const answerWorker = (found, request) => {
    request.answer.ETag = etag(found);
    return workspace.present.worker(found);
  };

  function updateWorkspace(params) {
    const { settings } = workspace;
    const changes = {
      friendlyName: params.FriendlyName,
      // An empty text switches the callback off.
      eventCallbackUrl: params.EventCallbackUrl === "" ? null : params.EventCallbackUrl,
      eventsFilter: params.EventsFilter === "" ? null : params.EventsFilter,
      multiTaskEnabled: params.MultiTaskEnabled,
      prioritizeQueueOrder: params.PrioritizeQueueOrder,
      defaultActivitySid: params.DefaultActivitySid,
      timeoutActivitySid: params.TimeoutActivitySid,
      updated: clock.now(),
    };
    for (const [name, value] of Object.entries(changes)) if (value !== undefined) settings[name] = value;
    return workspace.present.workspace(settings);
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
    if (attributes) found.attributes = attributes;
    if (params.FriendlyName) Object.assign(found, { friendlyName: params.FriendlyName, names: null });
    if (params.ActivitySid) workspace.setActivity(found, params.ActivitySid);
    else tasks.touch(found);
    const body = answerWorker(found, request);
    twilio.routing.reconsiderAll();
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

  const channel = (params) => {
    const found = workspace.channelsOf(worker(params.WorkerSid)).find(({ sid, uniqueName }) => [sid, uniqueName].includes(params.Sid));
    if (!found) throw notFound(`Channels/${params.Sid}`);
    return found;
  };
  const named = (items, params) =>
    items.filter(({ friendlyName }) => params.FriendlyName === undefined || friendlyName === params.FriendlyName);

  const operations = {
    ListWorkspace: (params, request) => page(request, "workspaces", named([workspace.settings], params).map(workspace.present.workspace)),
    ...withWorkspace({
      FetchWorkspace: () => workspace.present.workspace(workspace.settings),
      UpdateWorkspace: updateWorkspace,
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
    }),
  };

  return { services: { "taskrouter/v1": operations }, reset };
}
