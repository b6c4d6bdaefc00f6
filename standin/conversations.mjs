// Conversations v1: conversations, participants, messages and webhooks, operation by operation. The state is in rooms.mjs.
import { createConversationAnswers, defined } from "./conversation-answers.mjs";
import { attributesText, badRequest, notFound, page } from "./shape.mjs";

const binding = (params) =>
  params["MessagingBinding.Address"] === undefined
    ? null
    : {
        address: params["MessagingBinding.Address"],
        proxy_address: params["MessagingBinding.ProxyAddress"] ?? null,
        type:
          /^(whatsapp|messenger|email):/.exec(params["MessagingBinding.Address"])?.[1] ??
          (params["MessagingBinding.Address"].includes("@") ? "email" : "sms"),
      };
const timers = (params) => ({ inactive: params["Timers.Inactive"], closed: params["Timers.Closed"] });
const configurationOf = (params) => ({
  url: params["Configuration.Url"],
  method: params["Configuration.Method"],
  filters: params["Configuration.Filters"],
  triggers: params["Configuration.Triggers"],
  flow_sid: params["Configuration.FlowSid"],
  replay_after: params["Configuration.ReplayAfter"],
});

export function createConversations(twilio) {
  const { clock, rooms } = twilio;
  const present = createConversationAnswers(twilio);

  const loud = (params) => params["X-Twilio-Webhook-Enabled"] === "true";
  const attributes = (params) => (params.Attributes === undefined ? undefined : attributesText(params.Attributes));
  const dates = (params) => ({
    created: params.DateCreated && Date.parse(params.DateCreated),
    updated: params.DateUpdated && Date.parse(params.DateUpdated),
  });

  function createConversation(params) {
    if (params.State === "closed") throw badRequest("Conversation cannot be created closed", 50384);
    if ((params["Timers.Inactive"] || params["Timers.Closed"]) && !params.State) throw badRequest("Timers need a State", 50382);
    return rooms.create({
      friendlyName: params.FriendlyName,
      uniqueName: params.UniqueName,
      attributes: attributes(params),
      state: params.State,
      timers: timers(params),
      ...dates(params),
    });
  }

  const addMember = (room, params) =>
    rooms.addMember(
      room,
      { identity: params.Identity, binding: binding(params), attributes: attributes(params), roleSid: params.RoleSid, ...dates(params) },
      loud(params),
    );

  function updateConversation(params) {
    const room = rooms.find(params.Sid);
    rooms.update(
      room,
      {
        friendlyName: params.FriendlyName,
        uniqueName: params.UniqueName,
        attributes: attributes(params),
        state: params.State,
        timers: timers(params),
        ...dates(params),
      },
      loud(params),
    );
    return present.conversation(room);
  }

  function listConversations(params, request) {
    const found = [...rooms.all.values()].filter(
      (room) =>
        (!params.State || room.state === params.State) &&
        (!params.StartDate || room.created >= Date.parse(params.StartDate)) &&
        (!params.EndDate || room.created <= Date.parse(params.EndDate)),
    );
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
  const message = (params) => {
    const found = rooms.find(params.ConversationSid).messages.find(({ sid }) => sid === params.Sid);
    if (!found) throw notFound(`Messages/${params.Sid}`);
    return found;
  };
  const hook = (params) => {
    const found = rooms.find(params.ConversationSid).webhooks.get(params.Sid);
    if (!found) throw notFound(`Webhooks/${params.Sid}`);
    return found;
  };
  function updateParticipant(params) {
    const found = member(params);
    rooms.assertOpen(found.room);
    Object.assign(
      found,
      defined({
        attributes: attributes(params),
        roleSid: params.RoleSid,
        identity: params.Identity,
        lastRead: params.LastReadMessageIndex,
        updated: clock.now(),
      }),
    );
    return present.participant(found);
  }

  function createMessage(params) {
    const message = rooms.addMessage(
      rooms.find(params.ConversationSid),
      { author: params.Author, body: params.Body, attributes: attributes(params), ...dates(params) },
      { loud: loud(params) },
    );
    return present.message(message);
  }

  function listMessages(params, request) {
    const { messages } = rooms.find(params.ConversationSid);
    return page(request, "messages", (params.Order === "desc" ? messages.toReversed() : messages).map(present.message), 100);
  }

  const operations = {
    CreateConversation: (params) => present.conversation(createConversation(params)),
    FetchConversation: ({ Sid }) => present.conversation(rooms.find(Sid)),
    UpdateConversation: updateConversation,
    DeleteConversation: ({ Sid }) => rooms.remove(rooms.find(Sid)),
    ListConversation: listConversations,
    CreateConversationWithParticipants: createWithParticipants,
    CreateConversationParticipant: (params) => present.participant(addMember(rooms.find(params.ConversationSid), params)),
    FetchConversationParticipant: (params) => present.participant(member(params)),
    UpdateConversationParticipant: updateParticipant,
    DeleteConversationParticipant: (params) => rooms.removeMember(member(params), loud(params)),
    ListConversationParticipant: (params, request) =>
      page(request, "participants", [...rooms.find(params.ConversationSid).members.values()].map(present.participant), 100),
    CreateConversationMessage: createMessage,
    ListConversationMessage: listMessages,
    FetchConversationMessage: (params) => present.message(message(params)),
    UpdateConversationMessage: (params) => {
      const found = message(params);
      rooms.assertOpen(found.room);
      Object.assign(found, defined({ author: params.Author, body: params.Body, attributes: attributes(params), updated: clock.now() }));
      return present.message(found);
    },
    DeleteConversationMessage: (params) => {
      const { room, sid } = message(params);
      rooms.assertOpen(room);
      room.messages = room.messages.filter((other) => other.sid !== sid);
    },
    CreateConversationScopedWebhook: (params) =>
      present.webhook(rooms.addWebhook(rooms.find(params.ConversationSid), params.Target, configurationOf(params))),
    FetchConversationScopedWebhook: (params) => present.webhook(hook(params)),
    UpdateConversationScopedWebhook: (params) => {
      const found = hook(params);
      Object.assign(found.configuration, defined(configurationOf(params)));
      found.updated = clock.now();
      return present.webhook(found);
    },
    DeleteConversationScopedWebhook: (params) => void hook(params).room.webhooks.delete(params.Sid),
    ListConversationScopedWebhook: (params, request) =>
      page(request, "webhooks", [...rooms.find(params.ConversationSid).webhooks.values()].map(present.webhook), 5),
  };

  return { services: { "conversations/v1": operations } };
}
