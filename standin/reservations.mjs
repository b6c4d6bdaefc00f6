// Reservations: a task offered to a worker, and what becomes of it.
import { badRequest, newSid, notFound } from "./shape.mjs";

const MOVES = {
  pending: ["accepted", "rejected", "timeout", "canceled", "rescinded"],
  accepted: ["wrapping", "completed"],
  wrapping: ["completed"],
  rejected: [],
  timeout: [],
  canceled: [],
  rescinded: [],
  completed: [],
};
const OPEN = ["pending", "accepted", "wrapping"];

export const mayMove = (reservation, status) => MOVES[reservation.status].includes(status);
/** The last word of the event that tells of a status. */
export const eventOf = (status) => ({ wrapping: "wrapup" })[status] ?? status;

/** `touch` and `setTask` are the tasks' own. */
export function createReservations(twilio, { touch, setTask }) {
  const { clock, workspace, events } = twilio;
  const all = new Map();
  const listeners = { accepted: [], moved: [] };
  const tell = (event, reservation) => listeners[event].forEach((listener) => listener(reservation));

  function find(sid, test = () => true) {
    const reservation = all.get(sid);
    if (!reservation || !test(reservation)) throw notFound(`Reservations/${sid}`);
    return reservation;
  }

  const openOf = (worker) => [...(worker.reservations ?? [])].filter(({ status }) => OPEN.includes(status));

  function reserve(task, worker) {
    const now = clock.now();
    const reservation = { sid: newSid("WR"), task, worker, status: "pending", version: 0, created: now, updated: now };
    all.set(reservation.sid, reservation);
    task.reservations.push(reservation);
    (worker.reservations ??= []).push(reservation);
    if (task.status === "pending") task.status = "reserved";
    touch(task);
    events.emit("reservation.created", { reservation });
    const { reservationTimeout } = workspace.workflows.get(task.workflowSid);
    reservation.timer = clock.later(reservationTimeout * 1000, () => {
      if (reservation.status !== "pending") return;
      if (twilio.options.timeoutActivity ?? !workspace.settings.multiTaskEnabled)
        workspace.setActivity(reservation.worker, workspace.settings.timeoutActivitySid);
      move(reservation, "timeout");
    });
    return reservation;
  }

  function set(reservation, status) {
    reservation.status = status;
    reservation.timer?.cancel();
    touch(reservation);
    events.emit(`reservation.${eventOf(status)}`, { reservation });
    tell("moved", reservation);
  }

  /** Takes back what is only offered; the task is pending again. */
  function withdrawOffers(task, status = "canceled") {
    for (const reservation of task.reservations.filter((other) => other.status === "pending")) set(reservation, status);
    if (task.status === "reserved") task.status = "pending";
  }

  /** A task with several agents is what the busiest of their reservations is. */
  function follow(task) {
    const has = (status) => task.reservations.some((reservation) => reservation.status === status);
    const status = ["accepted", "wrapping", "completed"].find(has);
    // A transfer is under way: the call goes on.
    if (has("pending")) return;
    const wanted = status === "accepted" ? "assigned" : status;
    if (!wanted || wanted === task.status) return;
    setTask(task, wanted);
    if (wanted !== "assigned") events.emit(`task.${eventOf(wanted)}`, { task });
  }

  function move(reservation, status) {
    if (!MOVES[reservation.status].includes(status))
      throw badRequest(`Cannot move reservation ${reservation.sid} from ${reservation.status} to ${status}`);
    const { task } = reservation;
    if (status === "accepted") setTask(task, "assigned");
    set(reservation, status);
    if (status === "accepted") {
      withdrawOffers(task, "rescinded");
      tell("accepted", reservation);
    } else if (["wrapping", "completed"].includes(status)) follow(task);
    else {
      task.refusedBy.add(reservation.worker.sid);
      if (task.status !== "reserved" || task.reservations.some((other) => other.status === "pending")) return;
      task.status = "pending";
      touch(task);
      twilio.routing.offer(task);
    }
  }

  function forget(task) {
    for (const reservation of task.reservations) {
      reservation.timer?.cancel();
      reservation.worker.reservations = reservation.worker.reservations.filter((other) => other !== reservation);
      all.delete(reservation.sid);
    }
  }

  function reset() {
    for (const { timer } of all.values()) timer?.cancel();
    all.clear();
  }

  return {
    all,
    find,
    openOf,
    reserve,
    set,
    withdrawOffers,
    move,
    follow,
    forget,
    reset,
    onAccepted: (listener) => void listeners.accepted.push(listener),
    onMoved: (listener) => void listeners.moved.push(listener),
  };
}
