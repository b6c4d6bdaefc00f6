// The state behind Flex: interactions, their channel with participants and invites, and the tasks these make.
import * as seed from "./accounts.mjs";
import { badRequest, newSid, notFound, parseAttributes } from "./shape.mjs";

const OPEN_TASKS = ["pending", "reserved", "assigned"];

export function createInteractions(twilio) {
  const { tasks, rooms } = twilio;
  const all = new Map();
  let failures = [];

  function find(sid) {
    const interaction = all.get(sid);
    if (!interaction) throw notFound(`/v1/Interactions/${sid}`);
    return interaction;
  }

  function findChannel(interactionSid, channelSid) {
    const { channel } = find(interactionSid);
    if (channel.sid !== channelSid) throw notFound(`/v1/Interactions/${interactionSid}/Channels/${channelSid}`);
    return channel;
  }

  function findParticipant(channel, sid) {
    const participant = channel.participants.get(sid);
    if (!participant) throw notFound(`Participants/${sid}`);
    return participant;
  }

  function create({ type, conversationSid, customer }) {
    const channel = { sid: newSid("UO"), type, status: "active", participants: new Map(), invites: [], conversationSid, customer };
    const interaction = { sid: newSid("KD"), channel, contextSid: null, webhookTtid: null, tasks: [] };
    channel.interaction = interaction;
    all.set(interaction.sid, interaction);
    return interaction;
  }

  /** A channel that is made through the API comes up after the answer, or does not. */
  function setUp(channel, error) {
    channel.status = "setup";
    void twilio.track(
      twilio.clock.later(twilio.options.interactionDelayMs, () => {
        if (channel.status !== "setup") return;
        channel.status = error ? "failed" : "active";
        channel.error = error ?? null;
      }),
    );
  }

  function failureOf(text) {
    const failure = failures.find(({ contains, left }) => left > 0 && (!contains || text.includes(contains)));
    if (failure) failure.left -= 1;
    return failure && { code: failure.code, message: failure.message };
  }

  /** The next `times` interactions with `contains` in their request are accepted and fail. */
  const failNext = ({ contains, times = 1, code = 19025, message = "Channel could not be set up" }) =>
    void failures.push({ contains, left: times, code, message });

  function addParticipant(channel, { type, routing = null, memberSid = null }) {
    const participant = { sid: newSid("UT"), type, channel, routing, memberSid };
    channel.participants.set(participant.sid, participant);
    return participant;
  }

  /** What Flex itself writes onto every task of a channel. */
  function flexAttributes({ interaction, sid, type, conversationSid, customer }) {
    return {
      flexInteractionSid: interaction.sid,
      flexInteractionChannelSid: sid,
      flexInteractionChannelType: type,
      channelType: type,
      conversationSid,
      from: customer.from,
      customerAddress: customer.address,
      customerName: customer.name,
      customers: customer.ids,
      conversations: { conversation_id: interaction.sid, media: [{ type: "ChatTranscript", sid: conversationSid }] },
    };
  }

  /** Makes and routes the task of an invite or of a new interaction from its `Routing` parameter. */
  function createTask(channel, properties, more) {
    const { workspace_sid: workspaceSid, workflow_sid: workflowSid, queue_sid: queueSid, worker_sid: workerSid } = properties;
    if (workspaceSid !== seed.WORKSPACE_SID) throw badRequest("Routing.properties.workspace_sid is not a workspace of this account");
    const base = flexAttributes(channel);
    const given = properties.attributes ?? {};
    if (typeof given !== "object" || Array.isArray(given)) throw badRequest("Routing.properties.attributes is not an object");
    const attributes = {
      ...base,
      ...given,
      conversations: { ...base.conversations, ...given.conversations },
      flexInteractionSid: base.flexInteractionSid,
      flexInteractionChannelSid: base.flexInteractionChannelSid,
      ...more,
    };
    const task = tasks.create({
      workflowSid,
      queueSid,
      routingTarget: workerSid ?? null,
      attributes: JSON.stringify(attributes),
      priority: properties.priority,
      timeout: properties.timeout,
      channel: properties.task_channel_unique_name ?? properties.task_channel_sid ?? "default",
    });
    channel.interaction.tasks.push(task);
    return task;
  }

  function invite(channel, properties) {
    if (channel.status !== "active") throw badRequest(`Channel ${channel.sid} is ${channel.status}`);
    const sid = newSid("KG");
    const task = createTask(channel, properties, { flexChannelInviteSid: sid });
    const made = { sid, channel, task };
    channel.invites.push(made);
    return made;
  }

  // Accepting a chat task puts the agent into the channel and the conversation.
  tasks.onAccepted(({ sid, task, worker }) => {
    const { flexInteractionSid } = parseAttributes(task.attributes);
    const channel = all.get(flexInteractionSid)?.channel;
    if (!channel || !all.get(flexInteractionSid).tasks.includes(task)) return;
    const room = rooms.find(channel.conversationSid);
    const member =
      [...room.members.values()].find(({ identity }) => identity === worker.friendlyName) ??
      (room.state === "closed"
        ? null
        : rooms.addMember(room, { identity: worker.friendlyName, attributes: JSON.stringify({ member_type: "agent" }) }));
    addParticipant(channel, {
      type: "agent",
      memberSid: member?.sid,
      routing: { task_sid: task.sid, worker_sid: worker.sid, reservation_sid: sid },
    });
  });

  function leaveConversation(channel, { memberSid }) {
    const room = rooms.find(channel.conversationSid);
    const member = room.members.get(memberSid);
    if (member && room.state !== "closed") rooms.removeMember(member);
  }

  function wrap(sid) {
    const task = tasks.all.get(sid);
    if (task?.status === "assigned") tasks.moveTask(task, "wrapping");
  }

  function updateParticipant(participant, status) {
    if (participant.closed) throw badRequest(`Participant ${participant.sid} is already closed`);
    if (participant.routing) wrap(participant.routing.task_sid);
    if (status !== "closed") return;
    if (twilio.options.listClosedParticipants) participant.closed = true;
    else participant.channel.participants.delete(participant.sid);
    leaveConversation(participant.channel, participant);
  }

  /** Closing ends the conversation too, and no task of the channel stays open. */
  function updateChannel(channel, status, routing) {
    if (channel.status === "closed") throw badRequest(`Channel ${channel.sid} is already closed`);
    if (status === "inactive" && !routing) throw badRequest("Routing is needed for Status=inactive");
    channel.status = status;
    const room = rooms.find(channel.conversationSid);
    if (room.state !== "closed") rooms.update(room, { state: status }, true);
    if (status === "inactive" && routing?.status !== "closed") return;
    for (const task of channel.interaction.tasks.filter((other) => OPEN_TASKS.includes(other.status)))
      tasks.moveTask(task, task.status === "assigned" ? "wrapping" : "canceled");
    channel.participants.clear();
  }

  /** Where an accepted reservation put its agent, for the control interface. */
  function participantOf(reservation) {
    for (const { sid, channel } of all.values()) {
      const participant = [...channel.participants.values()].find(({ routing }) => routing?.reservation_sid === reservation.sid);
      if (participant)
        return { interactionSid: sid, channelSid: channel.sid, participantSid: participant.sid, conversationSid: channel.conversationSid };
    }
    return {};
  }

  return {
    all,
    setUp,
    failureOf,
    failNext,
    find,
    findChannel,
    findParticipant,
    create,
    createTask,
    invite,
    addParticipant,
    updateParticipant,
    updateChannel,
    participantOf,
    taskChannelOf: (type) => ({ sms: "sms", email: "email" })[type] ?? "chat",
    reset: () => {
      all.clear();
      failures = [];
    },
  };
}
