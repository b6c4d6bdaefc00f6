// Programmable Voice, api 2010-04-01: calls, conferences and participants.
import { createPhoneNumbers } from "./phone-numbers.mjs";
import { badRequest, notFound, page2010, Refusal } from "./shape.mjs";
import * as present from "./voice-answers.mjs";
import { root } from "./voice-answers.mjs";

const E164 = /^\+[1-9]\d{6,14}$/;
const DESTINATION = /^(sips?:[^@\s]+@\S+|client:\S+|app:AP[0-9a-fA-F]{32}.*)$/;
const day = (time) => new Date(time).toISOString().slice(0, 10);

function withinDays(params, name, time) {
  return (
    (!params[name] || day(time) === params[name]) &&
    (!params[`${name}<`] || day(time) <= params[`${name}<`]) &&
    (!params[`${name}>`] || day(time) >= params[`${name}>`])
  );
}

export function createVoice(twilio) {
  const { clock, calls, conferences } = twilio;
  function find(map, kind, sid) {
    const found = map.get(sid);
    if (!found) throw notFound(`${root}/${kind}/${sid}.json`);
    return found;
  }
  const call = ({ Sid }) => find(calls.all, "Calls", Sid);

  function liveParticipants({ ConferenceSid }) {
    const conference = find(conferences.all, "Conferences", ConferenceSid);
    if (conference.status === "completed") throw notFound(`${root}/Conferences/${ConferenceSid}/Participants.json`);
    return [...conference.participants.values()];
  }

  function participant(params) {
    const found = liveParticipants(params).find((other) => [other.call.sid, other.label].includes(params.CallSid));
    if (!found) throw notFound(`${root}/Conferences/${params.ConferenceSid}/Participants/${params.CallSid}.json`);
    return found;
  }

  function updateCall(params) {
    const found = call(params);
    const ways = ["Twiml", "Url", "Status"].filter((name) => params[name] !== undefined);
    if (ways.includes("Twiml") && ways.includes("Url")) throw badRequest("Twiml and Url cannot both be given");
    if (!calls.alive(found)) throw badRequest("Call is not in-progress. Cannot redirect.", 21220);
    if (params.Status) calls.hangup(found);
    else if (params.Twiml) void twilio.track(Promise.race([twilio.player.replace(found, params.Twiml), found.reached]));
    else if (params.Url) void twilio.track(Promise.race([twilio.player.redirect(found, params.Url, params.Method), found.reached]));
    return present.call(found);
  }

  function createParticipant(params) {
    if (!E164.test(params.To) && !DESTINATION.test(params.To)) throw badRequest(`Dial: Invalid phone number format: To`, 13223);
    if (E164.test(params.To) && !E164.test(params.From)) throw new Refusal(400, 21212, "The 'From' number is not a valid phone number");
    const named = conferences.all.get(params.ConferenceSid);
    if (/^CF[0-9a-fA-F]{32}$/.test(params.ConferenceSid) && (!named || named.status === "completed"))
      throw notFound(`${root}/Conferences/${params.ConferenceSid}.json`);
    const leg = calls.create({
      to: params.To,
      from: params.From,
      statusCallback: params.StatusCallback
        ? { url: params.StatusCallback, method: params.StatusCallbackMethod ?? "POST", events: params.StatusCallbackEvent ?? ["completed"] }
        : null,
    });
    const added = conferences.add(params.ConferenceSid, leg, {
      label: params.Label,
      muted: params.Muted,
      startOnEnter: params.StartConferenceOnEnter,
      endOnExit: params.EndConferenceOnExit,
      coaching: params.Coaching,
      callSidToCoach: params.CallSidToCoach,
      status: "queued",
      callback: params.ConferenceStatusCallback
        ? {
            url: params.ConferenceStatusCallback,
            method: params.ConferenceStatusCallbackMethod ?? "POST",
            events: params.ConferenceStatusCallbackEvent ?? ["start", "end"],
          }
        : null,
    });
    const ringing = clock.later(0).then(async () => {
      if (!calls.alive(leg)) return;
      const answered = await calls.ring(leg, { seconds: params.Timeout, afterMs: twilio.options.answerMs });
      if (answered && leg.participant) conferences.connect(added);
      else conferences.leave(added, { reason: "participant_add_failed" });
    });
    calls.endWith(added);
    // A telephone that nobody answers is nothing to wait for.
    if (calls.phones.get(leg.to)?.answer !== "ringing") void twilio.track(ringing);
    return present.participant(added, "0");
  }

  function updateParticipant(params) {
    if (params.Coaching === true && !params.CallSidToCoach) throw badRequest("CallSidToCoach is required", 13241);
    const found = participant(params);
    conferences.update(found, {
      muted: params.Muted,
      hold: params.Hold,
      endOnExit: params.EndConferenceOnExit,
      coaching: params.Coaching,
      callSidToCoach: params.CallSidToCoach,
    });
    return present.participant(found);
  }

  function deleteParticipant(params) {
    const found = participant(params);
    conferences.leave(found, { kicked: true });
    calls.hangup(found.call);
  }

  const listCalls = (params, request) =>
    page2010(
      request,
      "calls",
      [...calls.all.values()]
        .reverse()
        .filter(
          (leg) =>
            (!params.To || leg.to === params.To) &&
            (!params.From || leg.from === params.From) &&
            (!params.Status || leg.status === params.Status) &&
            (!params.ParentCallSid || leg.parentSid === params.ParentCallSid),
        )
        .map(present.call),
    );

  const listConferences = (params, request) =>
    page2010(
      request,
      "conferences",
      [...conferences.all.values()]
        .reverse()
        .filter(
          (conference) =>
            (params.FriendlyName === undefined || conference.friendlyName === params.FriendlyName) &&
            (!params.Status || conference.status === params.Status) &&
            withinDays(params, "DateCreated", conference.created) &&
            withinDays(params, "DateUpdated", conference.updated),
        )
        .map(present.conference),
    );

  const listParticipants = (params, request) =>
    page2010(
      request,
      "participants",
      liveParticipants(params)
        .filter((other) =>
          ["Muted", "Hold", "Coaching"].every((name) => params[name] === undefined || other[name.toLowerCase()] === params[name]),
        )
        .map((other) => present.participant(other)),
    );

  const operations = {
    FetchCall: (params) => present.call(call(params)),
    ListCall: listCalls,
    UpdateCall: updateCall,
    FetchConference: ({ Sid }) => present.conference(find(conferences.all, "Conferences", Sid)),
    ListConference: listConferences,
    UpdateConference: (params) => {
      const conference = find(conferences.all, "Conferences", params.Sid);
      if (params.Status === "completed") conferences.end(conference, "conference-ended-via-api");
      return present.conference(conference);
    },
    CreateParticipant: createParticipant,
    FetchParticipant: (params) => present.participant(participant(params)),
    ListParticipant: listParticipants,
    UpdateParticipant: updateParticipant,
    DeleteParticipant: deleteParticipant,
    ...createPhoneNumbers(root, clock),
  };

  return { services: { "api/2010-04-01": operations } };
}
