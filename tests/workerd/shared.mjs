// The Worker and the local Twilio that the tests share. Each case has people and state of its own, so that hundreds can run
// side by side.
import { AsyncLocalStorage } from "node:async_hooks";

import { startEdge } from "./edge.mjs";
import { world } from "./world.mjs";

export const edge = await startEdge(world);
export const { twilio } = edge;

const casts = new AsyncLocalStorage();
let last = 0;
/** An agent of their own; their token is `a.flex.token.of.<name>`. */
export function somebody(more = {}) {
  last += 1;
  const agent = twilio.addWorker({ name: `somebody${String(last).padStart(5, "0")}`, ...more });
  afterwards(() => twilio.forgetWorker(agent.workerSid));
  return agent;
}

/** Does that once the case is over. */
export const afterwards = (work) => void casts.getStore()?.push(work);

/** Plays `work`; then its people leave, so that the thousandth case has as small a company to search as the first. */
export function withCast(work) {
  const cast = [];
  return casts.run(cast, () => work().finally(() => cast.forEach((leave) => leave())));
}

/** A telephone number that nobody else has. */
export const ownNumber = (prefix = "+1777") => `${prefix}${String((last += 1)).padStart(7, "0")}`;

export const OPEN = ["pending", "reserved", "assigned"];
export const OVER = ["wrapping", "canceled", "completed"];
export const statusOf = (taskSid) => twilio.task(taskSid).assignment_status;
