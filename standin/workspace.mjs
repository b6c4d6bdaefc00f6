// The TaskRouter workspace: workers, queues, workflows, activities and channels.
import * as seed from "./accounts.mjs";
import { expression } from "./expressions.mjs";
import { newSid, notFound, parseAttributes } from "./shape.mjs";
import { seedWorkflows } from "./workflows.mjs";
import { createWorkspaceAnswers, workspaceUrl } from "./workspace-answers.mjs";

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

export function createWorkspace(twilio) {
  const { clock } = twilio;
  const workers = new Map();
  const byName = new Map();
  const queues = new Map();
  const workflows = new Map();
  const activities = new Map();
  const settings = {};

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
    Object.assign(settings, {
      friendlyName: "Flex Task Assignment",
      eventCallbackUrl: null,
      eventsFilter: null,
      multiTaskEnabled: true,
      prioritizeQueueOrder: "FIFO",
      defaultActivitySid: seed.ACTIVITIES.Offline.sid,
      timeoutActivitySid: seed.ACTIVITIES.Offline.sid,
      created: now,
      updated: now,
    });
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
  function workerNames(worker) {
    const { sid, friendlyName: friendly_name, activity } = worker;
    const attributes = attributesOf(worker);
    // Every routing looks at every worker: made anew only when something has changed.
    if (worker.names?.of !== attributes || worker.names.activity !== activity)
      worker.names = {
        of: attributes,
        activity,
        all: { ...attributes, sid, friendly_name, activity_sid: activity.sid, activity_name: activity.friendlyName },
      };
    return worker.names.all;
  }

  function removeWorker(sid) {
    byName.delete(workers.get(sid)?.friendlyName.toLowerCase());
    workers.delete(sid);
  }

  /** Moves a worker to another activity: pending tasks are offered anew. */
  function setActivity(worker, activitySid) {
    const before = worker.activity;
    const since = worker.statusChanged;
    worker.activity = find(activities, activitySid, "Activities");
    worker.statusChanged = clock.now();
    worker.version += 1;
    worker.updated = clock.now();
    const spent = worker.statusChanged - since;
    twilio.events.emit("worker.activity.update", {
      worker,
      more: {
        WorkerPreviousActivitySid: before.sid,
        WorkerPreviousActivityName: before.friendlyName,
        WorkerTimeInPreviousActivity: Math.floor(spent / 1000),
        WorkerTimeInPreviousActivityMs: spent,
      },
    });
    twilio.routing.reconsiderAll();
  }

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

  return {
    base: workspaceUrl,
    settings,
    workers,
    queues,
    workflows,
    activities,
    addWorker,
    removeWorker,
    setActivity,
    attributesOf,
    workerNames,
    inQueue,
    channelsOf,
    find,
    who,
    present: createWorkspaceAnswers(twilio),
    reset,
  };
}
