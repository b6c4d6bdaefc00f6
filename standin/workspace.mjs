// The TaskRouter workspace: workers, queues, workflows, activities and channels.
import * as seed from "./accounts.mjs";
import { expression } from "./expressions.mjs";
import { iso, newSid, notFound, parseAttributes } from "./shape.mjs";

const FIRST = [
  "Ana",
  "Ben",
  "Chloé",
  "Dmitri",
  "Ève",
  "Farid",
  "Gül",
  "Hana",
  "Igor",
  "José",
  "Kim",
  "Lars",
  "Mia",
  "Noor",
  "Oto",
  "Priya",
];
const LAST = ["Adams", "Brown", "O'Brien", "Costa", 'D"Arc', "Evans", "Farias", "Hill", "Ivanov", "Jones", "Klein", "Lopez"];

function workflowConfiguration(name) {
  const everyone = seed.QUEUES.Everyone.sid;
  const queues = Object.entries(seed.QUEUES);
  const filter = (label, test, target) => ({ filter_friendly_name: label, expression: test, targets: [target] });
  const notInConversation =
    "(task.workerSidsInConversation == null OR worker.sid NOT IN task.workerSidsInConversation)" +
    " AND (task.ignoreWorkerContactUri == null OR worker.contact_uri != task.ignoreWorkerContactUri)";
  const filters = {
    "Internal call": [
      ...queues.map(([queue, { sid }]) => filter(`Queue ${queue}`, `callToQueue == '${queue}'`, { queue: sid, priority: "1000" })),
      filter("Agent", "client_call == true", { queue: everyone, priority: "1000", expression: "task.targetWorker == worker.contact_uri" }),
    ],
    "Chat transfer": [
      filter("Worker", "transferTargetType == 'worker'", {
        queue: everyone,
        priority: "1000",
        expression: "worker.sid == task.transferTargetSid",
      }),
      ...queues.map(([queue, { sid }]) =>
        filter(`Queue ${queue}`, `transferTargetType == 'queue' AND transferQueueName == '${queue}'`, {
          queue: sid,
          expression: notInConversation,
        }),
      ),
    ],
  };
  return {
    task_routing: { filters: filters[name] ?? [], default_filter: { queue: name === "Outbound" ? seed.OUTBOUND_QUEUE_SID : everyone } },
  };
}

function seedWorkflows(now) {
  const workflows = {
    "Internal call": seed.INTERNAL_CALL_WORKFLOW_SID,
    "Chat transfer": seed.CHAT_TRANSFER_WORKFLOW_SID,
    Outbound: seed.OUTBOUND_WORKFLOW_SID,
    Inbound: seed.INBOUND_WORKFLOW_SID,
  };
  return Object.entries(workflows).map(([friendlyName, sid]) => ({
    sid,
    friendlyName,
    configuration: workflowConfiguration(friendlyName),
    created: now,
  }));
}

