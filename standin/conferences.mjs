// Conferences: who is in them, when they start and end, and the status callbacks they post.
import { newSid, rfc2822 } from "./shape.mjs";

const SUBSCRIPTIONS = {
  "conference-start": "start",
  "conference-end": "end",
  "participant-join": "join",
  "participant-leave": "leave",
  "participant-mute": "mute",
  "participant-unmute": "mute",
  "participant-hold": "hold",
  "participant-unhold": "hold",
  "participant-modify": "modify",
};

export function createConferences(twilio) {
  const { clock } = twilio;
  const all = new Map();

  const live = (name) =>
    [...all.values()].find(({ sid, friendlyName, status }) => status !== "completed" && [sid, friendlyName].includes(name));

  function emit(conference, event, participant, more = {}) {
    conference.sequence += 1;
    const { callback } = conference;
    if (!callback?.events.includes(SUBSCRIPTIONS[event])) return;
    void twilio.webhooks.deliver({
      url: callback.url,
      method: callback.method,
      fields: {
        ConferenceSid: conference.sid,
        FriendlyName: conference.friendlyName,
        AccountSid: twilio.accountSid,
        SequenceNumber: conference.sequence,
        Timestamp: rfc2822(clock.now()),
        StatusCallbackEvent: event,
        ...(participant && {
          CallSid: participant.call.sid,
          ParticipantLabel: participant.label,
          Muted: participant.muted,
          Hold: participant.hold,
          Coaching: participant.coaching,
          EndConferenceOnExit: participant.endOnExit,
          StartConferenceOnEnter: participant.startOnEnter,
        }),
        ...more,
      },
    });
  }

  function create(friendlyName, callback) {
    const now = clock.now();
    const conference = {
      sid: newSid("CF"),
      friendlyName,
      status: "init",
      participants: new Map(),
      callback,
      sequence: 0,
      created: now,
      updated: now,
      reasonEnded: null,
      endedBy: null,
    };
    all.set(conference.sid, conference);
    return conference;
  }

  /** Puts a leg on the list of a conference, which the first one creates; only that one's callback is honoured. */
  function add(
    name,
    call,
    {
      label = null,
      muted = false,
      startOnEnter = true,
      endOnExit = false,
      coaching = false,
      callSidToCoach = null,
      callback = null,
      status = "connected",
    } = {},
  ) {
    const conference = live(name) ?? create(name, callback);
    const now = clock.now();
    let left;
    const participant = {
      conference,
      call,
      label,
      muted,
      hold: false,
      startOnEnter,
      endOnExit,
      coaching,
      callSidToCoach,
      status,
      created: now,
      updated: now,
      gone: new Promise((resolve) => (left = resolve)),
    };
    participant.leave = left;
    conference.participants.set(call.sid, participant);
    call.participant = participant;
    if (status === "connected") connect(participant);
    return participant;
  }

  function connect(participant) {
    const { conference } = participant;
    participant.status = "connected";
    emit(conference, "participant-join", participant);
    const connected = [...conference.participants.values()].filter(({ status }) => status === "connected");
    if (conference.status === "init" && connected.length > 1 && connected.some(({ startOnEnter }) => startOnEnter)) {
      conference.status = "in-progress";
      conference.updated = clock.now();
      emit(conference, "conference-start");
    }
  }

  function drop(participant, reason) {
    participant.conference.participants.delete(participant.call.sid);
    participant.call.participant = null;
    if (participant.status === "connected") {
      emit(participant.conference, "participant-leave", participant, {
        ParticipantCallStatus: participant.call.status,
        ReasonParticipantLeft: reason,
      });
    }
    participant.leave(reason);
  }

  function end(conference, reason, call = null) {
    if (conference.status === "completed") return;
    conference.status = "completed";
    conference.updated = clock.now();
    conference.reasonEnded = reason;
    conference.endedBy = call?.sid ?? null;
    const why = reason === "conference-ended-via-api" ? "conference_ended_via_api" : "moderator_ended_conference";
    for (const participant of [...conference.participants.values()]) drop(participant, why);
    emit(conference, "conference-end", null, {
      ReasonConferenceEnded: reason,
      CallSidEndingConference: call?.sid,
      Reason: `Conference ended: ${reason}`,
    });
  }

  /** A leg leaves: by itself, or kicked through the API. */
  function leave(participant, { kicked = false, reason = kicked ? "participant_updated_via_api" : "participant_hung_up" } = {}) {
    const { conference, call, endOnExit } = participant;
    if (!conference.participants.has(call.sid)) return;
    drop(participant, reason);
    const how = kicked ? "kicked" : "left";
    if (endOnExit) end(conference, `participant-with-end-conference-on-exit-${how}`, call);
    else if (conference.participants.size === 0) end(conference, `last-participant-${how}`, call);
  }

  function update(participant, { muted, hold, endOnExit, coaching, callSidToCoach }) {
    const { conference } = participant;
    participant.updated = clock.now();
    if (muted !== undefined && muted !== participant.muted) {
      participant.muted = muted;
      emit(conference, muted ? "participant-mute" : "participant-unmute", participant);
    }
    if (hold !== undefined && hold !== participant.hold) {
      participant.hold = hold;
      emit(conference, hold ? "participant-hold" : "participant-unhold", participant);
    }
    const changes = { endOnExit, coaching, callSidToCoach };
    const changed = Object.keys(changes).filter((name) => changes[name] !== undefined && changes[name] !== participant[name]);
    for (const name of changed) participant[name] = changes[name];
    if (changed.length > 0) emit(conference, "participant-modify", participant);
  }

  return { all, live, add, connect, leave, end, update, reset: () => all.clear() };
}
