// What the workflows have to do for the Worker's tasks, as filters to write and as tasks to try. Pure.
import { expression, ExpressionError } from "../../standin/expressions.mjs";

const sid = (prefix, last) => prefix + last.padStart(32, "0");
const agent = (last) => ({
  sid: sid("WK", last),
  friendly_name: `agent ${last}`,
  contact_uri: `client:agent_${last}`,
  roles: ["agent"],
  routing: { skills: [] },
});
const CALLED = agent("a");
const OTHER = agent("b");

/** A name as a text of an expression; none when it has both kinds of quotes. */
const text = (name) => (name.includes("'") ? (name.includes('"') ? null : `"${name}"`) : `'${name}'`);
const filter = (name, test, target) => ({ filter_friendly_name: name, expression: test, targets: [target] });
const PRIORITY = 1000;

/**
 * What a workflow is needed for. Each: `title`, the `task` that the Worker makes, `only` the agent it is for or `but` the
 * one it is not for, the `queue` it has to reach, whether it must come `first`, and the `filter` that does so.
 */
const NEEDS = {
  internalCall: ({ everyone, queues, native }) => [
    ...(native
      ? [
          {
            title: "a native call to an agent",
            task: { internal_call: "native", name: "Alice", worker_sid: CALLED.sid, caller_worker_sid: OTHER.sid },
            only: CALLED,
            first: true,
            filter: filter("flex-edge: native call", "internal_call == 'native'", {
              queue: everyone,
              known_worker_sid: "task.worker_sid",
              priority: PRIORITY,
              timeout: 45,
            }),
          },
        ]
      : []),
    ...queues.map(({ sid: queue, friendlyName: name }) => ({
      title: `a call to the queue ${name}`,
      task: { client_call: true, to: `queue:${name}`, callToQueue: name, internal: "true" },
      queue,
      filter: text(name) && filter(`flex-edge: call to ${name}`, `callToQueue == ${text(name)}`, { queue, priority: PRIORITY }),
    })),
    {
      title: "a call to an agent",
      task: { client_call: true, to: CALLED.contact_uri, targetWorker: CALLED.contact_uri, internal: "true" },
      only: CALLED,
      first: true,
      filter: filter("flex-edge: call to an agent", "client_call == true", {
        queue: everyone,
        expression: "task.targetWorker == worker.contact_uri",
        priority: PRIORITY,
      }),
    },
  ],
  chatTransfer: ({ everyone, queues }) => [
    {
      title: "a transfer to an agent",
      task: { transferTargetType: "worker", transferTargetSid: CALLED.sid, workerSidsInConversation: [OTHER.sid] },
      only: CALLED,
      first: true,
      filter: filter("flex-edge: transfer to an agent", "transferTargetType == 'worker'", {
        queue: everyone,
        known_worker_sid: "task.transferTargetSid",
        priority: PRIORITY,
      }),
    },
    ...queues.map(({ sid: queue, friendlyName: name }) => ({
      title: `a transfer to the queue ${name}`,
      task: {
        transferTargetType: "queue",
        transferTargetSid: queue,
        transferQueueName: name,
        workerSidsInConversation: [OTHER.sid],
        ignoreWorkerContactUri: OTHER.contact_uri,
      },
      but: OTHER,
      queue,
      filter:
        text(name) &&
        filter(`flex-edge: transfer to ${name}`, `transferTargetType == 'queue' AND transferQueueName == ${text(name)}`, {
          queue,
          expression: "worker.sid NOT IN task.workerSidsInConversation",
        }),
    })),
  ],
  outbound: () => [{ title: "a dialled call", task: { direction: "outbound", outbound_to: "+15555550100", from: "+15555550101" } }],
  inbound: () =>
    ["sms", "whatsapp", "messenger", "web"].map((channelType) => ({
      title: `a conversation by ${channelType}`,
      task: { channelType, from: "customer", customerAddress: "customer", customerName: "Customer" },
    })),
};

export const needsOf = (kind, given) => NEEDS[kind](given);

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const valueAt = (path, names) => path.split(".").reduce((value, name) => value?.[name], names);

/** Whether a target offers the task to this worker. */
function offers(target, task, worker) {
  const names = { ...task, task, worker };
  if (target.known_worker_sid) return valueAt(target.known_worker_sid, names) === worker.sid;
  if (target.known_worker_friendly_name) return valueAt(target.known_worker_friendly_name, names) === worker.friendly_name;
  return target.expression === undefined || expression(target.expression)(names);
}

