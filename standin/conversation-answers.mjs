// How Conversations v1 answers: each resource in the shape of its document.
import { ACCOUNT_SID, CHAT_SERVICE_SID } from "./accounts.mjs";
import { timersOf } from "./room-timers.mjs";
import { iso } from "./shape.mjs";

export const conversationsRoot = "https://conversations.twilio.com/v1";
export const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export function createConversationAnswers({ rooms }) {
  const root = conversationsRoot;
  const shared = (item) => ({ account_sid: ACCOUNT_SID, date_created: iso(item.created), date_updated: iso(item.updated) });

  return {
    conversation: (room) => ({
      ...shared(room),
      sid: room.sid,
      chat_service_sid: CHAT_SERVICE_SID,
      messaging_service_sid: null,
      friendly_name: room.friendlyName,
      unique_name: room.uniqueName,
      attributes: room.attributes,
      state: room.state,
      timers: timersOf(room),
      bindings: {},
      url: `${root}/Conversations/${room.sid}`,
      links: Object.fromEntries(
        ["Participants", "Messages", "Webhooks", "Export"].map((name) => [name.toLowerCase(), `${root}/Conversations/${room.sid}/${name}`]),
      ),
    }),
    participant: (member) => ({
      ...shared(member),
      sid: member.sid,
      conversation_sid: member.room.sid,
      identity: member.identity,
      attributes: member.attributes,
      messaging_binding: member.binding,
      role_sid: member.roleSid,
      url: `${root}/Conversations/${member.room.sid}/Participants/${member.sid}`,
      last_read_message_index: member.lastRead,
      last_read_timestamp: null,
    }),
    message: (message) => ({
      ...shared(message),
      sid: message.sid,
      conversation_sid: message.room.sid,
      index: message.index,
      author: message.author,
      body: message.body,
      media: null,
      attributes: message.attributes,
      participant_sid: message.participantSid,
      delivery: null,
      content_sid: null,
      url: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}`,
      links: {
        delivery_receipts: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}/Receipts`,
        channel_metadata: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}/ChannelMetadata`,
      },
    }),
    webhook: (hook) => ({
      ...shared(hook),
      sid: hook.sid,
      conversation_sid: hook.room.sid,
      target: hook.target,
      configuration: defined(hook.configuration),
      url: `${root}/Conversations/${hook.room.sid}/Webhooks/${hook.sid}`,
    }),
    user: (user) => ({
      ...shared(user),
      sid: user.sid,
      chat_service_sid: CHAT_SERVICE_SID,
      role_sid: user.roleSid,
      identity: user.identity,
      friendly_name: user.friendlyName,
      attributes: user.attributes,
      is_online: null,
      is_notifiable: null,
      url: `${root}/Users/${user.sid}`,
      links: { user_conversations: `${root}/Users/${user.sid}/Conversations` },
    }),
    ofUser: ({ room, ...member }, user) => ({
      ...shared(member),
      chat_service_sid: CHAT_SERVICE_SID,
      conversation_sid: room.sid,
      unread_messages_count: null,
      last_read_message_index: member.lastRead,
      participant_sid: member.sid,
      user_sid: user.sid,
      friendly_name: room.friendlyName,
      conversation_state: room.state,
      timers: timersOf(room),
      attributes: room.attributes,
      created_by: room.createdBy,
      notification_level: member.notification ?? "default",
      unique_name: room.uniqueName,
      url: `${root}/Users/${user.sid}/Conversations/${room.sid}`,
      links: {
        participant: `${root}/Conversations/${room.sid}/Participants/${member.sid}`,
        conversation: `${root}/Conversations/${room.sid}`,
      },
    }),
    ofParticipant: ({ room, ...member }) => ({
      account_sid: ACCOUNT_SID,
      chat_service_sid: CHAT_SERVICE_SID,
      participant_sid: member.sid,
      participant_user_sid: rooms.users.get(member.identity)?.sid ?? null,
      participant_identity: member.identity,
      participant_messaging_binding: member.binding,
      conversation_sid: room.sid,
      conversation_unique_name: room.uniqueName,
      conversation_friendly_name: room.friendlyName,
      conversation_attributes: room.attributes,
      conversation_date_created: iso(room.created),
      conversation_date_updated: iso(room.updated),
      conversation_created_by: room.createdBy,
      conversation_state: room.state,
      conversation_timers: timersOf(room),
      links: {
        participant: `${root}/Conversations/${room.sid}/Participants/${member.sid}`,
        conversation: `${root}/Conversations/${room.sid}`,
      },
    }),
  };
}
