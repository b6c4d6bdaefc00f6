// Conversations v1, operation by operation. The state itself is in rooms.mjs.
import { ACCOUNT_SID, CHAT_SERVICE_SID } from "./accounts.mjs";
import { attributesText, badRequest, iso, notFound, page, Refusal } from "./shape.mjs";

const binding = (params) => params["MessagingBinding.Address"] === undefined ? null : {
  address: params["MessagingBinding.Address"], proxy_address: params["MessagingBinding.ProxyAddress"] ?? null,
  type: /^(whatsapp|messenger|email):/.exec(params["MessagingBinding.Address"])?.[1] ?? (params["MessagingBinding.Address"].includes("@") ? "email" : "sms"),
};
const timers = (params) => ({ inactive: params["Timers.Inactive"], closed: params["Timers.Closed"] });
const configurationOf = (params) => ({
  url: params["Configuration.Url"], method: params["Configuration.Method"], filters: params["Configuration.Filters"], triggers: params["Configuration.Triggers"],
  flow_sid: params["Configuration.FlowSid"], replay_after: params["Configuration.ReplayAfter"],
});
const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export function createConversations(twilio) {
  const { rooms } = twilio;
  const root = "https://conversations.twilio.com/v1";
  const shared = (item) => ({ account_sid: ACCOUNT_SID, date_created: iso(item.created), date_updated: iso(item.updated) });

  const present = {
    conversation: (room) => ({
      ...shared(room), sid: room.sid, chat_service_sid: CHAT_SERVICE_SID, messaging_service_sid: null, friendly_name: room.friendlyName, unique_name: room.uniqueName,
      attributes: room.attributes, state: room.state, timers: rooms.timersOf(room), bindings: {}, url: `${root}/Conversations/${room.sid}`,
      links: Object.fromEntries(["Participants", "Messages", "Webhooks", "Export"].map((name) => [name.toLowerCase(), `${root}/Conversations/${room.sid}/${name}`])),
    }),
    participant: (member) => ({
      ...shared(member), sid: member.sid, conversation_sid: member.room.sid, identity: member.identity, attributes: member.attributes, messaging_binding: member.binding,
      role_sid: member.roleSid, url: `${root}/Conversations/${member.room.sid}/Participants/${member.sid}`, last_read_message_index: member.lastRead, last_read_timestamp: null,
    }),
    message: (message) => ({
      ...shared(message), sid: message.sid, conversation_sid: message.room.sid, index: message.index, author: message.author, body: message.body, media: null,
      attributes: message.attributes, participant_sid: message.participantSid, delivery: null, content_sid: null, url: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}`,
      links: { delivery_receipts: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}/Receipts`, channel_metadata: `${root}/Conversations/${message.room.sid}/Messages/${message.sid}/ChannelMetadata` },
    }),
    webhook: (hook) => ({
      ...shared(hook), sid: hook.sid, conversation_sid: hook.room.sid, target: hook.target, configuration: defined(hook.configuration),
      url: `${root}/Conversations/${hook.room.sid}/Webhooks/${hook.sid}`,
    }),
    user: (user) => ({
      ...shared(user), sid: user.sid, chat_service_sid: CHAT_SERVICE_SID, role_sid: user.roleSid, identity: user.identity, friendly_name: user.friendlyName,
      attributes: user.attributes, is_online: null, is_notifiable: null, url: `${root}/Users/${user.sid}`, links: { user_conversations: `${root}/Users/${user.sid}/Conversations` },
    }),
    ofUser: ({ room, ...member }, user) => ({
      ...shared(member), chat_service_sid: CHAT_SERVICE_SID, conversation_sid: room.sid, unread_messages_count: null, last_read_message_index: member.lastRead,
      participant_sid: member.sid, user_sid: user.sid, friendly_name: room.friendlyName, conversation_state: room.state, timers: rooms.timersOf(room), attributes: room.attributes,
      created_by: room.createdBy, notification_level: "default", unique_name: room.uniqueName, url: `${root}/Users/${user.sid}/Conversations/${room.sid}`,
      links: { participant: `${root}/Conversations/${room.sid}/Participants/${member.sid}`, conversation: `${root}/Conversations/${room.sid}` },
    }),
    ofParticipant: ({ room, ...member }) => ({
      account_sid: ACCOUNT_SID, chat_service_sid: CHAT_SERVICE_SID, participant_sid: member.sid, participant_user_sid: rooms.users.get(member.identity)?.sid ?? null,
      participant_identity: member.identity, participant_messaging_binding: member.binding, conversation_sid: room.sid, conversation_unique_name: room.uniqueName,
      conversation_friendly_name: room.friendlyName, conversation_attributes: room.attributes, conversation_date_created: iso(room.created), conversation_date_updated: iso(room.updated),
      conversation_created_by: room.createdBy, conversation_state: room.state, conversation_timers: rooms.timersOf(room),
      links: { participant: `${root}/Conversations/${room.sid}/Participants/${member.sid}`, conversation: `${root}/Conversations/${room.sid}` },
    }),
  };

  const loud = (params) => params["X-Twilio-Webhook-Enabled"] === "true";
  const attributes = (params) => params.Attributes === undefined ? undefined : attributesText(params.Attributes);
  const dates = (params) => ({ created: params.DateCreated && Date.parse(params.DateCreated), updated: params.DateUpdated && Date.parse(params.DateUpdated) });

  function createConversation(params) {
    if (params.State === "closed") throw badRequest("Conversation cannot be created closed", 50384);
    if ((params["Timers.Inactive"] || params["Timers.Closed"]) && !params.State) throw badRequest("Timers need a State", 50382);
    return rooms.create({ friendlyName: params.FriendlyName, uniqueName: params.UniqueName, attributes: attributes(params), state: params.State, timers: timers(params), ...dates(params) });
  }

  const addMember = (room, params) => rooms.addMember(room, { identity: params.Identity, binding: binding(params), attributes: attributes(params), roleSid: params.RoleSid, ...dates(params) }, loud(params));

  function updateConversation(params) {
    const room = rooms.find(params.Sid);
    rooms.update(room, { friendlyName: params.FriendlyName, uniqueName: params.UniqueName, attributes: attributes(params), state: params.State, timers: timers(params) }, loud(params));
    return present.conversation(room);
  }

  function listConversations(params, request) {
    const found = [...rooms.all.values()].filter((room) => (!params.State || room.state === params.State)
      && (!params.StartDate || room.created >= Date.parse(params.StartDate)) && (!params.EndDate || room.created <= Date.parse(params.EndDate)));
    if (params.StartDate || params.EndDate) found.reverse();
    return page(request, "conversations", found.map(present.conversation), 100);
  }

  function createWithParticipants(params, request) {
    const room = createConversation(params);
    for (const text of params.Participant ?? []) {
      const { identity, messaging_binding: given } = JSON.parse(text);
      rooms.addMember(room, { identity, binding: given ? { type: "sms", ...given } : null });
    }
    if (params.Participant) request.answer.status = 202;
    return present.conversation(room);
  }

  const member = (params) => rooms.findMember(rooms.find(params.ConversationSid), params.Sid);
  const hook = (params) => {
    const found = rooms.find(params.ConversationSid).webhooks.get(params.Sid);
    if (!found) throw notFound(`Webhooks/${params.Sid}`);
    return found;
  };
  const user = (text) => {
    const found = rooms.users.get(text) ?? [...rooms.users.values()].find(({ sid }) => sid === text);
    if (!found) throw notFound(`/v1/Users/${text}`);
    return found;
  };

  function updateParticipant(params) {
    const found = member(params);
    rooms.assertOpen(found.room);
    Object.assign(found, defined({ attributes: attributes(params), roleSid: params.RoleSid, identity: params.Identity, lastRead: params.LastReadMessageIndex, updated: Date.now() }));
    return present.participant(found);
  }

  function createMessage(params) {
    const message = rooms.addMessage(rooms.find(params.ConversationSid), { author: params.Author, body: params.Body, attributes: attributes(params), ...dates(params) }, loud(params));
    return present.message(message);
  }

  function listMessages(params, request) {
    const { messages } = rooms.find(params.ConversationSid);
    return page(request, "messages", (params.Order === "desc" ? messages.toReversed() : messages).map(present.message), 100);
  }

  function listParticipantConversations(params, request) {
    if ((params.Identity === undefined) === (params.Address === undefined)) throw badRequest("Exactly one of Identity and Address is needed");
    const found = rooms.membersWith((other) => (params.Identity !== undefined ? other.identity === params.Identity : other.binding?.address === params.Address));
    return page(request, "conversations", found.map(present.ofParticipant), 50);
  }

  function createUser(params) {
    if (rooms.users.has(params.Identity)) throw new Refusal(409, 50201, "User already exists");
    return present.user(rooms.addUser(params.Identity, { friendlyName: params.FriendlyName, attributes: attributes(params), roleSid: params.RoleSid }));
  }

  const configuration = () => ({
    account_sid: ACCOUNT_SID, default_chat_service_sid: CHAT_SERVICE_SID, default_messaging_service_sid: null, default_inactive_timer: null, default_closed_timer: null,
    url: `${root}/Configuration`, links: { service: `${root}/Services/${CHAT_SERVICE_SID}`, webhooks: `${root}/Configuration/Webhooks` },
  });

  const operations = {
    FetchConfiguration: configuration,
    CreateConversation: (params) => present.conversation(createConversation(params)),
    FetchConversation: ({ Sid }) => present.conversation(rooms.find(Sid)),
    UpdateConversation: updateConversation,
    DeleteConversation: ({ Sid }) => void rooms.all.delete(rooms.find(Sid).sid),
    ListConversation: listConversations,
    CreateConversationWithParticipants: createWithParticipants,
    CreateConversationParticipant: (params) => present.participant(addMember(rooms.find(params.ConversationSid), params)),
    FetchConversationParticipant: (params) => present.participant(member(params)),
    UpdateConversationParticipant: updateParticipant,
    DeleteConversationParticipant: (params) => rooms.removeMember(member(params), loud(params)),
    ListConversationParticipant: (params, request) => page(request, "participants", [...rooms.find(params.ConversationSid).members.values()].map(present.participant), 100),
    CreateConversationMessage: createMessage,
    ListConversationMessage: listMessages,
    FetchConversationMessage: (params) => {
      const found = rooms.find(params.ConversationSid).messages.find(({ sid }) => sid === params.Sid);
      if (!found) throw notFound(`Messages/${params.Sid}`);
      return present.message(found);
    },
    CreateConversationScopedWebhook: (params) => present.webhook(rooms.addWebhook(rooms.find(params.ConversationSid), params.Target, configurationOf(params))),
    FetchConversationScopedWebhook: (params) => present.webhook(hook(params)),
    UpdateConversationScopedWebhook: (params) => {
      const found = hook(params);
      Object.assign(found.configuration, defined(configurationOf(params)));
      found.updated = Date.now();
      return present.webhook(found);
    },
    DeleteConversationScopedWebhook: (params) => void hook(params).room.webhooks.delete(params.Sid),
    ListConversationScopedWebhook: (params, request) => page(request, "webhooks", [...rooms.find(params.ConversationSid).webhooks.values()].map(present.webhook), 5),
    ListParticipantConversation: listParticipantConversations,
    ListUserConversation: (params, request) => {
      const owner = user(params.UserSid);
      return page(request, "conversations", rooms.membersWith(({ identity }) => identity === owner.identity).map((other) => present.ofUser(other, owner)), 50);
    },
    CreateUser: createUser,
    FetchUser: ({ Sid }) => present.user(user(Sid)),
    UpdateUser: (params) => {
      const found = user(params.Sid);
      Object.assign(found, defined({ friendlyName: params.FriendlyName, attributes: attributes(params), roleSid: params.RoleSid, updated: Date.now() }));
      return present.user(found);
    },
    DeleteUser: ({ Sid }) => void rooms.users.delete(user(Sid).identity),
    ListUser: (params, request) => page(request, "users", [...rooms.users.values()].map(present.user), 50),
  };

  return { services: { "conversations/v1": operations } };
}
