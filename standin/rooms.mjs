// The state behind Conversations: conversations with members, messages, webhooks and timers, and their users.
import { createRoomEvents } from "./room-events.mjs";
import { createRoomTimers } from "./room-timers.mjs";
import { badRequest, newSid, notFound, Refusal } from "./shape.mjs";

const WEBHOOKS_PER_CONVERSATION = 5;
const ATTRIBUTES_LIMIT = 16 * 1024;

export function createRooms(twilio) {
  const { clock } = twilio;
  const tell = createRoomEvents(twilio);
  // Nobody has to ask for it to be told.
  const arm = createRoomTimers(clock, (room, state) => all.has(room.sid) && update(room, { state }, true, "TIMER"));
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
    arm(room);
    return room;
  }

  function update(room, { friendlyName, uniqueName, attributes, state, timers = {}, updated }, loud = false, reason = "API") {
    assertOpen(room);
    assertUnique(uniqueName, room);
    assertSize(attributes);
    const before = room.state;
    const changes = { friendlyName, uniqueName, attributes, state };
    for (const [name, value] of Object.entries(changes)) if (value !== undefined) room[name] = value;
    for (const [name, value] of Object.entries(timers)) if (value !== undefined) room.timers[name] = value;
    room.updated = updated ?? clock.now();
    arm(room);
    if (!loud) return;
    tell.updated(room);
    if (room.state !== before) tell.stateUpdated(room, before, reason);
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
    if (loud) tell.memberAdded(member);
    return member;
  }

  function removeMember(member, loud = false) {
    assertOpen(member.room);
    member.room.members.delete(member.sid);
    if (loud) tell.memberRemoved(member, clock.now());
  }

  /** `loud`: webhooks are told, as whose doing `source` says. */
  function addMessage(
    room,
    { author = "system", body = "", attributes = "{}", created, updated },
    { loud = false, source = "API", profileName } = {},
  ) {
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
    if (room.state === "inactive") {
      room.state = "active";
      tell.stateUpdated(room, "inactive", "EVENT");
    }
    arm(room);
    if (loud) tell.messageAdded(message, { source, profileName });
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

  function remove(room) {
    room.timer?.cancel();
    all.delete(room.sid);
  }

  function reset() {
    for (const room of all.values()) room.timer?.cancel();
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
    update,
    remove,
    addUser,
    addMember,
    removeMember,
    addMessage,
    addWebhook,
    membersWith,
    reset,
  };
}
