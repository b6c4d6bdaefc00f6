// Conversations with timers go to sleep and end by themselves.
import { iso } from "./shape.mjs";

function milliseconds(duration) {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration ?? "");
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((text) => Number(text ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/** When a conversation will change by itself, as its resource says it. */
export function timersOf(room) {
  const at = (name, duration) => (milliseconds(duration) === null ? {} : { [name]: iso(room.lastActive + milliseconds(duration)) });
  return { ...at("date_inactive", room.timers.inactive), ...at("date_closed", room.timers.closed) };
}

/** Builds `arm(room)`, which waits for the next change after each sign of life; `change(room, state)` makes it. */
export function createRoomTimers(clock, change) {
  return function arm(room) {
    room.timer?.cancel();
    if (room.state === "closed") return;
    const next = room.state === "active" && milliseconds(room.timers.inactive) !== null ? "inactive" : "closed";
    const wait = milliseconds(room.timers[next]);
    if (wait === null) return;
    room.timer = clock.later(Math.max(room.lastActive + wait - clock.now(), 0), () => void (room.state !== "closed" && change(room, next)));
  };
}
