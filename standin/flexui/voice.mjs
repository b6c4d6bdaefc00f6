// Calls that Flex runs by itself: the conference of a task, its legs, hold, transfers, external numbers.
import * as seed from "../accounts.mjs";
import { badRequest, newSid, notFound, parseAttributes, Refusal } from "../shape.mjs";

const OPEN = ["pending", "accepted", "wrapping"];
const yes = (value) => value === true || value === "true";

export function createFlexVoice(twilio, shapes) {
  const { agents, calls, conferences, tasks, workspace } = twilio;
  // What Flex knows of a leg and a conference does not: call SID → {sid, type, routing}.
  const known = new Map();
  const transfers = new Map();

  // Of a call that a plugin leads by TwiML of its own Flex knows nothing, even when the room has the task's name.
  const conferenceOf = (task) => (parseAttributes(task.attributes).client_call === true ? undefined : conferences.live(task.sid));

  function describe(call, task) {
    if (known.has(call.sid)) return known.get(call.sid);
    // A leg that the stand-in's own people made: the task says whose it is.
    const { participants = {} } = parseAttributes(task.attributes).conference ?? {};
    const holder = task.reservations.find(({ status }) => status === "accepted");
    const isWorker = participants.worker === call.sid;
    const made = {
      sid: newSid("UT"),
      type: isWorker ? "agent" : participants.customer === call.sid ? "customer" : "external",
      routing: isWorker && holder ? { workerSid: holder.worker.sid, reservationSid: holder.sid } : null,
    };
    known.set(call.sid, made);
    return made;
  }

  /** The connected legs of a task's conference; none for a call that Flex does not run. */
  function legsOf(task) {
    const conference = conferenceOf(task);
    if (!conference) return [];
    return [...conference.participants.values()]
      .filter(({ status }) => status === "connected")
      .map((participant) => ({ participant, ...describe(participant.call, task) }));
  }

  const legOf = (task, test) => legsOf(task).find(test);
  const agentLeg = (task, workerSid) => legOf(task, ({ type, routing }) => type === "agent" && routing?.workerSid === workerSid);
  const customerLeg = (task) => legOf(task, ({ type }) => type === "customer");
  const found = (leg, what) => {
    if (!leg) throw notFound(`Participants/${what}`);
    return leg;
  };

  function join(task, call, { type, routing = null, endOnExit = false }) {
    known.set(call.sid, { sid: newSid("UT"), type, routing });
    const participant = conferences.add(task.sid, call, { endOnExit });
    void participant.gone.then(() => calls.hangup(call));
    return participant;
  }

  const others = (reservation) =>
    reservation.task.reservations.filter(
      (other) => other !== reservation && (other.status === "accepted" || (other.status === "pending" && other.transfer)),
    );

  /** A reservation ends; its task too, unless somebody else still has it. */
  function settle(reservation, status) {
    if (!OPEN.includes(reservation.status) || reservation.status === status) return;
    if (reservation.status === "wrapping" && status === "wrapping") return;
    if (others(reservation).length === 0 && ["assigned", "wrapping"].includes(reservation.task.status)) {
      if (reservation.task.status !== status) tasks.moveTask(reservation.task, status);
      return;
    }
    reservation.status = status;
    tasks.touch(reservation);
  }

  /** What an agent's leg means for their reservation once it is gone. */
  function watch(reservation, call) {
    void call.over.then(() => {
      if (reservation.status === "accepted") settle(reservation, "wrapping");
      const rest = legsOf(reservation.task);
      if (rest.length > 0 && rest.every(({ type }) => type === "customer") && !openTransfer(reservation.task)) endCall(reservation.task);
    });
  }

  const openTransfer = (task) => [...transfers.values()].find((transfer) => transfer.task === task && transfer.status === "initiated");

  function endCall(task) {
    const conference = conferenceOf(task);
    if (conference) conferences.end(conference, "conference-ended-via-api");
  }

  /** The other side of a call: the one who waits, or a number that is dialled now. */
  function connectCustomer(task, endOnExit) {
    const { call_sid: waiting, outbound_to: destination, from } = parseAttributes(task.attributes);
    const call = calls.all.get(waiting);
    if (call && calls.alive(call)) {
      call.program += 1; // out of the queue's music
      return join(task, call, { type: "customer", endOnExit }).call;
    }
    if (!destination) throw badRequest("Task attributes have neither call_sid nor outbound_to", 40142);
    const dialled = calls.create({ to: destination, from });
    if (!calls.answer(dialled)) return dialled;
    return join(task, dialled, { type: "customer", endOnExit }).call;
  }

  /** `Instruction=conference`: rings the agent, then brings everybody into the task's conference. */
  function conference(reservation, params) {
    const { task, worker } = reservation;
    if (reservation.status !== "pending") throw badRequest(`Reservation ${reservation.sid} is ${reservation.status}`);
    const attributes = parseAttributes(task.attributes);
    if (!attributes.call_sid && !attributes.outbound_to) throw badRequest("call_sid or outbound_to is needed", 40142);
    const from = params.From ?? attributes.from ?? seed.CALLER_ID;
    // An application is no caller ID that a telephone network takes.
    if (/^AP[0-9a-f]{32}$/i.test(params.From ?? attributes.to ?? "")) throw badRequest("The 'From' number is not valid", 21212);
    const leg = calls.create({ to: params.To ?? agents.contactUri(worker), from });
    void twilio.track(
      twilio.clock.later(twilio.options.answerMs, () => {
        if (reservation.status !== "pending") return calls.hangup(leg);
        if (!calls.answer(leg)) return tasks.moveReservation(reservation, "timeout");
        const running = conferenceOf(task);
        tasks.moveReservation(reservation, "accepted");
        join(task, leg, {
          type: "agent",
          routing: { workerSid: worker.sid, reservationSid: reservation.sid },
          endOnExit: !running && yes(params.EndConferenceOnExit ?? true),
        });
        watch(reservation, leg);
        if (running) return completeTransfer(reservation);
        const customer = connectCustomer(task, yes(params.EndConferenceOnCustomerExit ?? true));
        if (!calls.alive(customer)) {
          tasks.setAttributes(task, JSON.stringify({ ...parseAttributes(task.attributes), hangup_by: customer.status }));
          return calls.hangup(leg);
        }
        tasks.mergeAttributes(task, {
          conference: { sid: conferenceOf(task).sid, participants: { worker: leg.sid, customer: customer.sid } },
          worker_call_sid: leg.sid,
        });
      }),
    );
  }

  function completeTransfer(reservation) {
    const { transfer, task } = reservation;
    if (!transfer) return;
    transfer.status = "complete";
    if (transfer.mode === "COLD") {
      const customer = customerLeg(task);
      if (customer) conferences.update(customer.participant, { hold: false });
    }
    tasks.touch(transfer.from);
  }

  const target = (to, initiator) => {
    if (to.startsWith("WK")) return workspace.find(workspace.workers, to, "Workers");
    const queue = workspace.find(workspace.queues, to, "TaskQueues");
    const fits = (worker) => worker !== initiator && worker.activity.available && workspace.inQueue(worker, queue);
    const free = (worker) => !tasks.openReservations(worker).some(({ task }) => task.channel === "voice");
    return [...workspace.workers.values()].find((worker) => fits(worker) && free(worker));
  };

  function startTransfer(_, params, { worker }) {
    const task = tasks.find(params.TaskSid);
    const from = tasks.findReservation(params.ReservationSid, (reservation) => reservation.worker === worker);
    const { conference: running } = parseAttributes(task.attributes);
    if (!running?.sid) throw badRequest("Task has no conference_sid", 40149);
    if (openTransfer(task)) throw badRequest("A transfer of this task is under way", 40150);
    const now = twilio.clock.now();
    const transfer = {
      sid: newSid("TT"),
      task,
      from,
      to: params.To,
      mode: params.Mode ?? "WARM",
      status: "initiated",
      created: now,
      updated: now,
    };
    const receiver = target(params.To, worker);
    if (!receiver) throw badRequest("No worker can take the transfer", 40148);
    transfers.set(transfer.sid, transfer);
    from.outgoing = transfer;
    const { status } = task;
    transfer.reservation = tasks.reserve(task, receiver);
    transfer.reservation.transfer = transfer;
    task.status = status; // the call goes on meanwhile
    if (params.Attributes) tasks.mergeAttributes(task, typeof params.Attributes === "string" ? JSON.parse(params.Attributes) : params.Attributes);
    tasks.touch(from);
    if (transfer.mode === "COLD") {
      const customer = customerLeg(task);
      const own = agentLeg(task, worker.sid);
      if (customer) conferences.update(customer.participant, { hold: true });
      if (own) {
        conferences.update(own.participant, { endOnExit: false });
        calls.hangup(own.participant.call);
      }
    }
    return shapes.transfer(transfer);
  }

  function endTransfer(transfer, status, reason) {
    if (transfer.status !== "initiated") return;
    transfer.status = status;
    transfer.reason = reason;
    tasks.touch(transfer.from);
    if (legOf(transfer.task, ({ type }) => type === "agent")) return;
    // Nobody is left in the call but the customer.
    endCall(transfer.task);
    if (transfer.task.status === "assigned") tasks.moveTask(transfer.task, transfer.from.status === "completed" ? "completed" : "wrapping");
  }

  function updateTransfer([, sid], { TransferStatus: status }) {
    const transfer = transfers.get(sid);
    if (!transfer) throw notFound(`Transfers/${sid}`);
    if (status !== "canceled") throw badRequest("TransferStatus: canceled");
    if (transfer.reservation.status === "pending") {
      transfer.reservation.status = "canceled";
      tasks.touch(transfer.reservation);
    }
    endTransfer(transfer, "canceled");
    return shapes.transfer(transfer);
  }

  /** The receiver of a transfer declines it; the call goes on without them. */
  function refuse(reservation) {
    reservation.status = "rejected";
    tasks.touch(reservation);
    endTransfer(reservation.transfer, "failed", "Reservation rejected");
  }

  /** An agent wraps up or completes: their leg ends, and their reservation moves on. */
  function leave(reservation, status, reason) {
    const leg = agentLeg(reservation.task, reservation.worker.sid);
    if (reason !== undefined) reservation.task.reason = reason;
    settle(reservation, status);
    if (leg) calls.hangup(leg.participant.call);
  }

  const changes = ({ Hold, Muted, Mute, EndConferenceOnExit }) => ({
    ...(Hold !== undefined && { hold: yes(Hold) }),
    ...((Muted ?? Mute) !== undefined && { muted: yes(Muted ?? Mute) }),
    ...(EndConferenceOnExit !== undefined && { endOnExit: yes(EndConferenceOnExit) }),
  });

  function updateCustomer(_, params) {
    const task = tasks.find(params.TaskSid);
    conferences.update(found(customerLeg(task), "customer").participant, changes(params));
    return shapes.task(task);
  }

  function updateWorkerLeg(_, params, { worker }) {
    const { task } = tasks.findReservation(params.ReservationSid, (reservation) => reservation.worker === worker);
    conferences.update(found(agentLeg(task, worker.sid), worker.sid).participant, changes(params));
    return shapes.task(task);
  }

  function holdWorker(_, params) {
    const task = tasks.find(params.TaskSid);
    conferences.update(found(agentLeg(task, params.TargetWorkerSid), params.TargetWorkerSid).participant, changes(params));
    return shapes.task(task);
  }

  function kickWorker(_, params) {
    const task = tasks.find(params.TaskSid);
    const { participant } = found(agentLeg(task, params.TargetWorkerSid), params.TargetWorkerSid);
    conferences.leave(participant, { kicked: true });
    return shapes.task(task);
  }

  /** A leg by its participant SID: hold, end on exit, or out. */
  function updateLeg(task, sid, { status, media_properties: media = {} }) {
    const { participant } = found(legOf(task, (leg) => leg.sid === sid), sid);
    conferences.update(participant, {
      ...(media.hold !== undefined && { hold: yes(media.hold) }),
      ...(media.muted !== undefined && { muted: yes(media.muted) }),
      ...(media.end_conference_on_exit !== undefined && { endOnExit: yes(media.end_conference_on_exit) }),
    });
    if (status === "closed") conferences.leave(participant, { kicked: true });
    return { sid, media_properties: media };
  }

  /** One more number in the call. */
  function addExternal(task, { type, media_properties: media = {} }) {
    if (!task || !conferenceOf(task)) throw new Refusal(404, 20404, "The task has no conference");
    if (!media.to || !media.from) throw badRequest("media_properties needs to and from");
    const call = calls.create({ to: media.to, from: media.from });
    const sid = newSid("UT");
    void twilio.track(
      twilio.clock.later(twilio.options.answerMs, () => {
        if (!calls.answer(call)) return;
        join(task, call, { type: type === "unknown" ? "external" : (type ?? "external") });
        known.get(call.sid).sid = sid;
      }),
    );
    return { sid, type, media_properties: media };
  }

  const routes = (workspacePath) => [
    ["POST", `${workspacePath}/Workers/(WK\\w+)/Transfers`, startTransfer],
    ["POST", `${workspacePath}/Workers/(WK\\w+)/Transfers/(TT\\w+)`, updateTransfer],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/CustomerParticipant`, updateCustomer],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/WorkerParticipant`, updateWorkerLeg],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/HoldWorkerParticipant`, holdWorker],
    ["POST", `${workspacePath}/Workers/(?:WK\\w+)/KickWorkerParticipant`, kickWorker],
  ];

  function reset() {
    known.clear();
    transfers.clear();
  }

  return { conference, conferenceOf, legsOf, leave, refuse, endCall, updateLeg, addExternal, routes, reset };
}
