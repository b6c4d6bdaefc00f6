// The Flex API, v1 interactions and v2 web chats, operation by operation.
import * as seed from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, page, parseAttributes } from "./shape.mjs";

export function createFlex(twilio) {
  const { interactions, rooms, tasks, workspace } = twilio;
  const root = "https://flex-api.twilio.com/v1";
  const channelUrl = ({ interaction, sid }) => `${root}/Interactions/${interaction.sid}/Channels/${sid}`;
  const seconds = (time) => Math.floor(time / 1000);

  const presentRouting = (task) => ({
    reservation: null,
    properties: {
      account_sid: seed.ACCOUNT_SID,
      workspace_sid: seed.WORKSPACE_SID,
      sid: task.sid,
      date_created: seconds(task.created),
      date_updated: seconds(task.updated),
      attributes: twilio.options.inviteAttributes === "object" ? parseAttributes(task.attributes) : task.attributes,
      assignment_status: "pending",
      workflow_sid: task.workflowSid,
      workflow_name: workspace.workflows.get(task.workflowSid).friendlyName,
      queue_sid: task.queueSid,
      queue_name: workspace.queues.get(task.queueSid).friendlyName,
      priority: task.priority,
      age: 0,
      reason: "",
      timeout: task.timeout,
      assignmentCounter: 0,
      task_channel_sid: seed.TASK_CHANNELS[task.channel],
      task_channel_unique_name: task.channel,
      routing_target: task.routingTarget,
      task_queue_entered_date: seconds(task.created),
      age_in_queue: 0,
      addons: "{}",
    },
  });

  const presentInteraction = (interaction, task = null) => ({
    sid: interaction.sid,
    channel: { type: interaction.channel.type, sid: interaction.channel.sid },
    routing: task && presentRouting(task),
    interaction_context_sid: interaction.contextSid,
    webhook_ttid: interaction.webhookTtid,
    url: `${root}/Interactions/${interaction.sid}`,
    links: { channels: `${root}/Interactions/${interaction.sid}/Channels` },
  });

  const presentChannel = (channel) => ({
    sid: channel.sid,
    interaction_sid: channel.interaction.sid,
    type: channel.type,
    status: channel.status,
    error_code: channel.error?.code ?? null,
    error_message: channel.error?.message ?? null,
    url: channelUrl(channel),
    links: {
      participants: `${channelUrl(channel)}/Participants`,
      invites: `${channelUrl(channel)}/Invites`,
      transfers: `${channelUrl(channel)}/Transfers`,
    },
  });

  const presentParticipant = (participant) => ({
    sid: participant.sid,
    type: participant.type,
    interaction_sid: participant.channel.interaction.sid,
    channel_sid: participant.channel.sid,
    routing_properties: participant.routing,
    url: `${channelUrl(participant.channel)}/Participants/${participant.sid}`,
  });

  const presentInvite = ({ sid, channel, task }) => ({
    sid,
    interaction_sid: channel.interaction.sid,
    channel_sid: channel.sid,
    routing: presentRouting(task),
    url: `${channelUrl(channel)}/Invites/${sid}`,
  });

  const channel = (params) => interactions.findChannel(params.InteractionSid, params.ChannelSid ?? params.Sid);
  const propertiesOf = (routing) => {
    if (typeof routing?.properties !== "object" || routing.properties === null) throw badRequest("Routing has no properties");
    return routing.properties;
  };

  function createInteraction({ Channel, Routing, InteractionContextSid, WebhookTtid }) {
    const { type, initiated_by: initiator, properties = {}, participants = [] } = Channel ?? {};
    if (!["sms", "whatsapp", "web", "chat", "email", "messenger", "gbm"].includes(type)) throw badRequest("Channel.type is not known");
    if (!["customer", "agent", "api"].includes(initiator)) throw badRequest("Channel.initiated_by is not known");
    if (initiator === "customer" && !properties.media_channel_sid) throw badRequest("Channel.properties.media_channel_sid is needed");
    const routing = propertiesOf(Routing);
    const room = properties.media_channel_sid
      ? rooms.find(properties.media_channel_sid)
      : rooms.create({ friendlyName: `${type} ${initiator}` });
    const customer = participants[0] ?? {};
    if (!properties.media_channel_sid && (customer.address || customer.identity)) {
      rooms.addMember(room, {
        identity: customer.identity,
        binding: customer.address ? { type, address: customer.address, proxy_address: customer.proxy_address } : null,
      });
    }
    const member = [...room.members.values()][0];
    const address = member?.binding?.address ?? member?.identity ?? customer.address ?? "unknown";
    const interaction = interactions.create({
      type,
      conversationSid: room.sid,
      customer: { address, from: address, name: address, ids: { phone: member?.binding ? address : null, name: address } },
    });
    interaction.contextSid = InteractionContextSid ?? null;
    interaction.webhookTtid = WebhookTtid ?? null;
    // What follows is only accepted: it happens after the answer, or fails then.
    const failure = interactions.failureOf(JSON.stringify([Channel, Routing]));
    interactions.setUp(interaction.channel, failure);
    if (failure) return presentInteraction(interaction);
    interactions.addParticipant(interaction.channel, { type: "customer", memberSid: member?.sid });
    const task = interactions.createTask(interaction.channel, routing, {
      flexChannelInviteSid: newSid("KG"),
      initiatedBy: initiator,
      direction: initiator === "agent" ? "outbound" : "inbound",
    });
    const answer = presentInteraction(interaction, task);
    tasks.route(task);
    return answer;
  }

  function createInvite(params) {
    const invite = interactions.invite(channel(params), propertiesOf(params.Routing));
    const answer = presentInvite(invite);
    tasks.route(invite.task);
    return answer;
  }

  function updateChannel(params) {
    const found = channel(params);
    interactions.updateChannel(found, params.Status, params.Routing);
    return presentChannel(found);
  }

  function updateParticipant(params) {
    const participant = interactions.findParticipant(channel(params), params.Sid);
    interactions.updateParticipant(participant, params.Status);
    return presentParticipant(participant);
  }

  function createWebChat(params) {
    const address = twilio.addresses.find(params.AddressSid);
    if (address.type !== "chat") throw badRequest(`AddressSid ${params.AddressSid} is no address of chats`);
    const identity = params.Identity ?? newSid("").slice(0, 24);
    const room = twilio.addresses.open(address.sid, {
      friendlyName: params.ChatFriendlyName,
      attributes: JSON.stringify({ pre_engagement_data: JSON.parse(params.PreEngagementData ?? "{}") }),
    });
    if (!rooms.users.has(identity)) rooms.addUser(identity, { friendlyName: params.CustomerFriendlyName });
    rooms.addMember(room, { identity });
    return { conversation_sid: room.sid, identity };
  }

  const v1 = {
    CreateInteraction: createInteraction,
    FetchInteraction: ({ Sid }) => presentInteraction(interactions.find(Sid), interactions.find(Sid).tasks[0]),
    UpdateInteraction: ({ Sid, WebhookTtid }) => {
      const interaction = interactions.find(Sid);
      interaction.webhookTtid = WebhookTtid ?? interaction.webhookTtid;
      return presentInteraction(interaction);
    },
    FetchInteractionChannel: (params) => presentChannel(channel(params)),
    ListInteractionChannel: (params, request) =>
      page(request, "channels", [presentChannel(interactions.find(params.InteractionSid).channel)]),
    UpdateInteractionChannel: updateChannel,
    CreateInteractionChannelParticipant: (params) =>
      presentParticipant(interactions.addParticipant(channel(params), { type: params.Type, routing: params.RoutingProperties ?? null })),
    ListInteractionChannelParticipant: (params, request) =>
      page(request, "participants", [...channel(params).participants.values()].map(presentParticipant)),
    UpdateInteractionChannelParticipant: updateParticipant,
    CreateInteractionChannelInvite: createInvite,
    ListInteractionChannelInvite: (params, request) => page(request, "invites", channel(params).invites.map(presentInvite)),
  };

  return { services: { "flex-api/v1": v1, "flex-api/v2": { CreateWebChannel: createWebChat } }, participantOf: interactions.participantOf };
}
