// Plays TwiML on a leg: fetches documents, and does what their verbs say.
import { parseTwiml, TwimlError } from "./twiml.mjs";

// Verbs that make no difference to who is connected with whom.
const SILENT = new Set(["Say", "Pause", "Gather", "Record", "Start", "Stop"]);

export function createPlayer(twilio) {
  const { calls, conferences } = twilio;
  const { alive, hangup } = calls;

  function alertAndHangup(call, message) {
    twilio.journal.alert(message, call.sid);
    if (call.status === "ringing") calls.setStatus(call, "failed");
    else hangup(call);
  }

  /** Stops whatever the leg is doing; what it did before sees that its program is another one now. */
  function interrupt(call) {
    call.program += 1;
    call.playing = null;
    call.queue?.leave("redirected");
    if (call.participant) conferences.leave(call.participant, { reason: "participant_updated_via_api" });
    return call.program;
  }

  /** Fetches a document and plays it in place of whatever the leg is doing. */
  async function redirect(call, url, method = "POST", more = {}) {
    const program = interrupt(call);
    const answered = await twilio.webhooks.deliver({ url, method, fields: { ...calls.fields(call), ...more } });
    if (program !== call.program || !alive(call)) return;
    if (answered.error || answered.status >= 400)
      alertAndHangup(call, `11200 HTTP retrieval failure: ${answered.error ?? answered.status}`);
    else await play(call, answered.body, url, program);
  }

  /** Plays TwiML given as text in place of whatever the leg is doing. */
  const replace = (call, twiml) => play(call, twiml, null, interrupt(call));

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
      if (verb.name === "Reject" && call.status === "ringing")
        return calls.setStatus(call, verb.attributes.reason === "busy" ? "busy" : "failed");
      if (verb.name !== "Redirect") calls.setStatus(call, "in-progress");
      if (verb.name === "Dial") await dial(call, verb, documentUrl, program);
      else if (verb.name === "Enqueue") await enqueue(call, verb, documentUrl, program);
      else if (verb.name === "Redirect") return redirect(call, new URL(verb.text, documentUrl ?? undefined).href, verb.attributes.method);
      else if (verb.name === "Hangup" || verb.name === "Reject") return hangup(call);
      else if (verb.name === "Play") {
        const endless = await twilio.audio.play(call, verb, documentUrl);
        if (endless && program === call.program) return void (call.playing = endless);
      } else if (!SILENT.has(verb.name)) return alertAndHangup(call, `12200 Schema validation: unknown verb ${verb.name}`);
    }
    if (program === call.program) hangup(call);
  }

  /**
   * What an action's document says is played if the leg is still there. Twilio asks for it even when the leg has ended, and then
   * ignores what it says.
   */
  async function afterwards(call, { action, method }, documentUrl, program, result) {
    if (!action || (program !== call.program && alive(call))) return;
    const url = new URL(action, documentUrl ?? undefined).href;
    if (alive(call)) return redirect(call, url, method, result);
    await twilio.webhooks.deliver({ url, method, fields: { ...calls.fields(call), ...result } });
  }

  async function dial(call, verb, documentUrl, program) {
    const noun = verb.children[0];
    let status;
    if (noun?.name === "Conference") status = await dialConference(call, noun, documentUrl);
    else if (["Number", "Sip", "Client", "Application"].includes(noun?.name) || verb.text) status = await dialChild(call, verb, noun);
    else return alertAndHangup(call, "13201 Dial: nothing to dial");
    await afterwards(call, verb.attributes, documentUrl, program, { DialCallStatus: status });
  }

  async function dialConference(call, noun, documentUrl) {
    const { attributes, text } = noun;
    if (text === "") return alertAndHangup(call, "13224 Dial->Conference: no conference name");
    const participant = conferences.add(text, call, {
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

  function destinationOf(verb, noun) {
    if (noun?.name === "Application") return `app:${noun.children.find(({ name }) => name === "ApplicationSid")?.text ?? noun.text}`;
    return noun?.name === "Client" ? `client:${noun.text}` : noun?.text || verb.text;
  }

  async function dialChild(call, verb, noun) {
    const from = verb.attributes.callerId ?? call.from;
    const child = calls.create({ to: destinationOf(verb, noun), from, direction: "outbound-dial", parentSid: call.sid });
    const given = (noun?.children ?? []).filter(({ name }) => name === "Parameter").map(({ attributes }) => attributes);
    call.children.add(child);
    if (child.to.startsWith("app:"))
      await calls.ring(child, { parameters: Object.fromEntries(given.map(({ name, value }) => [name, value])) });
    else calls.answer(child);
    call.reach(child);
    return child.over;
  }

  async function enqueue(call, verb, documentUrl, program) {
    const result = await twilio.callQueues.enqueue(call, verb, documentUrl);
    const { action, method } = verb.attributes;
    if (result.QueueResult === "taken" || !action) return;
    if (result.QueueResult !== "redirected") return afterwards(call, verb.attributes, documentUrl, program, result);
    // The leg plays something else by now; the action is told nevertheless.
    await twilio.webhooks.deliver({
      url: new URL(action, documentUrl ?? undefined).href,
      method,
      fields: { ...calls.fields(call), ...result },
    });
  }

  return { redirect, replace };
}
