// What an operator's commands ask: the account, workflows, queues, channels, and Flex's configuration.
import * as seed from "./accounts.mjs";
import { expression, ExpressionError } from "./expressions.mjs";
import { badRequest, iso, newSid, notFound, page, Refusal, rfc2822 } from "./shape.mjs";

/** Reads a workflow's configuration as TaskRouter does: broken expressions and unknown queues are refused. */
function readConfiguration(text, queues) {
  let configuration;
  try {
    configuration = JSON.parse(text);
  } catch {
    throw badRequest("Configuration is not JSON");
  }
  const routing = configuration?.task_routing;
  if (typeof routing !== "object" || routing === null) throw badRequest("Configuration has no task_routing");
  const filters = routing.filters ?? [];
  const targets = [...filters.flatMap((filter) => filter.targets ?? []), routing.default_filter].filter(Boolean);
  for (const { queue } of targets) if (!queues.has(queue)) throw badRequest(`TaskQueue ${queue} does not exist`);
  for (const text of [...filters, ...targets].map((part) => part.expression).filter((part) => part !== undefined)) {
    try {
      expression(text);
    } catch (error) {
      if (error instanceof ExpressionError) throw badRequest(`Invalid expression ${text}: ${error.message}`);
      throw error;
    }
  }
  return { task_routing: { ...routing, filters } };
}

