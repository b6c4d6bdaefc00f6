// Plays the customers' side of messaging: chats with an agent, and what customers write.
import * as seed from "./accounts.mjs";
import { badRequest, newSid, parseAttributes } from "./shape.mjs";

// How each channel spells its customer: address, how the task's `from` shows it, and whether it is a chat identity.
const CUSTOMERS = {
  sms: (text) => ({ address: text, from: text, proxy: seed.MESSAGING_NUMBER, ids: { phone: text } }),
  whatsapp: (text) => ({
    address: `whatsapp:${text}`,
    from: `whatsapp:${text}`,
    proxy: `whatsapp:${seed.MESSAGING_NUMBER}`,
    ids: { phone: text },
  }),
  messenger: (text) => ({ address: `messenger:${text}`, from: `messenger:${text}`, proxy: seed.MESSENGER_PAGE, ids: {} }),
  email: (text) => ({ address: text, from: text, proxy: "support@example.com", ids: { email: text } }),
  web: (text) => ({ address: text, from: text, ids: {} }),
  chat: (text) => ({ address: text, from: text, ids: {} }),
};
// A binding can be in one open conversation only, so every chat gets a customer of its own unless one is named.
let people = 3_000_000;
const somebody = () => `+1555${(people += 1)}`;
const bare = (text) => text.replace(/^(whatsapp|messenger|sms):/, "");