export function createWorkspace(twilio) {
  const { clock } = twilio;
  const workers = new Map();
  const byName = new Map();
  const queues = new Map();
  const workflows = new Map();
  const activities = new Map();
  const base = `https://taskrouter.twilio.com/v1/Workspaces/${seed.WORKSPACE_SID}`;

  /** Adds a worker; `attributes` may be an object or text, which then need not be JSON. */
  function addWorker({ sid = newSid("WK"), friendlyName, attributes = {}, activity = "Available" }) {
    const now = clock.now();
    const worker = {
      sid,
      friendlyName,
      activity: activities.get(seed.ACTIVITIES[activity].sid),
      version: 0,
      attributes: typeof attributes === "string" ? attributes : JSON.stringify(attributes),
      created: now,
      updated: now,
      statusChanged: now,
      channels: null,
    };
    workers.set(sid, worker);
    byName.set(friendlyName.toLowerCase(), worker);
    return worker;
  }

  function addCrowd(count) {
    for (let number = 1; workers.size < count; number += 1) {
      const fullName = `${FIRST[number % FIRST.length]} ${LAST[number % LAST.length]} ${number}`;
      const friendlyName = `agent${String(number).padStart(5, "0")}`;
      const attributes = {
        full_name: fullName,
        email: `${friendlyName}@example.com`,
        contact_uri: `client:${friendlyName}`,
        roles: ["agent"],
        routing: { skills: [] },
      };
      if (number % 97 === 0) delete attributes.full_name;
      if (number % 89 === 0) delete attributes.contact_uri;
      addWorker({
        friendlyName,
        attributes: number % 101 === 0 ? "{broken" : attributes,
        activity: number % 7 === 0 ? "Offline" : "Available",
      });
    }
  }

  function reset() {
    const now = clock.now();
    for (const map of [workers, byName, queues, workflows, activities]) map.clear();
    for (const [friendlyName, { sid, available }] of Object.entries(seed.ACTIVITIES))
      activities.set(sid, { sid, friendlyName, available, created: now });
    for (const [friendlyName, { sid, targetWorkers }] of Object.entries(seed.QUEUES))
      queues.set(sid, { sid, friendlyName, targetWorkers, created: now });
    for (const workflow of seedWorkflows(now)) workflows.set(workflow.sid, workflow);
    for (const worker of Object.values(seed.WORKERS)) addWorker(worker);
    addCrowd(twilio.options.workers);
  }

  function attributesOf(worker) {
    if (worker.parsedFrom !== worker.attributes) {
      worker.parsed = parseAttributes(worker.attributes);
      worker.parsedFrom = worker.attributes;
    }
    return worker.parsed;
  }

  /** The names that a worker expression can use. */
  const workerNames = (worker) => ({
    ...attributesOf(worker),
    sid: worker.sid,
    friendly_name: worker.friendlyName,
    activity_sid: worker.activity.sid,
    activity_name: worker.activity.friendlyName,
  });

  const inQueue = (worker, queue) => expression(queue.targetWorkers)(workerNames(worker));

  function channelsOf(worker) {
    worker.channels ??= Object.entries(seed.TASK_CHANNELS).map(([uniqueName, taskChannelSid]) => ({
      sid: newSid("WC"),
      uniqueName,
      taskChannelSid,
      worker,
      capacity: uniqueName === "voice" ? 1 : 3,
      available: true,
      created: clock.now(),
      updated: clock.now(),
    }));
    return worker.channels;
  }

  function find(map, sid, what) {
    const found = map.get(sid);
    if (!found) throw notFound(`${what}/${sid}`);
    return found;
  }

  /** A worker by SID, friendly name or contact URI, for the control interface. */
  function who(text) {
    const worker =
      workers.get(text) ??
      byName.get(text.toLowerCase()) ??
      [...workers.values()].find((other) => attributesOf(other).contact_uri === text);
    if (!worker) throw notFound(`worker ${text}`);
    return worker;
  }

  const present = {
    worker: (worker) => ({
      account_sid: twilio.accountSid,
      workspace_sid: seed.WORKSPACE_SID,
      sid: worker.sid,
      friendly_name: worker.friendlyName,
      activity_name: worker.activity.friendlyName,
      activity_sid: worker.activity.sid,
      available: worker.activity.available,
      attributes: worker.attributes,
      date_created: iso(worker.created),
      date_updated: iso(worker.updated),
      date_status_changed: iso(worker.statusChanged),
      url: `${base}/Workers/${worker.sid}`,
      links: {
        channels: `${base}/Workers/${worker.sid}/Channels`,
        worker_channels: `${base}/Workers/${worker.sid}/Channels`,
        activity: `${base}/Activities/${worker.activity.sid}`,
        workspace: base,
        reservations: `${base}/Workers/${worker.sid}/Reservations`,
        statistics: `${base}/Workers/Statistics`,
        worker_statistics: `${base}/Workers/${worker.sid}/Statistics`,
        real_time_statistics: `${base}/Workers/RealTimeStatistics`,
        cumulative_statistics: `${base}/Workers/CumulativeStatistics`,
      },
    }),
    queue: (queue) => ({
      account_sid: twilio.accountSid,
      workspace_sid: seed.WORKSPACE_SID,
      sid: queue.sid,
      friendly_name: queue.friendlyName,
      target_workers: queue.targetWorkers,
      max_reserved_workers: 1,
      task_order: "FIFO",
      assignment_activity_sid: null,
      assignment_activity_name: null,
      reservation_activity_sid: null,
      reservation_activity_name: null,
      date_created: iso(queue.created),
      date_updated: iso(queue.created),
      url: `${base}/TaskQueues/${queue.sid}`,
      links: {
        workspace: base,
        statistics: `${base}/TaskQueues/${queue.sid}/Statistics`,
        list_statistics: `${base}/TaskQueues/Statistics`,
      },
    }),
    workflow: (workflow) => ({
      account_sid: twilio.accountSid,
      workspace_sid: seed.WORKSPACE_SID,
      sid: workflow.sid,
      friendly_name: workflow.friendlyName,
      configuration: JSON.stringify(workflow.configuration),
      document_content_type: "application/json",
      task_reservation_timeout: 120,
      assignment_callback_url: null,
      fallback_assignment_callback_url: null,
      date_created: iso(workflow.created),
      date_updated: iso(workflow.created),
      url: `${base}/Workflows/${workflow.sid}`,
      links: { statistics: `${base}/Workflows/${workflow.sid}/Statistics` },
    }),
    activity: (activity) => ({
      account_sid: twilio.accountSid,
      workspace_sid: seed.WORKSPACE_SID,
      sid: activity.sid,
      friendly_name: activity.friendlyName,
      available: activity.available,
      date_created: iso(activity.created),
      date_updated: iso(activity.created),
      url: `${base}/Activities/${activity.sid}`,
      links: { workspace: base },
    }),
    channel: (channel) => {
      const assigned = twilio.tasks.openReservations(channel.worker).filter(({ task }) => task.channel === channel.uniqueName).length;
      return {
        account_sid: twilio.accountSid,
        workspace_sid: seed.WORKSPACE_SID,
        worker_sid: channel.worker.sid,
        sid: channel.sid,
        task_channel_sid: channel.taskChannelSid,
        task_channel_unique_name: channel.uniqueName,
        assigned_tasks: assigned,
        available: channel.available,
        available_capacity_percentage: channel.capacity > 0 ? Math.max(0, Math.round(100 * (1 - assigned / channel.capacity))) : 0,
        configured_capacity: channel.capacity,
        date_created: iso(channel.created),
        date_updated: iso(channel.updated),
        url: `${base}/Workers/${channel.worker.sid}/Channels/${channel.sid}`,
      };
    },
  };

  return {
    base,
    workers,
    queues,
    workflows,
    activities,
    addWorker,
    attributesOf,
    workerNames,
    inQueue,
    channelsOf,
    find,
    who,
    present,
    reset,
  };
}
