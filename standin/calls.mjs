// Call legs: they are made, ring, are answered or not, and end. What an answered leg plays is in player.mjs.
import { newSid } from "./shape.mjs";

const ENDED = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);
export const PHONES = ["yes", "busy", "no-answer", "failed", "ringing"];
const RING_SECONDS = 60;

export function createCalls(twilio) {
  const { clock, applications } = twilio;
  const all = new Map();
  // How telephones and agents' devices behave: number or contact URI → {answer, afterMs}.
  const phones = new Map();

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
      ...call.parameters,
    };
  }

  function create({ to, from, direction = "outbound-api", parentSid = null, statusCallback = null, parameters = {} }) {
    const now = clock.now();
    const call = {
      sid: newSid("CA"),
      to,
      from,
      direction,
      parentSid,
      statusCallback,
      parameters,
      status: "queued",
      created: now,
      updated: now,
      started: null,
      ended: null,
      participant: null,
      queue: null,
      playing: null,
      program: 0,
      children: new Set(),
    };
    call.reached = new Promise((resolve) => (call.reach = resolve));
    call.answered = new Promise((resolve) => (call.pickUp = resolve));
    call.over = new Promise((resolve) => (call.finish = resolve));
    all.set(call.sid, call);
    return call;
  }

  function setStatus(call, status) {
    if (!alive(call) || call.status === status) return;
    const now = clock.now();
    call.status = status;
    call.updated = now;
    if (status === "in-progress") {
      call.started = now;
      call.pickUp(true);
    }
    if (ENDED.has(status)) {
      call.ended = now;
      call.program += 1;
      call.pickUp(false);
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

  /** Rings and is answered at once; false when nobody does. */
  function answer(call) {
    const { answer: how = "yes" } = phones.get(call.to) ?? {};
    setStatus(call, "ringing");
    setStatus(call, { yes: "in-progress", ringing: "no-answer" }[how] ?? how);
    return alive(call);
  }

  /** Rings as long as the telephone does, at most `seconds`; resolves with whether somebody answered. */
  async function ring(call, { seconds = RING_SECONDS, afterMs = 0, parameters } = {}) {
    if (call.to.startsWith("app:")) return ringApplication(call, parameters);
    const { answer = "yes", afterMs: wait = afterMs } = phones.get(call.to) ?? {};
    setStatus(call, "ringing");
    // A browser's telephone, where Flex UI is played too, answers for itself.
    const own = twilio.telephone?.(call);
    const how = own ? await Promise.race([own, clock.later(seconds * 1000, () => "no-answer")]) : answer;
    if (how === "ringing") await Promise.race([clock.later(seconds * 1000), call.over]);
    else if (wait > 0) await Promise.race([clock.later(wait), call.over]);
    setStatus(call, { yes: "in-progress", ringing: "no-answer" }[how] ?? how);
    return alive(call);
  }

  /**
   * `app:AP…?name=value`: the application answers with what its voice URL says, which gets the parameters. What plays there is a
   * leg of its own; both end together. It bears the application's SID as what was called.
   */
  async function ringApplication(call, given = {}) {
    const [, sid, query] = /^app:(AP[0-9a-fA-F]{32})\??(.*)$/.exec(call.to) ?? [];
    const { VoiceUrl: url, VoiceMethod: method } = applications.all.get(sid)?.settings ?? {};
    setStatus(call, "ringing");
    if (!url) {
      twilio.journal.alert(`11100 ${call.to} leads nowhere`, call.sid);
      setStatus(call, "failed");
      return false;
    }
    const parameters = { ApplicationSid: sid, ...Object.fromEntries(new URLSearchParams(query)), ...given };
    const far = create({ to: sid, from: call.from, direction: "inbound", parentSid: call.sid, parameters });
    call.children.add(far);
    call.far = far;
    setStatus(far, "ringing");
    void far.over.then((status) => (call.status === "ringing" ? setStatus(call, status) : hangup(call)));
    void twilio.track(Promise.race([twilio.player.redirect(far, url, method), far.reached]));
    if (await far.answered) setStatus(call, "in-progress");
    return alive(call);
  }

  function hangup(call, options) {
    if (!alive(call)) return;
    const { participant } = call;
    setStatus(call, call.status === "queued" || call.status === "ringing" ? "canceled" : "completed");
    for (const child of call.children) hangup(child);
    if (participant) twilio.conferences.leave(participant, options);
  }

  /** The leg ends when it is out of its conference, unless it has been sent elsewhere. */
  function endWith(participant) {
    const { call } = participant;
    const { program } = call;
    void participant.gone.then(() => call.program === program && hangup(call));
  }

  const reset = () => {
    for (const call of all.values()) call.program += 1;
    all.clear();
    phones.clear();
  };

  return { all, phones, alive, fields, create, answer, ring, hangup, endWith, setStatus, reset };
}
