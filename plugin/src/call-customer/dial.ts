import type { ITask } from "@twilio/flex-ui";
import type { Failure } from "../api/failure";
import type { Edge } from "../edge";
import { callObstacle, isVoice, tasksOf, taskWithin, textOf } from "../flex/tasks";

const TASK_WITHIN = 8_000;

/** The call that was dialled from this chat and is not over, as far as it is this agent's. */
export function openCall(edge: Edge, chat: ITask): ITask | undefined {
  return tasksOf(edge).find(
    (task) =>
      isVoice(task) &&
      textOf(task.attributes, "dialedFromTaskSid") === chat.taskSid &&
      ["pending", "accepted"].includes(task.status),
  );
}

/** Why the customer cannot be called now, in words. */
export function whyNot(edge: Edge, chat: ITask): string | undefined {
  const words = edge.words.callCustomer;
  if (openCall(edge, chat)) return words.open;
  const obstacle = callObstacle(edge);
  return obstacle && words[obstacle];
}

/** Dials the customer of a chat. */
export async function dial(edge: Edge, chat: ITask): Promise<void> {
  const { client, notices } = edge;
  const words = edge.words.callCustomer;
  const obstacle = whyNot(edge, chat);
  if (obstacle) return notices.warn(obstacle);
  try {
    const { features } = await client.health();
    const isIt = features.dial?.configured ? await dialByWorker(edge, chat) : await dialByFlex(edge, chat);
    const task = await taskWithin(edge, TASK_WITHIN, isIt);
    if (!task) return notices.warn(words.notArrived);
    // Flex selects what it has accepted.
  } catch (error) {
    notices.failed(words.failed, error, (failure) => reason(edge, chat, failure));
  }
}

/** The Worker makes the call's task; Flex accepts it by itself. */
async function dialByWorker(edge: Edge, chat: ITask) {
  const { taskSid } = await edge.client.ask("/dial", { taskSid: chat.taskSid });
  return (task: ITask) => task.taskSid === taskSid;
}

/** Without settings for that, Flex's own outbound flow dials whom the Worker names. */
async function dialByFlex(edge: Edge, chat: ITask) {
  const { to, from, attributes } = await edge.client.ask("/resolve-dial", { taskSid: chat.taskSid });
  await edge.flex.Actions.invokeAction("StartOutboundCall", {
    destination: to,
    callerId: from,
    taskAttributes: attributes,
  });
  return (task: ITask) => textOf(task.attributes, "dialedFromTaskSid") === chat.taskSid && isVoice(task);
}

function reason(edge: Edge, chat: ITask, failure: Failure): string | undefined {
  const words = edge.words.callCustomer;
  const reasons = failure.body.validationErrors;
  switch (failure.reason) {
    case "conflict": {
      const open = openCall(edge, chat);
      if (open) void edge.flex.Actions.invokeAction("SelectTask", { sid: open.sid }).catch(() => undefined);
      return words.inTheWay;
    }
    case "forbidden":
      return words.notYours;
    case "refused":
      if (failure.text("field") === "callerId") return words.noCallerId;
      if (failure.status === 422) return words.badNumber(Array.isArray(reasons) ? reasons.join(", ") : "");
      return undefined;
    default:
      return undefined;
  }
}
