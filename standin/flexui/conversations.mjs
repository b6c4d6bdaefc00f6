// Conversations as its browser SDK speaks it: REST on the host `aim`, and Sync objects that show each conversation.
import { iso, Refusal } from "../shape.mjs";

const ROOT = "https://aim.us1.twilio.com/Client/v2";
const TYPING_SECONDS = 5;
const exact = (time) => new Date(time).toISOString();
const ok = (body, status = 200) => ({ status, body });

export function createConversationsClient(twilio, sync) {
  const { rooms, workspace } = twilio;
  const sockets = new Set(); // twilsock connections that have asked for Conversations

  const joined = (room, identity) => [...room.members.values()].find((member) => member.identity === identity);
  const find = (text) => rooms.find(decodeURIComponent(text));
  const shown = (identity) => {
    const worker = [...workspace.workers.values()].find(({ friendlyName }) => friendlyName === identity);
    return rooms.users.get(identity)?.friendlyName ?? (worker && workspace.attributesOf(worker).full_name) ?? identity;
  };

  const userObject = (identity) =>
    sync.define("map", `${identity}.info`, () => ({
      friendlyName: { value: shown(identity) },
      attributes: { value: rooms.users.get(identity)?.attributes ?? "{}" },
      reachability: { online: [...sockets].some((connection) => connection.identity === identity), notifiable: false },
    })).uniqueName;

  function objectsOf(room) {
    const alive = (read) => () => (rooms.all.has(room.sid) ? read() : undefined);
    const names = { conversation: `${room.sid}.channel`, messages: `${room.sid}.messages`, participants: `${room.sid}.roster` };
    sync.define(
      "document",
      names.conversation,
      alive(() => ({
        friendlyName: room.friendlyName,
        uniqueName: room.uniqueName,
        attributes: room.attributes,
        createdBy: room.createdBy,
        dateCreated: exact(room.created),
        dateUpdated: exact(room.updated),
        messages: names.messages,
        roster: names.participants,
        state: { current: room.state, dateUpdated: exact(room.updated) },
        lastMessage: room.messages.length > 0 ? { index: room.messages.at(-1).index, timestamp: exact(room.messages.at(-1).created) } : null,
      })),
    );
    sync.define(
      "list",
      names.messages,
      alive(() => Object.fromEntries(room.messages.map((message) => [message.index, presentMessage(message)]))),
    );
    sync.define(
      "map",
      names.participants,
      alive(() => Object.fromEntries([...room.members.values()].map((member) => [member.sid, presentMember(member)]))),
    );
    return names;
  }

  const presentMessage = ({ sid, author, body, attributes, participantSid, created, updated }) => ({
    sid,
    author,
    text: body,
    type: "text",
    attributes,
    memberSid: participantSid,
    timestamp: exact(created),
    dateUpdated: exact(updated),
  });

  const presentMember = ({ identity, binding, attributes, roleSid, lastRead, created, updated }) => ({
    identity,
    userInfo: identity && userObject(identity),
    type: binding ? (/^(whatsapp|messenger):/.exec(binding.address)?.[1] ?? binding.type ?? "sms") : "chat",
    attributes,
    roleSid,
    dateCreated: exact(created),
    dateUpdated: exact(updated),
    lastConsumedMessageIndex: lastRead,
    lastConsumptionTimestamp: null,
    bindings: {},
    ...(binding && { messagingBinding: binding }),
  });

  const mineObject = (identity) =>
    sync.define("map", `${identity}.channels`, () =>
      Object.fromEntries(
        [...rooms.all.values()]
          .filter((room) => joined(room, identity))
          .map((room) => {
            const names = objectsOf(room);
            return [
              room.sid,
              {
                status: "joined",
                channel: names.conversation,
                messages: names.messages,
                roster: names.participants,
                lastConsumedMessageIndex: joined(room, identity).lastRead,
                notificationLevel: "default",
              },
            ];
          }),
      ),
    ).uniqueName;

  function unread(room, member) {
    if (!member) return null;
    if (member.lastRead === null) return null;
    return room.messages.filter(({ index, author }) => index > member.lastRead && author !== member.identity).length;
  }

  function present(room, identity) {
    const member = joined(room, identity);
    const names = objectsOf(room);
    const self = `${ROOT}/Conversations/${room.sid}`;
    return {
      sid: room.sid,
      conversation_sid: room.sid,
      unique_name: room.uniqueName,
      friendly_name: room.friendlyName,
      attributes: room.attributes,
      created_by: room.createdBy,
      date_created: iso(room.created),
      date_updated: iso(room.updated),
      state: room.state,
      status: member ? "joined" : "notParticipating",
      last_read_message_index: member?.lastRead ?? null,
      unread_messages_count: unread(room, member),
      messages_count: room.messages.length,
      participants_count: room.members.size,
      notification_level: "default",
      sync_objects: { ...names, my_conversations: mineObject(identity) },
      url: self,
      links: { messages: `${self}/Messages`, participants: `${self}/Participants` },
    };
  }

  const configuration = (identity) => ({
    identity,
    links: {
      my_conversations: `${ROOT}/my`,
      conversations: `${ROOT}/Conversations`,
      users: `${ROOT}/Users`,
      current_user: `${ROOT}/Users/${encodeURIComponent(identity)}`,
      typing: `${ROOT}/typing`,
      messages_receipts: `${ROOT}/Conversations/%s/Messages/%s/Receipts`,
      media_service: "https://mcs.us1.twilio.com/v1/Services/IS/Media",
      media_set_service: "https://mcs.us1.twilio.com/v1/Services/IS/MediaSet",
    },
    options: {
      media_attachments_count_limit: 1,
      media_attachment_size_limit_in_mb: 10,
      media_attachments_total_size_limit_in_mb: 10,
      email_histories_allowed_mime_types: [],
      email_bodies_allowed_mime_types: [],
      user_infos_to_subscribe: 100,
      reachability_enabled: false,
      http_cache_interval: "PT60S",
      consumption_report_interval: "PT5S",
    },
    sync_objects: { my_user_info: userObject(identity), my_conversations: mineObject(identity) },
  });

  /** Who may see a conversation at all: a member, as the default roles have it. */
  function mine(room, identity) {
    const member = joined(room, identity);
    if (!member) throw new Refusal(403, 50404, "User not participant of conversation");
    return member;
  }

  function typing({ ChannelSid: sid }, identity) {
    const room = find(sid);
    mine(room, identity);
    for (const connection of sockets)
      if (connection.identity !== identity && joined(room, connection.identity))
        connection.notify("twilio.ipmsg.typing_indicator", {
          channel_sid: room.sid,
          identity,
          typing_timeout: TYPING_SECONDS + 1,
        });
    return ok({ typing_timeout: TYPING_SECONDS });
  }

  function createConversation({ friendly_name: friendlyName, unique_name: uniqueName, attributes }, identity) {
    return ok(present(rooms.create({ friendlyName, uniqueName: uniqueName || undefined, attributes, createdBy: identity }), identity), 201);
  }

  function addParticipant(room, { identity: wanted, attributes, messaging_binding: binding }, identity) {
    if (wanted !== identity && room.createdBy !== identity) mine(room, identity);
    const member = rooms.addMember(room, { identity: wanted, binding: binding ?? null, attributes }, true);
    return ok(
      {
        sid: member.sid,
        identity: member.identity,
        attributes: member.attributes,
        role_sid: member.roleSid,
        date_created: iso(member.created),
        date_updated: iso(member.updated),
        messaging_binding: member.binding,
      },
      201,
    );
  }

  function removeParticipant(room, text, identity) {
    mine(room, identity);
    rooms.removeMember(rooms.findMember(room, decodeURIComponent(text)), true);
    return ok({}, 204);
  }

  function sendMessage(room, { body, attributes }, identity) {
    mine(room, identity);
    const { sid, index } = rooms.addMessage(room, { author: identity, body: body ?? "", attributes }, { loud: true, source: "SDK" });
    return ok({ sid, index }, 201);
  }

  function updateConversation(room, { friendly_name: friendlyName, unique_name: uniqueName, attributes }, identity) {
    mine(room, identity);
    rooms.update(room, { friendlyName, uniqueName, attributes }, true);
    return ok(present(room, identity));
  }

  function readUpTo(room, { last_read_message_index: index }, identity) {
    const member = mine(room, identity);
    if (index !== undefined) member.lastRead = index;
    return ok({ unread_messages_count: unread(room, member), last_read_message_index: member.lastRead });
  }

  function user(text, method, { friendly_name: friendlyName, attributes }) {
    const identity = decodeURIComponent(text);
    const found = rooms.users.get(identity) ?? rooms.addUser(identity);
    if (method === "POST" && friendlyName !== undefined) found.friendlyName = friendlyName;
    if (method === "POST" && attributes !== undefined) found.attributes = attributes;
    return ok({
      identity,
      friendly_name: shown(identity),
      attributes: found.attributes,
      sync_objects: { user_info_map: userObject(identity) },
    });
  }

  const ROUTES = [
    ["GET", "Configuration", (_, { identity }) => ok(configuration(identity))],
    [
      "GET",
      "my",
      (_, { identity }) =>
        ok({
          conversations: [...rooms.all.values()].filter((room) => joined(room, identity)).map((room) => present(room, identity)),
          meta: { next_token: null },
        }),
    ],
    ["GET", "my/([^/]+)", ([text], { identity }) => ok(present(find(text), identity))],
    ["POST", "my/([^/]+)", ([text], { body, identity }) => readUpTo(find(text), body, identity)],
    ["(?:GET|POST)", "Users/([^/]+)", ([text], { method, body }) => user(text, method, body)],
    ["POST", "typing", (_, { body, identity }) => typing(body, identity)],
    ["POST", "Conversations", (_, { body, identity }) => createConversation(body, identity)],
    ["GET", "Conversations/([^/]+)", ([text], { identity }) => ok(present(find(text), identity))],
    ["POST", "Conversations/([^/]+)", ([text], { body, identity }) => updateConversation(find(text), body, identity)],
    [
      "GET",
      "Conversations/([^/]+)/MessageRecipients",
      () => ok({ message_recipients: [], meta: { previous_token: null, next_token: null } }),
    ],
    ["POST", "Conversations/([^/]+)/Messages", ([text], { body, identity }) => sendMessage(find(text), body, identity)],
    ["POST", "Conversations/([^/]+)/Participants", ([text], { body, identity }) => addParticipant(find(text), body, identity)],
    [
      "DELETE",
      "Conversations/([^/]+)/Participants/([^/]+)",
      ([text, who], { identity }) => removeParticipant(find(text), who, identity),
    ],
  ].map(([method, path, handler]) => ({ handler, pattern: new RegExp(`^${method} /Client/v2/${path}$`) }));

  /** Answers a request to the host `aim`; null when it is none of these. */
  function perform(request) {
    sockets.add(request.connection);
    for (const { pattern, handler } of ROUTES) {
      const match = pattern.exec(`${request.method} ${request.path}`);
      if (!match) continue;
      try {
        return handler(match.slice(1), request);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return ok(error.body, error.status);
      }
    }
    return null;
  }

  return { perform, drop: (connection) => sockets.delete(connection) };
}
