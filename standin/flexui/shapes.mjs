// TaskRouter's resources as the event bridge sends them: seconds for dates, other names than the REST API's for some fields.
import * as seed from "../accounts.mjs";

const seconds = (time) => Math.floor(time / 1000);
const dates = ({ created, updated }) => ({ date_created: seconds(created), date_updated: seconds(updated) });
const RESERVATION_SECONDS = 120;

export function createShapes({ workspace, accountSid }) {
  const shared = { account_sid: accountSid, workspace_sid: seed.WORKSPACE_SID };

  const worker = (found) => ({
    ...shared,
    ...dates(found),
    sid: found.sid,
    worker_sid: found.sid,
    friendly_name: found.friendlyName,
    name: found.friendlyName,
    activity_name: found.activity.friendlyName,
    activity_sid: found.activity.sid,
    available: found.activity.available,
    // TaskRouter itself keeps nothing that is not JSON; the seed has such a worker for readers of its REST API.
    attributes: JSON.stringify(workspace.attributesOf(found)),
    date_status_changed: seconds(found.statusChanged),
    date_activity_changed: seconds(found.statusChanged),
    version: String(found.version),
  });

  const activity = ({ sid, friendlyName, available, created }) => ({
    ...shared,
    ...dates({ created, updated: created }),
    sid,
    friendly_name: friendlyName,
    available,
  });

  const channel = (found) => {
    const { assigned_tasks, available_capacity_percentage } = workspace.present.channel(found);
    return {
      ...shared,
      ...dates(found),
      sid: found.sid,
      worker_sid: found.worker.sid,
      task_channel_sid: found.taskChannelSid,
      task_channel_unique_name: found.uniqueName,
      assigned_tasks,
      available: found.available,
      available_capacity_percentage,
      configured_capacity: found.capacity,
      last_reserved_time: seconds(found.updated),
    };
  };

  const queue = (found) => ({
    ...shared,
    ...dates({ created: found.created, updated: found.created }),
    sid: found.sid,
    friendly_name: found.friendlyName,
    target_workers: found.targetWorkers,
    max_reserved_workers: 1,
    task_order: "FIFO",
    lifo_queue: false,
    assignment_activity_sid: null,
    assignment_activity_name: null,
    reservation_activity_sid: null,
    reservation_activity_name: null,
  });

  const task = (found) => ({
    ...dates(found),
    sid: found.sid,
    addons: "{}",
    age: seconds(Date.now() - found.created),
    assignment_status: found.status,
    attributes: found.attributes,
    priority: found.priority,
    queue_sid: found.queueSid,
    queue_name: workspace.queues.get(found.queueSid).friendlyName,
    reason: found.reason,
    routing_target: found.routingTarget,
    task_channel_sid: seed.TASK_CHANNELS[found.channel],
    task_channel_unique_name: found.channel,
    timeout: found.timeout,
    workflow_sid: found.workflowSid,
    workflow_name: workspace.workflows.get(found.workflowSid).friendlyName,
    version: String(found.version),
    virtual_start_time: seconds(found.virtualStart),
  });

  const transfer = (found) => ({
    ...shared,
    ...dates(found),
    sid: found.sid,
    task_sid: found.task.sid,
    initiating_reservation_sid: found.from.sid,
    initiating_worker_sid: found.from.worker.sid,
    initiating_queue_sid: found.task.queueSid,
    initiating_workflow_sid: found.task.workflowSid,
    transfer_mode: found.mode,
    transfer_to: found.to,
    transfer_type: found.to.startsWith("WK") ? "WORKER" : "QUEUE",
    transfer_status: found.status,
    transfer_failed_reason: found.reason ?? null,
  });

  const reservation = (found) => ({
    ...shared,
    ...dates(found),
    sid: found.sid,
    worker_sid: found.worker.sid,
    reservation_status: found.status,
    reservation_timeout: RESERVATION_SECONDS,
    task: task(found.task),
    version: String(found.version),
    ...(found.transfer && { task_transfer: transfer(found.transfer) }),
    ...(found.outgoing?.status === "initiated" && { active_outgoing_task_transfer: transfer(found.outgoing) }),
  });

  /** The answer to a change of a reservation; its events alone speak of transfers, and the client trips over them here. */
  const changedReservation = ({ transfer: _, outgoing: __, ...found }) => reservation(found);

  return { worker, activity, channel, queue, task, transfer, reservation, changedReservation };
}
