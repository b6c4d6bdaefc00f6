// How many answers of Twilio somebody has to wait for, one after the other: the longest chain of requests of which each was
// sent after the one before was answered. Twilio is made slow enough for what is asked at the same time to overlap.
import { FACTOR } from "./clock.mjs";
import * as shared from "./shared.mjs";

const LATENCY = 150 * FACTOR;

function longestChain(requests) {
  const lengths = new Map();
  for (const request of requests.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const before = [...lengths].filter(([{ endedAt }]) => endedAt <= request.startedAt).map(([, length]) => length);
    lengths.set(request, 1 + Math.max(0, ...before));
  }
  return Math.max(0, ...lengths.values());
}

/** Does `work` with a slow Twilio; answers what it answered, how many requests were answered meanwhile, and their trips. */
export async function tripsOf(work, twilio = shared.twilio) {
  await twilio.settle();
  const since = twilio.journal({}).entries.at(-1)?.seq ?? 0;
  twilio.setOptions({ latencyMs: LATENCY });
  const answer = await work(since);
  twilio.setOptions({ latencyMs: 0 });
  const requests = twilio.journal({ kind: "request", since }).entries.filter(({ endedAt }) => endedAt !== null);
  return { answer, calls: requests.length, trips: longestChain(requests) };
}
