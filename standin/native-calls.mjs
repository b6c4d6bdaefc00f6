// Calls that Flex and TaskRouter run by themselves: a conference named by the task, with the agents and the other side in it.
import * as seed from "./accounts.mjs";
import { badRequest, newSid, notFound, parseAttributes } from "./shape.mjs";

const CALLER_ID = /^(\+[1-9]\d{6,14}$|client:|sips?:)/;
const yes = (value) => value === true || value === "true";

export function createNativeCalls(twilio) {
  const { clock, calls, callQueues, conferences, tasks, workspace } = twilio;

  const contactUri = (worker) => workspace.attributesOf(worker).contact_uri ?? `client:${worker.friendlyName}`;
  const conferenceOf = (task) => conferences.live(task.sid);

  /** The connected legs of a task's conference: `{participant, call, sid, type, reservation}`. */
  const legsOf = (task) =>
    [...(conferenceOf(task)?.participants.values() ?? [])]
      .filter(({ status }) => status === "connected")
      .map((participant) => ({ participant, call: participant.call, ...participant.call.seat }));

  const legOf = (task, test) => legsOf(task).find(test);
  const agentLeg = (task, worker) => legOf(task, ({ type, reservation }) => type === "agent" && reservation?.worker === worker);
  const customerLeg = (task) => legOf(task, ({ type }) => type === "customer");

  /** Puts a leg into a task's conference. `seat` is what Flex knows of a leg and a conference does not. */
  function seat(task, call, { type, reservation = null, endOnExit = false, callback = null, status = "connected" }) {
    call.seat = { sid: newSid("UT"), type, reservation };
    const participant = conferences.add(task.sid, call, { endOnExit, callback, status });
    calls.endWith(participant);
    return participant;
  }

  function end(task) {
    const conference = conferenceOf(task);
    if (conference) conferences.end(conference, "conference-ended-via-api");
  }

  /** Once an agent's leg is gone they wrap up; nobody else but the customer is left alone for it. */
  function watch(reservation, call) {
    void call.over.then(() => {
      if (reservation.status === "accepted") tasks.moveReservation(reservation, "wrapping");
      const rest = legsOf(reservation.task);
      if (rest.length > 0 && rest.every(({ type }) => type === "customer") && !twilio.transfers.open(reservation.task))
        end(reservation.task);
    });
  }

  function note(task, worker, customer) {
    tasks.mergeAttributes(task, {
      conference: { sid: conferenceOf(task).sid, participants: { worker: worker.sid, customer: customer.sid } },
      worker_call_sid: worker.sid,
    });
  }

  const callbackOf = (params) =>
    params.ConferenceStatusCallback
      ? {
          url: params.ConferenceStatusCallback,
          method: params.ConferenceStatusCallbackMethod ?? "POST",
          events: params.ConferenceStatusCallbackEvent ?? ["start", "end"],
        }
      : null;

  /** The agent accepts, and both are in the conference at once: for calls that begin in the middle. */
  function connect(reservation, agent, customer, params = {}) {
    const { task } = reservation;
    tasks.moveReservation(reservation, "accepted");
    const options = { type: "agent", reservation, callback: callbackOf(params) };
    seat(task, agent, { ...options, endOnExit: yes(params.EndConferenceOnExit) });
    watch(reservation, agent);
    if (!customer || !calls.alive(customer)) return;
    seat(task, customer, { type: "customer", endOnExit: yes(params.EndConferenceOnCustomerExit) });
    note(task, agent, customer);
  }

  /** Brings the other side: whoever waits in the queue, or a number or application that is dialled now. */
  async function bringCustomer(reservation, agent, params) {
    const { task } = reservation;
    const { call_sid: waiting, outbound_to: to, from } = parseAttributes(task.attributes);
    const endOnExit = yes(params.EndConferenceOnCustomerExit);
    if (waiting) {
      const call = callQueues.take(task);
      if (call) seat(task, call, { type: "customer", endOnExit });
      return call;
    }
    const call = calls.create({ to, from: from ?? seed.CALLER_ID });
    const participant = seat(task, call, { type: "customer", endOnExit, status: "queued" });
    // Once it is answered, the conference decides.
    void agent.over.then(() => call.status !== "in-progress" && calls.hangup(call));
    if (await calls.ring(call, { afterMs: twilio.options.answerMs })) {
      if (participant.conference.participants.has(call.sid)) conferences.connect(participant);
    } else conferences.leave(participant, { reason: "participant_add_failed" });
    return call;
  }

  async function run(reservation, leg, params) {
    const { task } = reservation;
    if (!CALLER_ID.test(leg.from)) {
      calls.setStatus(leg, "failed");
      twilio.events.emit("reservation.failed", { reservation });
      return tasks.moveReservation(reservation, "canceled");
    }
    const answered = await calls.ring(leg, { seconds: params.Timeout, afterMs: twilio.options.answerMs });
    if (reservation.status !== "pending") return calls.hangup(leg);
    if (!answered) return tasks.moveReservation(reservation, "timeout");
    const running = conferenceOf(task);
    if (running) {
      tasks.moveReservation(reservation, "accepted");
      seat(task, leg, { type: "agent", reservation });
      watch(reservation, leg);
      return twilio.transfers.complete(reservation);
    }
    connect(reservation, leg, null, params);
    const customer = await bringCustomer(reservation, leg, params);
    const { sid: conferenceSid } = leg.participant?.conference ?? {};
    if (customer && calls.alive(customer)) note(task, leg, customer);
    // Nobody is there any more, or nobody answers.
    else calls.hangup(leg);
    return {
      conferenceSid,
      customerCallSid: customer?.sid ?? null,
      farCallSid: customer?.far?.sid,
      callStatus: customer?.status ?? leg.status,
    };
  }

  /**
   * `Instruction=conference`: rings the agent, accepts, and brings the other side. `ready` resolves when that is done; a call
   * needs somebody who waits (`call_sid`) or somewhere to dial (`outbound_to`).
   */
  function conference(reservation, params = {}) {
    const { task, worker } = reservation;
    if (reservation.status !== "pending") throw badRequest(`Reservation ${reservation.sid} is ${reservation.status}`);
    const attributes = parseAttributes(task.attributes);
    if (!attributes.call_sid && !attributes.outbound_to && !conferenceOf(task))
      throw badRequest("Task has neither call_sid nor outbound_to", 40142);
    // What was called is the caller ID towards the agent; an application's SID is none, and then the leg fails.
    const from = params.From ?? (attributes.direction === "outbound" ? attributes.from : attributes.to) ?? seed.CALLER_ID;
    const leg = calls.create({ to: params.To ?? contactUri(worker), from });
    const ready = clock.later(0).then(() => run(reservation, leg, params));
    // Whoever waits for everything does not wait for a telephone that rings and rings.
    void twilio.track(Promise.race([ready, clock.later(1000)]));
    ready.catch(twilio.failed);
    return { leg, ready };
  }

  const found = (leg, what) => {
    if (!leg) throw notFound(`participant ${what}`);
    return leg.participant;
  };

  /** Changes one leg of a task's call: the customer's, an agent's, or one by its call SID. */
  function update(task, who, { hold, muted, endOnExit }) {
    const leg = legOf(task, ({ call, sid, type, reservation }) => [call.sid, sid, type, reservation?.worker.sid].includes(who));
    conferences.update(found(leg, who), { hold, muted, endOnExit });
  }

  const kick = (task, who) =>
    conferences.leave(
      found(
        legOf(task, ({ call, sid, reservation }) => [call.sid, sid, reservation?.worker.sid].includes(who)),
        who,
      ),
      {
        kicked: true,
      },
    );

  /** One more number in the call. */
  function addExternal(task, { to, from = seed.CALLER_ID }) {
    if (!conferenceOf(task)) throw notFound(`conference of ${task.sid}`);
    const call = calls.create({ to, from });
    const participant = seat(task, call, { type: "external", status: "queued" });
    void twilio.track(
      calls.ring(call, { afterMs: twilio.options.answerMs }).then((answered) => {
        if (answered && conferenceOf(task)) conferences.connect(participant);
        else conferences.leave(participant, { reason: "participant_add_failed" });
      }),
    );
    return call;
  }

  return { conference, conferenceOf, legsOf, agentLeg, customerLeg, connect, seat, watch, end, update, kick, addExternal, contactUri };
}
