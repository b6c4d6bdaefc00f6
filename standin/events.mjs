// TaskRouter's event callback: what happens in the workspace, posted to the workspace's EventCallbackUrl.
import * as seed from "./accounts.mjs";
import { newSid } from "./shape.mjs";

const seconds = (time) => Math.floor(time / 1000);
// Recorded callbacks spell the type of the resource in lower case.
const resourceTypeOf = (type) => type.split(".")[0].replaceAll("-", "");

export function createEvents(twilio) {
  const { clock } = twilio;

  const taskFields = (task) => ({
    TaskSid: task.sid,
    TaskAttributes: task.attributes,
    TaskAge: seconds(clock.now() - task.created),
    TaskPriority: task.priority,
    TaskAssignmentStatus: task.status,
    TaskVersion: task.version,
    TaskChannelSid: seed.TASK_CHANNELS[task.channel],
    TaskChannelUniqueName: task.channel,
    TaskDateCreated: seconds(task.created),
    TaskVirtualStartTime: seconds(task.virtualStart),
    TaskIgnoreCapacity: task.ignoreCapacity,
    TaskCanceledReason: task.status === "canceled" ? task.reason : undefined,
    TaskCompletedReason: task.status === "completed" ? task.reason : undefined,
    Reason: task.reason,
    WorkflowSid: task.workflowSid,
    WorkflowName: twilio.workspace.workflows.get(task.workflowSid)?.friendlyName,
  });

  function queueFields(sid) {
    const queue = twilio.workspace.queues.get(sid);
    return queue && { TaskQueueSid: sid, TaskQueueName: queue.friendlyName, TaskQueueTargetExpression: queue.targetWorkers };
  }

  const workerFields = (worker) => ({
    WorkerSid: worker.sid,
    WorkerName: worker.friendlyName,
    WorkerAttributes: worker.attributes,
    WorkerActivitySid: worker.activity.sid,
    WorkerActivityName: worker.activity.friendlyName,
    WorkerVersion: worker.version,
  });

  function fieldsOf(type, { reservation, task = reservation?.task, worker = reservation?.worker, more = {} }) {
    const resource = { task, reservation, worker, workflow: { sid: task?.workflowSid }, taskqueue: { sid: task?.queueSid } }[
      resourceTypeOf(type)
    ];
    return {
      EventType: type,
      AccountSid: twilio.accountSid,
      WorkspaceSid: seed.WORKSPACE_SID,
      WorkspaceName: twilio.workspace.settings.friendlyName,
      EventDescription: `${resourceTypeOf(type)} ${resource.sid}: ${type}`,
      ResourceType: resourceTypeOf(type),
      ResourceSid: resource.sid,
      Timestamp: seconds(clock.now()),
      TimestampMs: clock.now(),
      Sid: newSid("EV"),
      OperatingUnitSid: seed.OPERATING_UNIT_SID,
      ...(task && { ...taskFields(task), ...queueFields(task.queueSid), TaskQueueEnteredDate: seconds(task.queueEntered) }),
      ...(reservation && { ReservationSid: reservation.sid, ReservationVersion: reservation.version }),
      ...(worker && workerFields(worker)),
      ...more,
    };
  }

  /** Says that something happened, with everything as it is at this moment: `about` has a task, a reservation or a worker. */
  function emit(type, about) {
    const { eventCallbackUrl: url, eventsFilter } = twilio.workspace.settings;
    if (!url || (eventsFilter && !eventsFilter.split(",").some((wanted) => wanted.trim() === type))) return;
    // An event is no call: its URL takes no connection overrides.
    const delivery = { url, method: "POST", fields: fieldsOf(type, about), voice: false, overridable: false };
    void twilio.track(
      clock.later(twilio.options.eventDelayMs, () => void twilio.webhooks.deliver(delivery)),
      Object.values(delivery.fields).join(" "),
    );
  }

  return { emit };
}