export function createChats(twilio) {
  const { rooms, interactions, tasks, workspace } = twilio;

  /** A customer writes in and an agent takes the chat. */
  function chat({
    agent,
    customer = somebody(),
    channel: type = "sms",
    name = "Chris Customer",
    message = "Hello",
    attributes = {},
    conversationAttributes = {},
    taskChannel,
  }) {
    const worker = workspace.who(agent);
    if (!CUSTOMERS[type]) throw badRequest(`channel: ${Object.keys(CUSTOMERS).join(", ")}`);
    const { address, from, proxy, ids } = CUSTOMERS[type](bare(customer));
    const room = rooms.create({ friendlyName: `${type} with ${name}`, attributes: JSON.stringify(conversationAttributes) });
    const member = rooms.addMember(room, proxy ? { binding: { type, address, proxy_address: proxy } } : { identity: address });
    const interaction = interactions.create({ type, conversationSid: room.sid, customer: { address, from, name, ids: { name, ...ids } } });
    const customerParticipant = interactions.addParticipant(interaction.channel, { type: "customer", memberSid: member.sid });
    if (message) rooms.addMessage(room, { author: address, body: message });
    const task = interactions.createTask(
      interaction.channel,
      {
        workspace_sid: seed.WORKSPACE_SID,
        workflow_sid: seed.INBOUND_WORKFLOW_SID,
        worker_sid: worker.sid,
        queue_sid: seed.QUEUES.Everyone.sid,
        task_channel_unique_name: taskChannel ?? interactions.taskChannelOf(type),
        attributes,
      },
      { flexChannelInviteSid: newSid("KG"), direction: "inbound", initiatedBy: "customer", ...attributes },
    );
    tasks.route(task);
    const [reservation] = task.reservations;
    tasks.moveReservation(reservation, "accepted");
    const { participantSid } = interactions.participantOf(reservation);
    return {
      taskSid: task.sid,
      reservationSid: reservation.sid,
      workerSid: worker.sid,
      conversationSid: room.sid,
      interactionSid: interaction.sid,
      channelSid: interaction.channel.sid,
      participantSid,
      customerParticipantSid: customerParticipant.sid,
      customerAddress: address,
    };
  }

  /** Somebody writes into a conversation from their own device, so webhooks fire. */
  function message({ conversationSid, author, body = "Hello again", name }) {
    const room = rooms.find(conversationSid);
    const members = [...room.members.values()];
    const sender = author ? members.find(({ identity, binding }) => [identity, binding?.address].includes(author)) : members[0];
    const { binding, identity } = sender ?? {};
    const source = binding ? binding.type.toUpperCase() : identity ? "SDK" : "API";
    const profileName = binding?.type === "whatsapp" ? name : undefined;
    const { sid, index } = rooms.addMessage(
      room,
      { author: author ?? binding?.address ?? identity, body },
      { loud: true, source, profileName },
    );
    return { conversationSid: room.sid, messageSid: sid, index };
  }

  /**
   * A customer writes to one of the account's addresses, as it comes from the carrier: into their open conversation, or into
   * one that the address makes. `name` is WhatsApp's profile name.
   */
  function inbound({ channel: type = "sms", from = somebody(), body = "Hello", name }) {
    if (!CUSTOMERS[type]?.(from).proxy) throw badRequest("channel: sms, whatsapp or messenger");
    const { address, proxy } = CUSTOMERS[type](bare(from));
    const { room, created } = twilio.addresses.conversationFor({ type, address, proxy });
    return { created, customerAddress: address, ...message({ conversationSid: room.sid, author: address, body, name }) };
  }

  /** What another client does to a conversation's state. */
  function setState(conversationSid, { state }) {
    if (!["active", "inactive", "closed"].includes(state)) throw badRequest("state: active, inactive or closed");
    rooms.update(rooms.find(conversationSid), { state }, true, "EVENT");
    return roomSummary(rooms.find(conversationSid));
  }

  /** A conversation as it may already exist, for example an old internal chat; `updated` and `lastMessage` are dates. */
  function conversation({
    uniqueName,
    friendlyName,
    attributes = {},
    identities = [],
    addresses = [],
    state,
    created,
    updated,
    lastMessage,
  }) {
    const time = (text) => (text === undefined ? undefined : Date.parse(text));
    const room = rooms.create({
      uniqueName,
      friendlyName,
      attributes: JSON.stringify(attributes),
      created: time(created),
      updated: time(updated),
    });
    for (const identity of identities) rooms.addMember(room, { identity });
    for (const address of addresses) rooms.addMember(room, { binding: { type: "sms", address, proxy_address: seed.MESSAGING_NUMBER } });
    if (lastMessage) rooms.addMessage(room, { author: identities[0], body: "Hi", created: time(lastMessage), updated: time(lastMessage) });
    if (state) room.state = state;
    return { conversationSid: room.sid };
  }

  const memberSummary = ({ sid, identity, binding }) => ({ sid, ...(identity ? { identity } : { address: binding.address }) });
  const roomSummary = (room) => ({
    sid: room.sid,
    uniqueName: room.uniqueName,
    friendlyName: room.friendlyName,
    state: room.state,
    attributes: parseAttributes(room.attributes),
    participants: [...room.members.values()].map(memberSummary),
    messages: room.messages.length,
    webhooks: room.webhooks.size,
  });
  const interactionSummary = ({ sid, channel, tasks: own }) => ({
    sid,
    channelSid: channel.sid,
    type: channel.type,
    status: channel.status,
    conversationSid: channel.conversationSid,
    participants: [...channel.participants.values()].map((participant) => ({
      sid: participant.sid,
      type: participant.type,
      routing_properties: participant.routing,
    })),
    invites: channel.invites.map((invite) => ({ sid: invite.sid, taskSid: invite.task.sid, assignment_status: invite.task.status })),
    tasks: own.map((task) => ({ sid: task.sid, assignment_status: task.status })),
  });

  return {
    controls: {
      chat,
      message,
      inbound,
      setState,
      conversation,
      readConversation: (sid) => roomSummary(rooms.find(sid)),
      readInteraction: (sid) => interactionSummary(interactions.find(sid)),
    },
    summary: () => ({
      conversations: [...rooms.all.values()].map(
        (room) =>
          `${room.sid} ${room.uniqueName ?? room.friendlyName ?? "-"} ${room.state}${[...room.members.values()].map(({ identity, binding }) => ` ${identity ?? binding.address}`).join("")}`,
      ),
      interactions: [...interactions.all.values()].map(
        ({ sid, channel }) => `${sid} ${channel.type} ${channel.status} ${channel.invites.length} invites`,
      ),
    }),
    named: (name) => [...rooms.all.values()].filter(({ uniqueName }) => uniqueName === name).map(roomSummary),
    state: () => ({
      conversations: [...rooms.all.values()].map(roomSummary),
      interactions: [...interactions.all.values()].map(interactionSummary),
    }),
  };
}