export function createOperator(twilio) {
  const { clock, flexConfiguration, workspace } = twilio;
  const { workflows, queues, present } = workspace;
  const channels = new Map();
  let chatServiceSid = seed.CHAT_SERVICE_SID;

  function addChannel(uniqueName, friendlyName, sid = newSid("TC")) {
    channels.set(sid, { sid, uniqueName, friendlyName, optimized: false, created: clock.now() });
    return channels.get(sid);
  }

  function addWorkflow({ sid = newSid("WW"), friendlyName, configuration }) {
    const now = clock.now();
    const details = { reservationTimeout: 120, assignmentCallbackUrl: null, created: now, updated: now };
    workflows.set(sid, { sid, friendlyName, configuration, ...details });
    return workflows.get(sid);
  }

  function reset() {
    chatServiceSid = seed.CHAT_SERVICE_SID;
    channels.clear();
    for (const [name, sid] of Object.entries(seed.TASK_CHANNELS)) addChannel(name, name[0].toUpperCase() + name.slice(1), sid);
    if (twilio.options.account === "fresh") makeFresh();
  }

  /** As Twilio sets a new Flex account up: one queue, one workflow, and nothing that points anywhere. The people stay. */
  function makeFresh() {
    for (const sid of [...queues.keys()]) if (sid !== seed.QUEUES.Everyone.sid) queues.delete(sid);
    workflows.clear();
    const configuration = { task_routing: { filters: [], default_filter: { queue: seed.QUEUES.Everyone.sid } } };
    addWorkflow({ sid: seed.INBOUND_WORKFLOW_SID, friendlyName: "Assign to Anyone", configuration });
    flexConfiguration.settings.outbound_call_flows = {};
    twilio.addresses.all.clear();
    twilio.applications.all.clear();
    Object.assign(workspace.settings, { eventCallbackUrl: null, eventsFilter: null });
  }

  const findWorkflow = (sid) => workspace.find(workflows, sid, `/v1/Workspaces/${seed.WORKSPACE_SID}/Workflows`);
  const findQueue = (sid) => workspace.find(queues, sid, `/v1/Workspaces/${seed.WORKSPACE_SID}/TaskQueues`);
  const findChannel = (text) => {
    const found = [...channels.values()].find(({ sid, uniqueName }) => [sid, uniqueName].includes(text));
    if (!found) throw notFound(`TaskChannels/${text}`);
    return found;
  };
  const nameIsTaken = (items, friendlyName, sid) =>
    [...items.values()].some((item) => item.sid !== sid && item.friendlyName.toLowerCase() === friendlyName.toLowerCase());

  const presentChannel = (channel) => ({
    account_sid: seed.ACCOUNT_SID,
    workspace_sid: seed.WORKSPACE_SID,
    sid: channel.sid,
    unique_name: channel.uniqueName,
    friendly_name: channel.friendlyName,
    channel_optimized_routing: channel.optimized,
    date_created: iso(channel.created),
    date_updated: iso(channel.created),
    url: `${workspace.base}/TaskChannels/${channel.sid}`,
    links: { workspace: workspace.base },
  });

  const checkExpression = (text) => {
    try {
      expression(text);
    } catch {
      throw badRequest(`Invalid TargetWorkers expression ${text}`);
    }
  };

  const taskrouter = {
    CreateWorkflow: ({ FriendlyName, Configuration }) => {
      if (nameIsTaken(workflows, FriendlyName)) throw badRequest(`A workflow with the name ${FriendlyName} already exists`);
      return present.workflow(addWorkflow({ friendlyName: FriendlyName, configuration: readConfiguration(Configuration, queues) }));
    },
    UpdateWorkflow: ({ Sid, FriendlyName, Configuration }) => {
      const workflow = findWorkflow(Sid);
      if (Configuration !== undefined) workflow.configuration = readConfiguration(Configuration, queues);
      if (FriendlyName !== undefined) workflow.friendlyName = FriendlyName;
      workflow.updated = clock.now();
      return present.workflow(workflow);
    },
    DeleteWorkflow: ({ Sid }) => void workflows.delete(findWorkflow(Sid).sid),
    CreateTaskQueue: ({ FriendlyName, TargetWorkers = "1==1" }) => {
      if (nameIsTaken(queues, FriendlyName)) throw badRequest(`A queue with the name ${FriendlyName} already exists`);
      checkExpression(TargetWorkers);
      const queue = { sid: newSid("WQ"), friendlyName: FriendlyName, targetWorkers: TargetWorkers, created: clock.now() };
      queues.set(queue.sid, queue);
      return present.queue(queue);
    },
    UpdateTaskQueue: ({ Sid, FriendlyName, TargetWorkers }) => {
      const queue = findQueue(Sid);
      if (TargetWorkers !== undefined) checkExpression(TargetWorkers);
      Object.assign(queue, { friendlyName: FriendlyName ?? queue.friendlyName, targetWorkers: TargetWorkers ?? queue.targetWorkers });
      return present.queue(queue);
    },
    DeleteTaskQueue: ({ Sid }) => {
      const inUse = [...workflows.values()].find(({ configuration }) => JSON.stringify(configuration).includes(Sid));
      if (inUse) throw badRequest(`TaskQueue ${findQueue(Sid).sid} is used by workflow ${inUse.sid}`);
      queues.delete(findQueue(Sid).sid);
    },
    ListTaskChannel: (_, request) => page(request, "channels", [...channels.values()].map(presentChannel)),
    FetchTaskChannel: ({ Sid }) => presentChannel(findChannel(Sid)),
    CreateTaskChannel: ({ FriendlyName, UniqueName }) => {
      if ([...channels.values()].some(({ uniqueName }) => uniqueName === UniqueName)) throw badRequest(`${UniqueName} is taken`);
      return presentChannel(addChannel(UniqueName, FriendlyName));
    },
    DeleteTaskChannel: ({ Sid }) => void channels.delete(findChannel(Sid).sid),
  };

  const inWorkspace = (handlers) =>
    Object.fromEntries(
      Object.entries(handlers).map(([id, handler]) => [
        id,
        (params, request) => {
          if (params.WorkspaceSid !== seed.WORKSPACE_SID) throw notFound(`/v1/Workspaces/${params.WorkspaceSid}`);
          return handler(params, request);
        },
      ]),
    );

  const since = rfc2822(clock.now());
  const services = {
    "taskrouter/v1": inWorkspace(taskrouter),
    "flex-api/v1": {
      // JSON without a schema: Twilio wants the account's SID in it, and takes what it is given.
      UpdateConfiguration: (params) => {
        if (params.account_sid !== seed.ACCOUNT_SID) throw badRequest("account_sid is not this account's");
        Object.assign(flexConfiguration.settings, params, { date_updated: iso(clock.now()) });
        return flexConfiguration.services["flex-api/v1"].FetchConfiguration();
      },
    },
    "conversations/v1": {
      FetchConfiguration: () => ({
        account_sid: seed.ACCOUNT_SID,
        default_chat_service_sid: chatServiceSid,
        default_messaging_service_sid: null,
        default_inactive_timer: null,
        default_closed_timer: null,
        url: "https://conversations.twilio.com/v1/Configuration",
        links: { webhooks: "https://conversations.twilio.com/v1/Configuration/Webhooks" },
      }),
      UpdateConfiguration: ({ DefaultChatServiceSid }) => {
        chatServiceSid = DefaultChatServiceSid ?? chatServiceSid;
        return services["conversations/v1"].FetchConfiguration();
      },
    },
    "api/2010-04-01": {
      FetchAccount: ({ Sid }) => {
        if (Sid !== seed.ACCOUNT_SID) throw new Refusal(404, 20404, `Accounts/${Sid} was not found`);
        return {
          sid: seed.ACCOUNT_SID,
          owner_account_sid: seed.ACCOUNT_SID,
          friendly_name: "A contact centre",
          auth_token: twilio.authToken,
          status: "active",
          type: "Full",
          date_created: since,
          date_updated: since,
          subresource_uris: {},
          uri: `/2010-04-01/Accounts/${seed.ACCOUNT_SID}.json`,
        };
      },
    },
  };

  return { services, reset, makeFresh };
}
