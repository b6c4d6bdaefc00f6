// The state behind Conversations: conversations with members, messages and webhooks, and their users.
import { ACCOUNT_SID, CHAT_SERVICE_SID } from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, Refusal } from "./shape.mjs";
import { CONVERSATIONS_LIMITS } from "./webhooks.mjs";

const WEBHOOKS_PER_CONVERSATION = 5;
const ATTRIBUTES_LIMIT = 16 * 1024;

function milliseconds(duration) {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration ?? "");
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((text) => Number(text ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

export function createRooms(twilio) {
  const { clock } = twilio;
  const all = new Map();
  const users = new Map();

  function find(text) {
    const room = all.get(text) ?? [...all.values()].find(({ uniqueName }) => uniqueName !== null && uniqueName === text);
    if (!room) throw notFound(`/v1/Conversations/${text}`);
    return room;
  }

  function findMember(room, text) {
    const member = room.members.get(text) ?? [...room.members.values()].find(({ identity }) => identity !== null && identity === text);
    if (!member) throw notFound(`/v1/Conversations/${room.sid}/Participants/${text}`);
    return member;
  }

  function assertOpen(room) {
    if (room.state === "closed") throw badRequest("Conversation is closed and cannot be changed any more", 50377);
  }

  // A closed conversation keeps its unique name; only deleting it sets the name free.
  function assertUnique(uniqueName, room) {
    if (uniqueName && [...all.values()].some((other) => other !== room && other.uniqueName === uniqueName)) {
      throw new Refusal(409, 50353, "Conversation with provided unique name already exists");
    }
  }

  function assertSize(attributes) {
    if (attributes && Buffer.byteLength(attributes) > ATTRIBUTES_LIMIT) throw badRequest("Attributes are too long");
  }

  function create({
    friendlyName = null,
    uniqueName = null,
    attributes = "{}",
    state = "active",
    timers = {},
    created,
    updated,
    createdBy = "system",
  }) {
    assertUnique(uniqueName);
    assertSize(attributes);
    const now = clock.now();
    const room = {
      sid: newSid("CH"),
      friendlyName,
      uniqueName,
      attributes,
      state,
      timers,
      createdBy,
      created: created ?? now,
      updated: updated ?? now,
      lastActive: now,
      members: new Map(),
      messages: [],
      webhooks: new Map(),
      nextIndex: 0,
    };
    all.set(room.sid, room);
    return room;
  }

  function timersOf(room) {
    const at = (name, duration) => (milliseconds(duration) === null ? {} : { [name]: iso(room.lastActive + milliseconds(duration)) });
    return { ...at("date_inactive", room.timers.inactive), ...at("date_closed", room.timers.closed) };
  }

  /** Posts an event to the conversation's own webhooks; for REST changes only when the request asked for it. */
  function announce(room, event, more) {
    for (const hook of room.webhooks.values()) {
      if (hook.target !== "webhook" || !hook.configuration.url || !(hook.configuration.filters ?? []).includes(event)) continue;
      void twilio.webhooks.deliver({
        url: hook.configuration.url,
        method: (hook.configuration.method ?? "post").toUpperCase(),
        voice: false,
        overridable: false,
        limits: CONVERSATIONS_LIMITS,
        fields: {
          AccountSid: ACCOUNT_SID,
          EventType: event,
          Source: "API",
          ConversationSid: room.sid,
          ChatServiceSid: CHAT_SERVICE_SID,
          WebhookSid: hook.sid,
          ...more,
        },
      });
    }
  }

  function update(room, { friendlyName, uniqueName, attributes, state, timers = {}, updated }, loud = false) {
    assertOpen(room);
    assertUnique(uniqueName, room);
    assertSize(attributes);
    const before = room.state;
    const changes = { friendlyName, uniqueName, attributes, state };
    for (const [name, value] of Object.entries(changes)) if (value !== undefined) room[name] = value;
    for (const [name, value] of Object.entries(timers)) if (value !== undefined) room.timers[name] = value;
    room.updated = updated ?? clock.now();
    if (!loud) return;
    announce(room, "onConversationUpdated", {
      FriendlyName: room.friendlyName,
      UniqueName: room.uniqueName,
      Attributes: room.attributes,
      State: room.state,
      DateUpdated: iso(room.updated),
    });
    if (room.state !== before)
      announce(room, "onConversationStateUpdated", {
        StateFrom: before,
        StateTo: room.state,
        StateUpdated: iso(room.updated),
        Reason: "API",
      });
  }

  function addUser(identity, { friendlyName = null, attributes = "{}", roleSid = null } = {}) {
    const now = clock.now();
    const user = { sid: newSid("US"), identity, friendlyName, attributes, roleSid, created: now, updated: now };
    users.set(identity, user);
    return user;
  }

  function addMember(room, { identity = null, binding = null, attributes = "{}", roleSid = null, created, updated }, loud = false) {
    assertOpen(room);
    if (!identity && !binding) throw badRequest("Identity or MessagingBinding.Address is needed", 50407);
    if (identity && [...room.members.values()].some((other) => other.identity === identity))
      throw new Refusal(409, 50437, "Participant already exists");
    if (binding && !binding.proxy_address) throw badRequest("MessagingBinding.ProxyAddress is needed", 50407);
    const taken =
      binding &&
      [...all.values()].some(
        (other) =>
          other.state !== "closed" &&
          [...other.members.values()].some(
            (member) => member.binding?.address === binding.address && member.binding.proxy_address === binding.proxy_address,
          ),
      );
    if (taken) throw new Refusal(409, 50416, "A binding for this participant and proxy address already exists");
    if (identity && !users.has(identity)) addUser(identity);
    const now = clock.now();
    const member = {
      sid: newSid("MB"),
      room,
      identity,
      binding,
      attributes,
      roleSid,
      lastRead: null,
      created: created ?? now,
      updated: updated ?? now,
    };
    room.members.set(member.sid, member);
    if (loud)
      announce(room, "onParticipantAdded", {
        ParticipantSid: member.sid,
        Identity: identity,
        Attributes: attributes,
        DateCreated: iso(member.created),
        "MessagingBinding.Address": binding?.address,
      });
    return member;
  }

  function removeMember(member, loud = false) {
    assertOpen(member.room);
    member.room.members.delete(member.sid);
    if (loud)
      announce(member.room, "onParticipantRemoved", {
        ParticipantSid: member.sid,
        Identity: member.identity,
        DateRemoved: iso(clock.now()),
      });
  }

  function addMessage(room, { author = "system", body = "", attributes = "{}", created, updated }, loud = false) {
    assertOpen(room);
    const now = clock.now();
    const sender = [...room.members.values()].find((member) => member.identity === author || member.binding?.address === author);
    const message = {
      sid: newSid("IM"),
      room,
      index: room.nextIndex,
      author,
      body,
      attributes,
      participantSid: sender?.sid ?? null,
      created: created ?? now,
      updated: updated ?? now,
    };
    room.nextIndex += 1;
    room.messages.push(message);
    room.lastActive = now;
    if (room.state === "inactive") room.state = "active";
    if (loud)
      announce(room, "onMessageAdded", {
        MessageSid: message.sid,
        Index: message.index,
        Body: body,
        Author: author,
        ParticipantSid: message.participantSid,
        Attributes: attributes,
        DateCreated: iso(message.created),
      });
    return message;
  }

  function addWebhook(room, target, configuration) {
    assertOpen(room);
    if (room.webhooks.size >= WEBHOOKS_PER_CONVERSATION) throw badRequest("Maximum number of webhooks reached", 50361);
    const now = clock.now();
    const hook = { sid: newSid("WH"), room, target, configuration, created: now, updated: now };
    room.webhooks.set(hook.sid, hook);
    return hook;
  }

  const membersWith = (test) => [...all.values()].flatMap((room) => [...room.members.values()].filter(test));

  function reset() {
    all.clear();
    users.clear();
  }

  return {
    all,
    users,
    find,
    findMember,
    assertOpen,
    create,
    timersOf,
    update,
    addUser,
    addMember,
    removeMember,
    addMessage,
    addWebhook,
    membersWith,
    reset,
  };
}
