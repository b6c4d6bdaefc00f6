// What happens in a conversation, posted to the conversation's own webhooks.
import { ACCOUNT_SID, CHAT_SERVICE_SID } from "./accounts.mjs";
import { iso } from "./shape.mjs";
import { CONVERSATIONS_LIMITS } from "./webhooks.mjs";

const precise = (time) => new Date(time).toISOString();

/** The parameters of each event; `source` says whose doing it was: API, SDK, or the channel of a customer. */
export function createRoomEvents(twilio) {
  function announce(room, event, more, source = "API") {
    for (const hook of room.webhooks.values()) {
      const { url, method = "post", filters = [] } = hook.configuration;
      if (hook.target !== "webhook" || !url || !filters.includes(event)) continue;
      void twilio.webhooks.deliver({
        url,
        method: method.toUpperCase(),
        voice: false,
        overridable: false,
        limits: CONVERSATIONS_LIMITS,
        fields: {
          AccountSid: ACCOUNT_SID,
          EventType: event,
          Source: source,
          RetryCount: 0,
          ConversationSid: room.sid,
          ChatServiceSid: CHAT_SERVICE_SID,
          WebhookSid: hook.sid,
          ...more,
        },
      });
    }
  }

  return {
    updated: (room) =>
      announce(room, "onConversationUpdated", {
        FriendlyName: room.friendlyName,
        UniqueName: room.uniqueName,
        Attributes: room.attributes,
        State: room.state,
        DateUpdated: iso(room.updated),
      }),
    stateUpdated: (room, before, reason) =>
      announce(room, "onConversationStateUpdated", {
        StateFrom: before,
        StateTo: room.state,
        StateUpdated: iso(room.updated),
        Reason: reason,
      }),
    memberAdded: (member) =>
      announce(member.room, "onParticipantAdded", {
        ParticipantSid: member.sid,
        Identity: member.identity,
        RoleSid: member.roleSid,
        Attributes: member.attributes,
        DateCreated: iso(member.created),
        "MessagingBinding.Address": member.binding?.address,
        "MessagingBinding.ProxyAddress": member.binding?.proxy_address,
        "MessagingBinding.Type": member.binding?.type.toUpperCase(),
      }),
    memberRemoved: (member, now) =>
      announce(member.room, "onParticipantRemoved", {
        ParticipantSid: member.sid,
        Identity: member.identity,
        DateRemoved: iso(now),
      }),
    // WhatsApp's profile name is said in two ways by those who have seen it: on its own, and in the channel's metadata.
    messageAdded: (message, { source, profileName }) =>
      announce(
        message.room,
        "onMessageAdded",
        {
          MessageSid: message.sid,
          Index: message.index,
          Body: message.body,
          Author: message.author,
          ParticipantSid: message.participantSid,
          Attributes: message.attributes,
          DateCreated: precise(message.created),
          ClientIdentity: source === "SDK" ? message.author : undefined,
          ProfileName: profileName,
          ChannelMetadata: profileName && JSON.stringify({ type: "whatsapp", data: { context: { ProfileName: profileName } } }),
        },
        source,
      ),
  };
}
