// Call legs: they ring, are answered, fetch their TwiML and play it until they end.
import { newSid } from "./shape.mjs";
import { parseTwiml, TwimlError } from "./twiml.mjs";

const ENDED = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);
// Verbs that make no difference to who is connected with whom.
const SILENT = new Set(["Say", "Play", "Pause", "Gather", "Record", "Start", "Stop"]);

export function createCalls(twilio) {
  const { clock } = twilio;
  const all = new Map();
  // Telephones that do not answer: number → "busy", "no-answer" or "failed".
  const unanswered = new Map();

  const alive = (call) => !ENDED.has(call.status);

  function fields(call) {
    return {
      CallSid: call.sid,
      AccountSid: twilio.accountSid,
      From: call.from,
      To: call.to,
      Caller: call.from,
      Called: call.to,
      CallStatus: call.status,
      Direction: call.direction,
      ApiVersion: "2010-04-01",
      ParentCallSid: call.parentSid,
    };
  }

  function create({ to, from, direction = "outbound-api", parentSid = null, statusCallback = null }) {
    const now = clock.now();
    const call = {
      sid: newSid("CA"),
      to,
      from,
      direction,
      parentSid,
      statusCallback,
      status: "queued",
      created: now,
      updated: now,
      started: null,
      ended: null,
      participant: null,
      program: 0,
      children: new Set(),
    };
    call.reached = new Promise((resolve) => (call.reach = resolve));
    call.over = new Promise((resolve) => (call.finish = resolve));
    all.set(call.sid, call);
    return call;
  }

  function setStatus(call, status) {
    if (!alive(call)) return;
    const now = clock.now();
    call.status = status;
    call.updated = now;
    if (status === "in-progress") call.started = now;
    if (ENDED.has(status)) {
      call.ended = now;
      call.program += 1;
      call.finish(status);
      call.reach(null);
    }
    const event = { queued: "initiated", ringing: "ringing", "in-progress": "answered" }[status] ?? "completed";
    if (call.statusCallback?.events.includes(event)) {
      void twilio.webhooks.deliver({
        ...call.statusCallback,
        fields: { ...fields(call), CallDuration: call.ended ? Math.round((now - (call.started ?? now)) / 1000) : undefined },
      });
    }
  }

  /** Rings and answers; false when nobody does. */
  function answer(call) {
    setStatus(call, "ringing");
    setStatus(call, unanswered.get(call.to) ?? "in-progress");
    return alive(call);
  }

  function hangup(call, options) {
    if (!alive(call)) return;
    const { participant } = call;
    setStatus(call, "completed");
    for (const child of call.children) hangup(child);
    if (participant) twilio.conferences.leave(participant, options);
  }

  function alertAndHangup(call, message) {
    twilio.journal.alert(message, call.sid);
    hangup(call);
  }

  /** Fetches a document and plays it in place of whatever the leg is doing. */
  async function redirect(call, url, method = "POST", more = {}) {
    call.program += 1;
    const program = call.program;
    const { participant } = call;
    if (participant) twilio.conferences.leave(participant, { reason: "participant_updated_via_api" });
    const answered = await twilio.webhooks.deliver({ url, method, fields: { ...fields(call), ...more } });
    if (program !== call.program || !alive(call)) return;
    if (answered.error || answered.status >= 400)
      alertAndHangup(call, `11200 HTTP retrieval failure: ${answered.error ?? answered.status}`);
    else await play(call, answered.body, url, program);
  }

  /** Plays TwiML given as text in place of whatever the leg is doing. */
  function replace(call, twiml) {
    call.program += 1;
    const { participant } = call;
    if (participant) twilio.conferences.leave(participant, { reason: "participant_updated_via_api" });
    return play(call, twiml, null, call.program);
  }

  async function play(call, text, documentUrl, program) {
    let response;
    try {
      response = parseTwiml(text);
    } catch (error) {
      if (!(error instanceof TwimlError)) throw error;
      return alertAndHangup(call, `12100 Document parse failure: ${error.message}`);
    }
    for (const verb of response.children) {
      if (program !== call.program || !alive(call)) return;
      if (verb.name === "Dial") await dial(call, verb, documentUrl, program);
      else if (verb.name === "Redirect") return redirect(call, new URL(verb.text, documentUrl ?? undefined).href, verb.attributes.method);
      else if (verb.name === "Hangup" || verb.name === "Reject") return hangup(call);
      else if (!SILENT.has(verb.name)) return alertAndHangup(call, `12200 Schema validation: unknown verb ${verb.name}`);
    }
    if (program === call.program) hangup(call);
  }

  async function dial(call, verb, documentUrl, program) {
    const noun = verb.children[0];
    let status;
    if (noun?.name === "Conference") status = await dialConference(call, noun, documentUrl);
    else if (["Number", "Sip", "Client", "Application"].includes(noun?.name) || verb.text) status = await dialChild(call, verb, noun);
    else return alertAndHangup(call, "13201 Dial: nothing to dial");
    // Twilio asks for the action's document even when the leg has ended, and then ignores what it says.
    const { action, method } = verb.attributes;
    if (!action || (program !== call.program && alive(call))) return;
    const url = new URL(action, documentUrl ?? undefined).href;
    if (alive(call)) return redirect(call, url, method, { DialCallStatus: status });
    await twilio.webhooks.deliver({ url, method, fields: { ...fields(call), DialCallStatus: status } });
  }

  async function dialConference(call, noun, documentUrl) {
    const { attributes, text } = noun;
    if (text === "") return alertAndHangup(call, "13224 Dial->Conference: no conference name");
    const participant = twilio.conferences.add(text, call, {
      muted: attributes.muted === "true",
      label: attributes.participantLabel ?? null,
      startOnEnter: attributes.startConferenceOnEnter !== "false",
      endOnExit: attributes.endConferenceOnExit === "true",
      callback:
        attributes.statusCallback === undefined
          ? null
          : {
              url: new URL(attributes.statusCallback, documentUrl ?? undefined).href,
              method: attributes.statusCallbackMethod ?? "POST",
              events: (attributes.statusCallbackEvent ?? "start end").split(/\s+/),
            },
    });
    call.reach(participant);
    await participant.gone;
    return "completed";
  }

  async function dialChild(call, verb, noun) {
    const to =
      noun?.name === "Application"
        ? `app:${noun.children.find(({ name }) => name === "ApplicationSid")?.text ?? noun.text}`
        : noun?.name === "Client"
          ? `client:${noun.text}`
          : noun?.text || verb.text;
    const child = create({ to, from: verb.attributes.callerId ?? call.from, direction: "outbound-dial", parentSid: call.sid });
    call.children.add(child);
    answer(child);
    call.reach(child);
    return child.over;
  }

  const reset = () => {
    all.clear();
    unanswered.clear();
  };

  return { all, unanswered, alive, create, answer, hangup, redirect, replace, setStatus, reset };
}
