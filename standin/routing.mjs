// The way of a task through its workflow: filters, steps and their time-outs, and the workers it is offered to.
import { expression } from "./expressions.mjs";
import { parseAttributes } from "./shape.mjs";

export function createRouting(twilio) {
  const { clock, workspace, tasks, events } = twilio;

  /** What routes the task: the filter's name and the steps. The default filter is only for tasks that match no other. */
  function planOf(task) {
    if (workspace.queues.has(task.routingTarget)) return { filter: null, steps: [{ queue: task.routingTarget }] };
    const workflowSid = workspace.workflows.has(task.routingTarget) ? task.routingTarget : task.workflowSid;
    const { filters = [], default_filter: fallback } = workspace.workflows.get(workflowSid).configuration.task_routing;
    const attributes = parseAttributes(task.attributes);
    const filter = filters.find((candidate) => expression(candidate.expression)({ ...attributes, task: attributes }));
    return { filter: filter ?? fallback, steps: filter?.targets ?? (fallback ? [fallback] : []) };
  }

  function hasRoom(worker, task) {
    if (!twilio.options.countCapacity) return true;
    const { capacity, available } = workspace.channelsOf(worker).find(({ uniqueName }) => uniqueName === task.channel);
    return available && tasks.openReservations(worker).filter((other) => other.task.channel === task.channel).length < capacity;
  }

  const willing = (worker, task) => worker.activity.available && (twilio.options.reoffer || !task.refusedBy.has(worker.sid));

  /** The worker whom a step names by `known_worker_sid` or `known_worker_friendly_name`: a path in the task, or the name itself. */
  function knownWorker(step, names) {
    const text = step.known_worker_sid ?? step.known_worker_friendly_name;
    if (text === undefined) return undefined;
    const value = text.startsWith("task.") ? text.split(".").reduce((found, name) => found?.[name], names) : text;
    return [...workspace.workers.values()].find(({ sid, friendlyName }) => [sid, friendlyName].includes(value)) ?? null;
  }

  function candidates(task, step) {
    const attributes = parseAttributes(task.attributes);
    const known = knownWorker(step, { ...attributes, task: attributes });
    if (known !== undefined) return known && willing(known, task) && hasRoom(known, task) ? [known] : [];
    const queue = workspace.queues.get(step.queue);
    const test = step.expression ? expression(step.expression) : () => true;
    return [...workspace.workers.values()]
      .filter((worker) => willing(worker, task) && workspace.inQueue(worker, queue) && hasRoom(worker, task))
      .filter((worker) => test({ ...attributes, task: attributes, worker: workspace.workerNames(worker) }))
      .sort((a, b) => tasks.openReservations(a).length - tasks.openReservations(b).length);
  }

  /** Offers a pending task to a worker, if one fits. */
  function offer(task) {
    if (task.status !== "pending") return;
    const direct = workspace.workers.get(task.routingTarget);
    if (direct) {
      if (!task.refusedBy.has(direct.sid) && (task.ignoreCapacity || direct.activity.available)) tasks.reserve(task, direct);
      return;
    }
    const [worker] = candidates(task, task.steps[task.step]);
    if (worker) tasks.reserve(task, worker);
  }

  const waiting = (task) => ["pending", "reserved"].includes(task.status);

  function skips(task, { skip_if: text, queue }) {
    if (!text || task.status !== "pending") return false;
    const inQueue = [...workspace.workers.values()].filter((worker) => workspace.inQueue(worker, workspace.queues.get(queue)));
    const available = inQueue.filter(({ activity }) => activity.available).length;
    const attributes = parseAttributes(task.attributes);
    return expression(text)({ ...attributes, task: attributes, workers: { available, unavailable: inQueue.length - available } });
  }

  function nextStep(task, ended = "workflow.timeout") {
    task.step += 1;
    const step = task.steps[task.step];
    if (!step) {
      events.emit(ended, { task });
      tasks.moveTask(
        task,
        "canceled",
        ended === "workflow.timeout" ? "Task canceled on Workflow timeout" : "Task canceled on Workflow skip",
      );
      return;
    }
    task.queueSid = step.queue ?? task.queueSid;
    task.queueEntered = clock.now();
    if (step.priority !== undefined) task.priority = Number(step.priority);
    events.emit("task-queue.entered", { task });
    events.emit("workflow.target-matched", {
      task,
      more: { WorkflowFilterName: task.filter?.filter_friendly_name, WorkflowFilterTargetName: step.target_friendly_name },
    });
    task.stepTimer?.cancel();
    if (step.timeout !== undefined) task.stepTimer = clock.later(Number(step.timeout) * 1000, () => stepOver(task));
    offer(task);
    if (skips(task, step)) nextStep(task, "workflow.skipped");
  }

  function stepOver(task) {
    if (!waiting(task)) return;
    tasks.withdrawOffers(task);
    events.emit("task-queue.timeout", { task });
    nextStep(task);
  }

  /** Lets a new task into its workflow, or a task whose attributes now match another filter. */
  function enter(task) {
    const { filter, steps } = planOf(task);
    Object.assign(task, { filter, steps, step: -1 });
    if (workspace.workers.has(task.routingTarget)) return offer(task);
    events.emit("workflow.entered", { task });
    nextStep(task, steps.length === 0 ? "workflow.skipped" : undefined);
  }

  /** After something changed: goes on waiting, gets an offer, or takes another way. */
  function reconsider(task) {
    if (task.status !== "pending" || !task.steps) return;
    if (workspace.workers.has(task.routingTarget) || planOf(task).filter === task.filter) offer(task);
    else enter(task);
  }

  return { enter, offer, reconsider, reconsiderAll: () => [...tasks.all.values()].forEach(reconsider) };
}
