// The fault matrix: each call to Twilio that a scene makes fails in turn, in every way, and whoever asks does so once, twice
// or several times at once. A scene is one object:
//
//   name      what happens, in a few words
//   calls     [[operationId, it => text, nth]]: the calls that fail; the text, in the request's URL or body, tells this case's
//             from all others'; `nth` is which of them (the first)
//   given     () => it: people and state of their own
//   ask       it => answer: what is asked
//   delivered it => text: Twilio asks, so it is Twilio that delivers more often; the text finds the webhooks
//   meanwhile it => …: what somebody else does at the same moment
//   check     (it, {answers, worked, fault, asked, strikes}) => …: what must hold, whatever has failed
//   done      (it, answer) => …: what must hold when it was asked once more, and nothing failed
//   answer    200, the status of success
//   lasting   ["twice"], how often it is asked while the fault lasts, besides "once", "twice" and "at once" while it strikes once
import { FACTOR, pause, watch } from "./clock.mjs";
import { inTime, overcome, struck, told } from "./rules.mjs";
import { twilio, withCast } from "./shared.mjs";

export const FAULTS = [400, 403, 404, 409, 412, 429, 500, 503, "lost-before", "lost-after", "no-answer", "no-answer-after"];
/** These pass, so the next one to ask succeeds. */
export const PASSING = [412, 429, 503, "lost-before", "lost-after"];
export const ASKED = ["once", "twice", "at once"];
/** How long Twilio waits for the answer to a webhook, and so how long anybody should; and what a busy machine may add. */
const PATIENCE = 15_000 + 3_000 * FACTOR;
/** As many cases at the same time: those that wait for what never comes cost nothing but time. */
const WIDTH = { waiting: 32, working: 12 };

const isFailure = ({ body }) => body.success === false && typeof body.message === "string" && typeof body.requestId === "string";

async function asked(scene, it) {
  const past = watch();
  const answer = await scene.ask(it);
  if (!answer) return { worked: true, took: past() }; // Twilio has it
  const worked = answer.status === (scene.answer ?? 200);
  told(worked ? answer.body.success === true : isFailure(answer), `${answer.status} ${JSON.stringify(answer.body)}`);
  inTime(past() < PATIENCE, `${Math.round(past())} ms`);
  return { ...answer, worked };
}

const WAYS = {
  once: async (ask) => [await ask()],
  twice: async (ask) => [await ask(), await ask()],
  "at once": (ask) => Promise.all([ask(), ask(), ask()]),
};
const DELIVERIES = { once: "once", twice: "twice", "at once": "simultaneous" };

async function play(scene, { call: [operationId, find, nth = 1], fault, asked: often, strikes }) {
  const it = await scene.given();
  const rule = twilio.addFault({ operationId, contains: find(it), nth, times: strikes === "always" ? 0 : 1, fault, retryAfter: 1 });
  try {
    const ask = () => asked(scene, it);
    if (scene.delivered) twilio.webhookMode({ mode: DELIVERIES[often], contains: scene.delivered(it) });
    const asking = scene.delivered ? WAYS.once(ask) : WAYS[often](ask);
    await Promise.all([asking, scene.meanwhile?.(it)]);
    const answers = await asking;
    const worked = answers.some((answer) => answer.worked);
    const how = { worked, answers, fault, asked: often, strikes, rule };
    await scene.check(it, how);
    if (!scene.mayMiss) struck(rule.applied > 0);
    twilio.removeFault(rule.id);
    if (!scene.done) return;
    if (scene.delivered) return await scene.done(it);
    // A token that was refused is remembered for some seconds.
    if (operationId === "ValidateFlexToken" && !answers.at(-1).worked) await pause(6_000);
    const last = await ask();
    overcome(last.worked, `at last ${last.status} ${JSON.stringify(last.body)}`);
    await scene.check(it, { ...how, worked: true, answers: [...answers, last], isLast: true });
    await scene.done(it, last);
  } finally {
    twilio.removeFault(rule.id);
  }
}

function casesOf(kind, scene) {
  const ways = [...ASKED.map((asked) => ({ asked, strikes: "once" })), ...(scene.lasting ?? ["twice"]).map((asked) => ({ asked, strikes: "always" }))];
  return scene.calls.flatMap((call) => FAULTS.flatMap((fault) => ways.map((way) => ({ kind, scene, call, fault, ...way }))));
}

const nameOf = ({ kind, scene, call: [operationId, , nth], fault, asked: often, strikes }) =>
  `${kind}: ${scene.name}: ${operationId}${nth ? ` (${nth})` : ""} ${fault} ${strikes}, asked ${often}`;

/** Plays every case of the scenes, `{kind: [scene, …]}`; answers how many there were of each kind, and what went wrong, in words. */
export async function playAll(scenes, { only = process.env.ONLY } = {}) {
  const all = Object.entries(scenes).flatMap(([kind, played]) => played.flatMap((scene) => casesOf(kind, scene)));
  const cases = all.filter((one) => !only || nameOf(one).includes(only));
  const counts = Object.fromEntries(Object.keys(scenes).map((kind) => [kind, 0]));
  const problems = [];
  const drain = async (queue) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      counts[next.kind] += 1;
      await withCast(() => play(next.scene, next)).catch((error) => problems.push(`${nameOf(next)}: ${error.message}`));
    }
  };
  const [waiting, working] = [true, false].map((is) => cases.filter(({ fault }) => String(fault).startsWith("no-answer") === is));
  const pool = (queue, width) => Array.from({ length: width }, () => drain(queue));
  await Promise.all([...pool(waiting, WIDTH.waiting), ...pool(working, WIDTH.working)]);
  return { counts, problems };
}
