// The workflows of the seed: which filters they have, and where these lead.
import * as seed from "./accounts.mjs";

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
      filter("Native agent", "internal_call == 'native'", {
        queue: everyone,
        priority: "1000",
        timeout: 45,
        known_worker_sid: "task.worker_sid",
      }),
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

/** The workspace's workflows, with the filters that the plugins and the Worker need. */
export function seedWorkflows(now) {
  const workflows = {
    "Internal call": seed.INTERNAL_CALL_WORKFLOW_SID,
    "Chat transfer": seed.CHAT_TRANSFER_WORKFLOW_SID,
    Outbound: seed.OUTBOUND_WORKFLOW_SID,
    Inbound: seed.INBOUND_WORKFLOW_SID,
    Fallback: seed.FALLBACK_WORKFLOW_SID,
  };
  return Object.entries(workflows).map(([friendlyName, sid]) => ({
    sid,
    friendlyName,
    configuration: workflowConfiguration(friendlyName),
    // Seconds that a worker has to take an offer.
    reservationTimeout: 120,
    assignmentCallbackUrl: null,
    created: now,
    updated: now,
  }));
}
