// How TaskRouter answers for tasks and reservations.
import * as seed from "./accounts.mjs";
import { iso } from "./shape.mjs";
import { workspaceUrl as base } from "./workspace-answers.mjs";

export function createTaskAnswers(twilio) {
  const { clock, workspace } = twilio;

  const task = (task) => ({
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
    task_queue_entered_date: iso(task.queueEntered),
    virtual_start_time: iso(task.virtualStart),
    task_queue_sid: task.queueSid,
    task_queue_friendly_name: workspace.queues.get(task.queueSid)?.friendlyName ?? null,
    task_channel_sid: seed.TASK_CHANNELS[task.channel],
    task_channel_unique_name: task.channel,
    workflow_sid: task.workflowSid,
    workflow_friendly_name: workspace.workflows.get(task.workflowSid)?.friendlyName ?? null,
    ignore_capacity: task.ignoreCapacity,
    routing_target: task.routingTarget,
    url: `${base}/Tasks/${task.sid}`,
    links: {
      workspace: base,
      workflow: `${base}/Workflows/${task.workflowSid}`,
      task_queue: `${base}/TaskQueues/${task.queueSid}`,
      reservations: `${base}/Tasks/${task.sid}/Reservations`,
    },
  });

  const reservation = (reservation, owner = `Tasks/${reservation.task.sid}`) => ({
    account_sid: twilio.accountSid,
    workspace_sid: seed.WORKSPACE_SID,
    sid: reservation.sid,
    reservation_status: reservation.status,
    task_sid: reservation.task.sid,
    worker_sid: reservation.worker.sid,
    worker_name: reservation.worker.friendlyName,
    date_created: iso(reservation.created),
    date_updated: iso(reservation.updated),
    url: `${base}/${owner}/Reservations/${reservation.sid}`,
    links: { task: `${base}/Tasks/${reservation.task.sid}`, worker: `${base}/Workers/${reservation.worker.sid}`, workspace: base },
  });

  return { task, reservation };
}
