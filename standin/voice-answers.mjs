// How Programmable Voice answers: calls, conferences and participants in the shape of their documents.
import { ACCOUNT_SID } from "./accounts.mjs";
import { rfc2822 } from "./shape.mjs";

export const root = `/2010-04-01/Accounts/${ACCOUNT_SID}`;
const dateOrNull = (time) => (time ? rfc2822(time) : null);
const links = (uri, names) =>
  Object.fromEntries(
    names.map((name) => [name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase(), `${uri}/${name}.json`]),
  );

export const call = (leg) => ({
  sid: leg.sid,
  account_sid: ACCOUNT_SID,
  parent_call_sid: leg.parentSid,
  date_created: rfc2822(leg.created),
  date_updated: rfc2822(leg.updated),
  to: leg.to,
  to_formatted: leg.to,
  from: leg.from,
  from_formatted: leg.from,
  phone_number_sid: null,
  status: leg.status,
  start_time: dateOrNull(leg.started),
  end_time: dateOrNull(leg.ended),
  duration: leg.ended ? String(Math.round((leg.ended - (leg.started ?? leg.ended)) / 1000)) : null,
  price: null,
  price_unit: "USD",
  direction: leg.direction,
  answered_by: null,
  api_version: "2010-04-01",
  forwarded_from: null,
  group_sid: null,
  caller_name: null,
  queue_time: "0",
  trunk_sid: null,
  uri: `${root}/Calls/${leg.sid}.json`,
  subresource_uris: links(`${root}/Calls/${leg.sid}`, [
    "Notifications",
    "Recordings",
    "Payments",
    "Events",
    "Siprec",
    "Streams",
    "Transcriptions",
    "UserDefinedMessageSubscriptions",
    "UserDefinedMessages",
  ]),
});

export const conference = (conference) => ({
  sid: conference.sid,
  account_sid: ACCOUNT_SID,
  date_created: rfc2822(conference.created),
  date_updated: rfc2822(conference.updated),
  api_version: "2010-04-01",
  friendly_name: conference.friendlyName,
  region: "us1",
  status: conference.status,
  uri: `${root}/Conferences/${conference.sid}.json`,
  subresource_uris: links(`${root}/Conferences/${conference.sid}`, ["Participants", "Recordings"]),
  reason_conference_ended: conference.reasonEnded,
  call_sid_ending_conference: conference.endedBy,
});

export const participant = (participant, queueTime = null) => ({
  account_sid: ACCOUNT_SID,
  call_sid: participant.call.sid,
  label: participant.label,
  call_sid_to_coach: participant.callSidToCoach,
  coaching: participant.coaching,
  conference_sid: participant.conference.sid,
  date_created: rfc2822(participant.created),
  date_updated: rfc2822(participant.updated),
  end_conference_on_exit: participant.endOnExit,
  muted: participant.muted,
  hold: participant.hold,
  start_conference_on_enter: participant.startOnEnter,
  status: participant.status,
  queue_time: queueTime,
  uri: `${root}/Conferences/${participant.conference.sid}/Participants/${participant.call.sid}.json`,
});
