// Time in the end-to-end tests runs FACTOR times faster, in the Worker (its var TEST_CLOCK) and in the local Twilio
// (`timeScale`), so that nobody waits for real time-outs. Whatever a test gives in milliseconds is in that time.
// On a machine that is busy with other things it runs slower, as what they cost is stretched too.
import { availableParallelism, loadavg } from "node:os";

const load = loadavg()[0] / availableParallelism();
export const FACTOR = Number(process.env.FLEX_EDGE_TIME_FACTOR ?? (load < 1.5 ? 5 : load < 3 ? 2 : 1));

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds / FACTOR));

/** A watch: what it answers is how long ago it was started, in the tests' time. */
export function watch() {
  const started = performance.now();
  return () => (performance.now() - started) * FACTOR;
}

/** Waits until `check` answers something, and answers that. */
export async function until(check, what, time = 20_000) {
  for (const past = watch(); ; await new Promise((resolve) => setTimeout(resolve, past() < 3_000 ? 20 : 100))) {
    const result = await check();
    if (result) return result;
    if (past() > time) throw new Error(`never: ${what}`);
  }
}
