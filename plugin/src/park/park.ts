import type { ITask } from "@twilio/flex-ui";
import type { Answer } from "../api/endpoints";
import { Failure } from "../api/failure";
import type { Edge } from "../edge";
import { ownPart, participantsOf } from "../flex/participants";
import { conversationOf, leavesAccepted } from "../flex/tasks";

export type Parked = Answer<"/parked/list">["parked"][number];

/** A conversation has room for so many webhooks. */
const NO_ROOM_FOR_WEBHOOK = 50388;

/** How long Flex gets to notice that the agent is out of the chat. */
const LEAVES_WITHIN = 5_000;

/** Parks a chat: the agent leaves it, and it comes back when the customer writes. */
export async function park(edge: Edge, task: ITask): Promise<void> {
  const { notices } = edge;
  const words = edge.words.park;
  try {
    const own = ownPart(edge, task, await participantsOf(task));
    if (!own) return notices.warn(`${words.failed} ${words.noPart}`);
    const { interaction, channel, conversation } = conversationOf(task);
    await edge.client.ask("/features/park-interaction/flex/park-interaction", {
      channelSid: channel,
      interactionSid: interaction,
      participantSid: own.sid,
      conversationSid: conversation,
      channelType: task.channelType,
      taskSid: task.taskSid,
      workflowSid: task.workflowSid,
      taskChannelUniqueName: task.taskChannelUniqueName,
      queueName: task.queueName,
      queueSid: task.queueSid,
      taskAttributes: JSON.stringify(task.attributes),
      workerSid: edge.manager.workerClient?.sid ?? task.workerSid,
      createUpdateSyncMapItem: "true",
    });
    notices.done(words.done);
    // Until then the button stays busy: parked once is enough.
    await leavesAccepted(edge, task, LEAVES_WITHIN);
  } catch (error) {
    notices.failed(words.failed, error, (failure) => {
      if (failure.twilioErrorCode === NO_ROOM_FOR_WEBHOOK) return words.webhooks;
      if (failure.reason === "conflict") return words.notYours;
      return failure.status === 422 ? words.noRoom : undefined;
    });
  }
}

/** The Worker cannot tell any more who has parked it: it waits for the customer. */
const staysParked = (failure: Failure): boolean => failure.text("reason") === "onlyByMessage";

/** Has a parked chat come back to this agent. Answers whether it is no longer parked. */
export async function takeBack(edge: Edge, parked: Parked): Promise<boolean> {
  const words = edge.words.park;
  try {
    await edge.client.ask("/features/park-interaction/flex/unpark-interaction", {
      ConversationSid: parked.conversationSid,
      WebhookSid: parked.webhookSid,
      RouteToSameWorker: "true",
    });
    edge.notices.done(words.takenBack);
    return true;
  } catch (error) {
    const isBack = (failure: Failure) => ["gone", "conflict"].includes(failure.reason) && !staysParked(failure);
    edge.notices.failed(words.takeBackFailed, error, (failure) => {
      if (staysParked(failure)) return words.onlyByMessage;
      return isBack(failure) ? words.alreadyBack : undefined;
    });
    return error instanceof Failure && isBack(error);
  }
}
