// Chats to begin a test with, and what the plugins send to hand them over.
import { OPEN, edge, somebody, twilio } from "./shared.mjs";

export const T = {
  invite: "/features/conversation-transfer/flex/invite-participant",
  remove: "/features/conversation-transfer/flex/remove-participant",
  update: "/common/flex/conversations/update-attributes",
};
export const CL = {
  invite: "/conversation-transfer/invite-participant",
  remove: "/conversation-transfer/remove-participant",
  update: "/conversation-transfer/update-attributes",
};
/** What somebody else has written into the conversation. */
export const FOREIGN = { survey: { deep: [1.5, { x: null }] }, note: "é\n\"" };

/** A chat that `a` has taken; `b` and `c` may be invited. `dead`: an earlier invite was never taken. */
export function takenChat({ channel = "sms", dead = false, attributes = {} } = {}) {
  const [a, b, c] = [somebody(), somebody(), somebody()];
  const invites = {};
  let deadSid;
  if (dead) {
    deadSid = twilio.createTask({ workflowSid: twilio.seed.INBOUND_WORKFLOW_SID, routingTarget: c.workerSid }).sid;
    twilio.cancel(deadSid);
    invites[deadSid] = { invitesTaskSid: deadSid, targetSid: c.workerSid };
  }
  const conversationAttributes = dead ? { ...FOREIGN, invites } : FOREIGN;
  const chat = twilio.chat({ agent: a.name, channel, attributes: { vip: true, ...attributes }, conversationAttributes });
  const sids = { aSid: a.workerSid, bSid: b.workerSid, cSid: c.workerSid };
  return { ...chat, ...sids, a: a.name, b: b.name, c: c.name, agent: a, deadSid, taskAttributes: twilio.task(chat.taskSid).attributes };
}

/** As the template's plugin asks; the cold transfer library's leaves `taskChannelUniqueName` out. */
export const inviteFields = (s, { cold = false, target = s.bSid, queue, more } = {}) => ({
  taskSid: s.taskSid,
  conversationId: s.taskAttributes.conversations?.conversation_id ?? s.taskSid,
  conversationSid: s.conversationSid,
  jsonAttributes: JSON.stringify(s.taskAttributes),
  transferTargetSid: target,
  transferQueueName: queue ?? "",
  transferWorkerName: queue ? "" : s.b,
  workersToIgnore: JSON.stringify({ workerSidsInConversation: [s.aSid] }),
  flexInteractionSid: s.interactionSid,
  flexInteractionChannelSid: s.channelSid,
  removeFlexInteractionParticipantSid: cold ? s.participantSid : "",
  taskChannelUniqueName: "sms",
  ...more,
});

export const leaveFields = (s, participantSid = s.participantSid) => ({
  flexInteractionSid: s.interactionSid,
  flexInteractionChannelSid: s.channelSid,
  flexInteractionParticipantSid: participantSid,
  conversationSid: s.conversationSid,
});

/** As the J and P plugins ask. */
export const payload = (s, { target = s.bSid, queue } = {}) => ({
  Token: `a.flex.token.of.${s.a}`,
  Payload: {
    interactionDetails: {
      flexInteractionSid: s.interactionSid,
      flexInteractionChannelSid: s.channelSid,
      flexInteractionParticipantSid: s.participantSid,
    },
    transferDetails: { transferTargetSid: target, transferQueueName: queue, transferTargetType: queue ? "queue" : "worker" },
    transferringWorkerSid: s.aSid,
    transferringTaskAttributes: JSON.stringify(s.taskAttributes),
    taskRouterChannel: "sms",
  },
});

export const invite = (s, options) => edge.post(T.invite, s.a, inviteFields(s, options));
export const leave = (s, agent = s.a, participantSid = s.participantSid) => edge.post(T.remove, agent, leaveFields(s, participantSid));

export const interaction = (s) => twilio.readInteraction(s.interactionSid);
export const conversation = (s) => twilio.readConversation(s.conversationSid);
export const openInvites = (s) => interaction(s).invites.filter(({ assignment_status: status }) => OPEN.includes(status));
export const invitesFor = (s, target) => interaction(s).invites.filter(({ taskSid }) => twilio.task(taskSid).attributes.transferTargetSid === target);
export const agents = (s) => interaction(s).participants.filter(({ type }) => type === "agent");
export const isIn = (s, participantSid) => interaction(s).participants.some(({ sid }) => sid === participantSid);

/** A chat to which `a` has invited `b`, who has not looked yet; `cold`: and has left. */
export async function chatWithInvite(options) {
  const it = takenChat();
  // By a supervisor, so that the agent's own token has not been seen yet.
  const { body } = await edge.post(T.invite, "dave", inviteFields(it, options));
  return { ...it, invite: body.invitesTaskSid };
}

/** `name` joins by an invite; answers their participant's SID. */
export async function join(s, name, invited = openInvites(s).at(-1)) {
  const { sid } = twilio.task(invited.taskSid).reservations.find(({ worker }) => worker === name);
  return (await twilio.accept(sid)).participantSid;
}

const PARKING = "/features/park-interaction/flex";
/** Parks `s` as the template's plugin does: by its agent, or by a supervisor, so that the agent's token has not been seen yet. */
export const park = (s, { by = s.a } = {}) =>
  edge.post(`${PARKING}/park-interaction`, by, {
    channelSid: s.channelSid,
    interactionSid: s.interactionSid,
    participantSid: s.participantSid,
    conversationSid: s.conversationSid,
    channelType: "sms",
    taskSid: s.taskSid,
    workflowSid: twilio.seed.INBOUND_WORKFLOW_SID,
    taskChannelUniqueName: "sms",
    queueName: "Everyone",
    queueSid: twilio.seed.QUEUES.Everyone.sid,
    taskAttributes: JSON.stringify(s.taskAttributes),
    workerSid: s.aSid,
    createUpdateSyncMapItem: true,
  });

export const unpark = (s, { webhookSid }) =>
  edge.post(`${PARKING}/unpark-interaction`, s.a, { ConversationSid: s.conversationSid, WebhookSid: webhookSid, RouteToSameWorker: true });

/** A chat that its agent has parked. */
export async function parkedChat() {
  const it = takenChat();
  const { status, body } = await park(it, { by: "dave" });
  if (status !== 200) throw new Error(`not parked: ${status} ${JSON.stringify(body)}`);
  return { ...it, webhookSid: body.webhook.sid };
}
