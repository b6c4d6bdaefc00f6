import type { ITask } from "@twilio/flex-ui";
import type { Failure } from "../api/failure";
import type { Edge } from "../edge";
import { isAgent, ownPart, participantsOf } from "../flex/participants";
import { conversationOf, leavesAccepted, membersOf, textOf } from "../flex/tasks";
import { conversationFor, invitesOf, stillOpen, type Invite } from "./invites";

const LEAVES_WITHIN = 5_000;

export interface TransferOptions {
  mode?: string;
  attributes?: Record<string, unknown>;
}

/** `COLD`: somebody else is invited and the agent leaves. `WARM`: both are in. */
export async function handOver(edge: Edge, task: ITask, target: string, options: TransferOptions): Promise<void> {
  const { notices } = edge;
  const words = edge.words.handOver;
  const isCold = options.mode !== "WARM";
  try {
    if (target === edge.manager.workerClient?.sid) return notices.warn(words.toSelf);
    const participants = await participantsOf(task);
    const own = ownPart(edge, task, participants);
    if (!own) return notices.warn(`${words.failed} ${words.noPart}`);
    const agents = participants.filter(isAgent);
    if (agents.some((agent) => agent.workerSid === target)) return notices.warn(words.isIn);
    const isInvited = !isCold && (await openInvites(edge, task)).some((invite) => invite.targetSid === target);
    if (isInvited) return notices.warn(words.isInvited);
    const isQueue = target.startsWith("WQ");
    const name = isQueue ? await queueName(edge, target) : await workerName(edge, target);
    if (isQueue && name === undefined) return notices.warn(`${words.failed} ${words.noQueue}`);
    const { interaction, channel, conversation } = conversationOf(task);
    await edge.client.ask("/features/conversation-transfer/flex/invite-participant", {
      taskSid: task.taskSid,
      conversationId: textOf(membersOf(task.attributes, "conversations"), "conversation_id") ?? task.taskSid,
      conversationSid: conversation,
      jsonAttributes: JSON.stringify({ ...task.attributes, ...options.attributes }),
      transferTargetSid: target,
      ...(name === undefined ? {} : isQueue ? { transferQueueName: name } : { transferWorkerName: name }),
      workersToIgnore: JSON.stringify({ workerSidsInConversation: agents.flatMap((agent) => agent.workerSid ?? []) }),
      flexInteractionSid: interaction,
      flexInteractionChannelSid: channel,
      ...(isCold ? { removeFlexInteractionParticipantSid: own.sid } : {}),
      taskChannelUniqueName: task.taskChannelUniqueName,
    });
    notices.done((isCold ? words.coldDone : words.warmDone)(name ?? words.somebody));
    // Handed over once is enough: it stays busy until Flex has noticed that the agent is out.
    if (isCold) await leavesAccepted(edge, task, LEAVES_WITHIN);
  } catch (error) {
    notices.failed(words.failed, error, (failure: Failure) => {
      if (failure.text("participantInviteSid")) return words.stillIn;
      return failure.reason === "conflict" ? words.handedOver : undefined;
    });
  }
}

/** Takes an invitation back. */
export async function cancelInvite(edge: Edge, task: ITask, invite: Invite): Promise<void> {
  const words = edge.words.handOver;
  try {
    await edge.client.ask("/common/flex/taskrouter/update-task-assignment-status", {
      taskSid: invite.taskSid,
      assignmentStatus: "canceled",
    });
  } catch (error) {
    // 20001: the task is in another state by now.
    const accepted = (failure: Failure) => (failure.twilioErrorCode === 20001 ? words.justAccepted : undefined);
    return edge.notices.failed(words.cancelFailed, error, accepted);
  }
  edge.notices.done(words.canceled(invite.name ?? words.somebody));
  return tidy(edge, task);
}

/** The agent goes; the conversation goes on with the others. */
export async function leave(edge: Edge, task: ITask): Promise<void> {
  const words = edge.words.handOver;
  try {
    const own = ownPart(edge, task, await participantsOf(task));
    if (!own) return edge.notices.warn(`${words.leaveFailed} ${words.noPart}`);
    const { interaction, channel, conversation } = conversationOf(task);
    await edge.client.ask("/features/conversation-transfer/flex/remove-participant", {
      flexInteractionSid: interaction,
      flexInteractionChannelSid: channel,
      flexInteractionParticipantSid: own.sid,
      conversationSid: conversation,
    });
  } catch (error) {
    edge.notices.failed(words.leaveFailed, error);
  }
}

/**
 * Has the Worker take dead invites off the conversation: it does so whenever somebody writes its attributes, and keeps what is
 * not sent. What fails here is done at the next change.
 */
export async function tidy(edge: Edge, task: ITask): Promise<void> {
  const conversationSid = conversationOf(task).conversation;
  await edge.client
    .ask("/common/flex/conversations/update-attributes", { conversationSid, attributes: "{}" })
    .catch(() => undefined);
}

/** Until what the Worker has written on a conversation is known here. */
const UPDATED_WITHIN = 1_500;

/** The invitations that are open: one that was declined stays noted until the Worker is asked to tidy up. */
export async function openInvites(edge: Edge, task: ITask): Promise<Invite[]> {
  const conversation = conversationFor(edge, task);
  if (!conversation || invitesOf(conversation).length === 0) return [];
  const updated = new Promise((resolve) => {
    conversation.once("updated", resolve);
    setTimeout(resolve, UPDATED_WITHIN);
  });
  const [participants] = await Promise.all([participantsOf(task).catch(() => []), tidy(edge, task)]);
  await updated;
  return stillOpen(invitesOf(conversation), participants.filter(isAgent));
}

let queues: { since: number; names: Map<string, string> } | undefined;
const QUEUES_KEEP = 5 * 60_000;

async function queueName(edge: Edge, sid: string): Promise<string | undefined> {
  if (!queues || !queues.names.has(sid) || Date.now() - queues.since > QUEUES_KEEP) {
    const answer = await edge.client.ask("/common/flex/taskrouter/get-queues", {});
    queues = {
      since: Date.now(),
      names: new Map(answer.queues.map((queue) => [queue.sid ?? "", queue.friendlyName ?? ""])),
    };
  }
  return queues.names.get(sid);
}

/** Only shown to people: a transfer does not wait for it in vain. */
async function workerName(edge: Edge, sid: string): Promise<string | undefined> {
  try {
    const worker = await edge.manager.workspaceClient?.fetchWorkerInfo(sid);
    const attributes = worker?.attributes as Record<string, unknown> | undefined;
    return textOf(attributes, "full_name") ?? worker?.friendlyName;
  } catch {
    return undefined;
  }
}
