// Channels of interactions on the event bridge: chats as the state has them, and each call as a voice channel of its task.
import { badRequest, parseAttributes } from "../shape.mjs";

const VOICE_PREFIX = "UO";

export function createChannels(twilio, voice) {
  const { interactions, tasks, rooms } = twilio;

  // A call's interaction and channel carry the digits of its task, as the client expects it.
  const voiceTask = (interactionSid) => tasks.all.get(`WT${interactionSid.slice(2)}`);
  const voiceChannelSid = (task) => VOICE_PREFIX + task.sid.slice(2);
  const isVoice = ({ channel }) => channel === "voice";

  const chatOf = (task) => {
    const interaction = interactions.all.get(parseAttributes(task.attributes).flexInteractionSid);
    return interaction?.tasks.includes(task) ? interaction.channel : null;
  };

  function chatParticipant(participant, taskSid) {
    const { channel, sid, type, routing, memberSid } = participant;
    const member = rooms.all.get(channel.conversationSid)?.members.get(memberSid);
    return {
      participant_sid: sid,
      channel_sid: channel.sid,
      channel_type: channel.type,
      interaction_sid: channel.interaction.sid,
      type,
      routing_properties: {
        task_sid: routing?.task_sid ?? taskSid,
        worker_sid: routing?.worker_sid ?? null,
        reservation_sid: routing?.reservation_sid ?? null,
      },
      media_properties: {
        identity: member?.identity ?? member?.binding?.address ?? null,
        address: member?.binding?.address ?? null,
        proxy_address: member?.binding?.proxy_address ?? null,
        messaging_binding: member?.binding ?? null,
      },
    };
  }

  // As Twilio's conference callback names them, each in a list of its own.
  function voiceParticipant({ participant, sid, type, reservation }, task) {
    const { conference, call } = participant;
    const properties = {
      AccountSid: twilio.accountSid,
      CallSid: call.sid,
      Coaching: participant.coaching,
      ConferenceSid: conference.sid,
      EndConferenceOnExit: participant.endOnExit,
      FriendlyName: conference.friendlyName,
      Hold: participant.hold,
      Muted: participant.muted,
      SequenceNumber: conference.sequence,
      StartConferenceOnEnter: participant.startOnEnter,
      StatusCallbackEvent: "participant-join",
      Timestamp: new Date(participant.updated).toUTCString(),
      From: call.from,
      To: call.to,
    };
    return {
      participant_sid: sid,
      channel_sid: voiceChannelSid(task),
      channel_type: "voice",
      interaction_sid: `KD${task.sid.slice(2)}`,
      type,
      routing_properties: { task_sid: task.sid, worker_sid: reservation?.worker.sid ?? null, reservation_sid: reservation?.sid ?? null },
      media_properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, [String(value)]])),
    };
  }

  /** Everybody in a task's call or chat, as the bridge's events and answers name them; in a call, for so long at least. */
  function participantsOf(task, millis = 0) {
    const isThere = ({ participant }) => twilio.clock.now() - participant.created >= millis;
    if (isVoice(task)) return voice.legsOf(task).filter(isThere).map((leg) => voiceParticipant(leg, task));
    const channel = chatOf(task);
    return channel ? [...channel.participants.values()].filter(({ closed }) => !closed).map((participant) => chatParticipant(participant, task.sid)) : [];
  }

  const answerParticipants = (type, participants) => ({
    channel_type: type,
    participants: participants.map(({ participant_sid: sid, ...rest }) => ({ sid, ...rest })),
  });

  function listChannels([interactionSid]) {
    const task = voiceTask(interactionSid);
    if (task && isVoice(task)) {
      const conference = voice.conferenceOf(task);
      return {
        channels: [
          {
            sid: voiceChannelSid(task),
            interaction_sid: interactionSid,
            type: "voice",
            status: "active",
            media_sid: conference?.sid ?? null,
          },
        ],
      };
    }
    const { channel } = interactions.find(interactionSid);
    return {
      channels: [
        {
          sid: channel.sid,
          interaction_sid: interactionSid,
          type: channel.type,
          status: channel.status,
          media_sid: channel.conversationSid,
        },
      ],
    };
  }

  function listParticipants([interactionSid, channelSid], params, { worker }) {
    const task = voiceTask(interactionSid);
    if (task && isVoice(task)) return answerParticipants("voice", participantsOf(task));
    const channel = interactions.findChannel(interactionSid, channelSid);
    const mine = channel.interaction.tasks.find((other) => other.reservations.some((reservation) => reservation.worker === worker));
    return answerParticipants(
      channel.type,
      [...channel.participants.values()].map((participant) => chatParticipant(participant, mine?.sid ?? null)),
    );
  }

  /** An agent takes or declines what the channel offers them. */
  function answerInvite([interactionSid, channelSid, inviteSid], { action, routing }, { worker }) {
    interactions.findChannel(interactionSid, channelSid);
    const reservation = tasks.findReservation(routing.reservation.sid, (found) => found.worker === worker);
    if (!["accept", "decline"].includes(action)) throw badRequest("action: accept or decline");
    tasks.moveReservation(reservation, action === "accept" ? "accepted" : "rejected");
    return { sid: inviteSid };
  }

  function updateChannel([interactionSid, channelSid], { status, routing }, { worker }) {
    const call = voiceTask(interactionSid);
    if (call && isVoice(call)) {
      voice.endCall(call);
      return { sid: channelSid, status };
    }
    const channel = interactions.findChannel(interactionSid, channelSid);
    // Who has handed the chat over finishes their own task only.
    const isIn = [...channel.participants.values()].some(({ type, routing: own }) => type === "agent" && own?.worker_sid === worker.sid);
    if (channel.status !== "closed" && isIn) interactions.updateChannel(channel, status, routing ?? { status: "closed" });
    const task = channel.interaction.tasks.findLast((other) => other.reservations.some((reservation) => reservation.worker === worker));
    if (task?.status === "assigned") tasks.moveTask(task, "wrapping");
    if (routing?.status === "closed" && task?.status === "wrapping") tasks.moveTask(task, "completed");
    return { sid: channelSid, interaction_sid: interactionSid, type: channel.type, status: channel.status };
  }

  function updateParticipant([interactionSid, channelSid, sid], params) {
    const call = voiceTask(interactionSid);
    if (call && isVoice(call)) return voice.updateLeg(call, sid, params);
    const channel = interactions.findChannel(interactionSid, channelSid);
    const participant = interactions.findParticipant(channel, sid);
    const last = [...channel.participants.values()].filter(({ type }) => type === "agent").length === 1;
    if (params.status) interactions.updateParticipant(participant, params.status);
    if (params.status === "closed" && last && params.close_channel_if_last_participant && channel.status !== "closed")
      interactions.updateChannel(channel, "closed");
    return { sid, media_properties: {} };
  }

  const I = "v1/Interactions/(KD\\w+)/Channels";
  const routes = () => [
    ["GET", I, listChannels],
    ["POST", `${I}/(UO\\w+)`, updateChannel],
    ["GET", `${I}/(UO\\w+)/Participants`, listParticipants],
    ["POST", `${I}/(UO\\w+)/Participants`, ([interactionSid], params, who) => voice.addExternal(voiceTask(interactionSid), params, who)],
    ["POST", `${I}/(UO\\w+)/Participants/(UT\\w+)`, updateParticipant],
    ["POST", `${I}/(UO\\w+)/Invites/(KG\\w+)`, answerInvite],
    ["GET", "v1/Channels", () => ({ channels: [], meta: { next_token: null } })],
  ];

  return { participantsOf, routes };
}