/** The filter that takes a task, and its targets; TaskRouter goes from the top to the bottom. */
function routeOf(configuration, task) {
  const { filters = [], default_filter: otherwise } = configuration.task_routing ?? {};
  const taken = filters.find((one) => expression(one.expression ?? "1==1")({ ...task, task }));
  if (taken) return { name: taken.filter_friendly_name ?? asText(taken.expression), targets: taken.targets ?? [] };
  return otherwise ? { name: null, targets: [otherwise] } : null;
}

const highest = (configuration) =>
  Math.max(0, ...(configuration.task_routing?.filters ?? []).flatMap(({ targets = [] }) => targets.map(({ priority = 0 }) => Number(priority))));

/** What is wrong for one need, in words; null when nothing is. `queues` are those of the workspace. */
export function problemOf(configuration, need, queues) {
  try {
    const route = routeOf(configuration, need.task);
    if (!route) return "no filter takes it and there is no default queue: TaskRouter cancels it";
    const by = route.name === null ? "no filter takes it: the default queue" : `the filter "${route.name}"`;
    if (route.targets.length === 0) return `${by} has no target`;
    const nameOf = (wanted) => queues.find((queue) => queue.sid === wanted)?.friendlyName ?? "a queue that does not exist";
    const [first] = route.targets;
    if (!queues.some((queue) => queue.sid === first.queue)) return `${by} leads to ${nameOf(first.queue)}`;
    if (need.queue && first.queue !== need.queue) return `${by} leads to ${nameOf(first.queue)}`;
    if (need.only) {
      if (!offers(first, need.task, need.only)) return `${by} does not offer it to that agent`;
      if (!expression(queues.find((queue) => queue.sid === first.queue).targetWorkers ?? "1==1")(need.only))
        return `${by} leads to ${nameOf(first.queue)}, which not every agent is in`;
      if (route.targets.some((target) => offers(target, need.task, OTHER))) return `${by} offers it to other agents too`;
    }
    if (need.but && route.targets.some((target) => offers(target, need.task, need.but))) return `${by} offers it to those who are in it already`;
    if (need.first && Number(first.priority ?? 0) < highest(configuration)) return `${by} does not have the highest priority`;
    return null;
  } catch (error) {
    if (error instanceof ExpressionError) return `cannot be told: an expression in this workflow is not understood (${error.message})`;
    throw error;
  }
}

const withFilters = (configuration, filters) => ({ ...configuration, task_routing: { ...configuration.task_routing, filters } });

/** The filter in the first place where it helps its task and spoils no other; in front, if there is none. */
function placed(configuration, filter, count) {
  const { filters } = configuration.task_routing;
  const at = (place) => withFilters(configuration, filters.toSpliced(place, 0, filter));
  const before = count(configuration);
  for (let place = 0; place <= filters.length; place += 1) if (count(at(place)) < before) return at(place);
  return at(0);
}

/** A configuration with the missing filters; everything of others stays as it is, in its order. */
export function mended(configuration, needs, queues) {
  const wanted = needs.filter((need) => need.filter);
  const isMissing = (one) => (need) => problemOf(one, need, queues) !== null;
  const count = (one) => wanted.filter(isMissing(one)).length;
  let current = withFilters(configuration, configuration.task_routing?.filters ?? []);
  for (const need of wanted.filter(isMissing(current))) {
    const others = current.task_routing.filters.filter(({ filter_friendly_name: name }) => name !== need.filter.filter_friendly_name);
    current = withFilters(current, others);
    const [target] = need.filter.targets;
    const priority = Math.max(PRIORITY, highest(current));
    current = placed(current, need.first ? { ...need.filter, targets: [{ ...target, priority }] } : need.filter, count);
  }
  return current;
}

/** The configuration of a new workflow. */
export const freshConfiguration = (needs, everyone) => ({
  task_routing: { filters: needs.map((need) => need.filter).filter(Boolean), default_filter: { queue: everyone } },
});

/** A configuration as it was stored; none when it cannot be read. */
export function readConfiguration(stored) {
  try {
    const configuration = JSON.parse(stored);
    return configuration !== null && typeof configuration === "object" ? configuration : null;
  } catch {
    return null;
  }
}
