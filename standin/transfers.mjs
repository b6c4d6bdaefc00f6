// Transfers of a task between agents: another reservation of the same task, while the call goes on.
import { badRequest, newSid, notFound, parseAttributes } from "./shape.mjs";

export function createTransfers(twilio) {
  const { clock, calls, conferences, events, tasks, workspace } = twilio;
  const all = new Map();

  const open = (task) => [...all.values()].find((transfer) => transfer.task === task && transfer.status === "initiated");

  function find(sid) {
    const found = all.get(sid);
    if (!found) throw notFound(`Transfers/${sid}`);
    return found;
  }

  /** Whom a transfer asks next: the worker it names, or somebody of the queue who is free and has not refused. */
  function receiverOf({ to, from, task }) {
    const refused = (worker) => task.refusedBy.has(worker.sid);
    if (to.startsWith("WK")) {
      const worker = workspace.find(workspace.workers, to, "Workers");
      return refused(worker) ? undefined : worker;
    }
    const queue = workspace.find(workspace.queues, to, "TaskQueues");
    const busy = (worker) => tasks.openReservations(worker).some((other) => other.task.channel === task.channel);
    return [...workspace.workers.values()].find(
      (worker) =>
        worker !== from.worker && worker.activity.available && workspace.inQueue(worker, queue) && !busy(worker) && !refused(worker),
    );
  }

  function offer(transfer, receiver) {
    transfer.reservation = tasks.reserve(transfer.task, receiver);
    transfer.reservation.transfer = transfer;
  }

  /** The agent of `reservation` hands their call over. Cold: they are out at once, and the customer waits. */
  function create(reservation, { to, mode = "WARM", attributes }) {
    const { task, worker } = reservation;
    if (reservation.status !== "accepted") throw badRequest(`Reservation ${reservation.sid} is ${reservation.status}`);
    if (!parseAttributes(task.attributes).conference?.sid) throw badRequest("Task has no conference_sid", 40149);
    if (open(task)) throw badRequest("A transfer of this task is under way", 40150);
    task.refusedBy.clear();
    const now = clock.now();
    const transfer = {
      sid: newSid("TT"),
      task,
      from: reservation,
      to,
      mode,
      status: "initiated",
      reason: null,
      created: now,
      updated: now,
    };
    const receiver = receiverOf(transfer);
    if (!receiver) throw badRequest("No worker can take the transfer", 40148);
    all.set(transfer.sid, transfer);
    reservation.outgoing = transfer;
    if (attributes) tasks.mergeAttributes(task, attributes);
    events.emit("task.transfer-initiated", { task, more: { TransferSid: transfer.sid } });
    offer(transfer, receiver);
    if (mode === "COLD") {
      const [customer, own] = [twilio.nativeCalls.customerLeg(task), twilio.nativeCalls.agentLeg(task, worker)];
      if (customer) conferences.update(customer.participant, { hold: true });
      if (own) {
        conferences.update(own.participant, { endOnExit: false });
        calls.hangup(own.call);
      }
    }
    tasks.touch(reservation);
    return transfer;
  }

  function close(transfer, status, reason = null) {
    Object.assign(transfer, { status, reason, updated: clock.now() });
    tasks.touch(transfer.from);
    const name = { complete: "completed", failed: "failed", canceled: "canceled" }[status];
    events.emit(`task.transfer-${name}`, { task: transfer.task, more: { TransferSid: transfer.sid } });
  }

  /** The receiver is in the call. */
  function complete({ transfer, task }) {
    if (!transfer) return;
    const customer = twilio.nativeCalls.customerLeg(task);
    if (transfer.mode === "COLD" && customer) conferences.update(customer.participant, { hold: false });
    close(transfer, "complete");
  }

  // Nobody is left in the call but the customer.
  function letGo(task) {
    if (twilio.nativeCalls.legsOf(task).some(({ type }) => type === "agent")) return;
    twilio.nativeCalls.end(task);
    tasks.follow(task);
  }

  function cancel(sid) {
    const transfer = find(sid);
    if (transfer.status !== "initiated") throw badRequest(`Transfer ${sid} is ${transfer.status}`);
    close(transfer, "canceled");
    if (transfer.reservation.status === "pending") tasks.moveReservation(transfer.reservation, "canceled");
    letGo(transfer.task);
    return transfer;
  }

  // Who is asked declines, or lets it ring: the next one of a queue is asked; the call goes on without them.
  tasks.onMoved((reservation) => {
    const { transfer, task, status } = reservation;
    if (transfer?.status !== "initiated" || transfer.reservation !== reservation || !["rejected", "timeout", "canceled"].includes(status))
      return;
    events.emit("task.transfer-attempt-failed", { task, more: { TransferSid: transfer.sid } });
    task.refusedBy.add(reservation.worker.sid);
    const next = status !== "canceled" && receiverOf(transfer);
    if (next) return offer(transfer, next);
    close(transfer, "failed", `Reservation ${status}`);
    letGo(task);
  });

  return { all, open, find, create, complete, cancel, reset: () => all.clear() };
}
