// The fault matrix: each call to Twilio that a scene makes fails in turn, in every way, once or as long as it is asked for;
// and whoever asks does so once, twice or several times at once. A scene is one object:
//
//   name      what happens, in a few words
//   calls     [[operationId, it => text, {alone, brief, nth, later}]]: the calls that fail; the text, in the request's URL or body,
//             tells this case's from all others'; a function answers one that is known only later. Where there is none that does,
//             `alone` has the case played when no other is. `brief`: each fault only once, asked once; `nth`: the first that fails;
//             `later`: the call is made behind the answer
//   given     () => it: people and state of their own
//   ask       it => answer: what is asked
//   delivered it => text: it is Twilio that asks, and so that delivers more often; the text finds the webhooks
//   meanwhile it => …: what somebody else does at the same moment
//   check     (it, {answers, worked, fault, strikes}) => …: what must hold, whatever has failed
//   done      (it, answer) => …: what must hold besides, when it was asked once more and nothing failed
//   answer    200, the status of success
//   behind    true: what is asked goes on behind the answer, and what failed there is done again by the gate
//   always    true: also asked several times at once while the fault lasts
import assert from "node:assert/strict";

import { FACTOR, pause, until, watch } from "./clock.mjs";
import { inTime, overcome, struck, told } from "./rules.mjs";
import { twilio, withCast } from "./shared.mjs";

export const FAULTS = [400, 403, 404, 409, 412, 429, 500, 503, "lost-before", "lost-after", "no-answer", "no-answer-after"];
/** How long Twilio waits for the answer to a webhook, and so how long anybody should; and what a busy machine may add. */
const PATIENCE = 15_000 + 3_000 * FACTOR;
/** As many cases at the same time: those that wait for what never comes cost nothing but time. */
const WIDTH = { waiting: 32, behind: 40, working: 12 };
/** How long what goes on behind an answer tries at once, unless it waits for what never comes. */
const AT_ONCE = 6_000;

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

const DELIVERIES = { once: "once", twice: "twice", "at once": "simultaneous" };

/** The cases of a scene's call and fault, as they are played: who asks twice has asked once before. */
function waysOf({ delivered, always }, [, , { brief } = {}]) {
  const asked = delivered ? [["once"], ["twice"], ["at once"]] : [["once", "twice"], ["at once"]];
  if (brief) return [{ strikes: "once", looks: asked[0] }];
  const lasting = always ? asked : asked.slice(0, 1);
  return [...asked.map((looks) => ({ strikes: "once", looks })), ...lasting.map((looks) => ({ strikes: "always", looks }))];
}

async function play(scene, { call: [operationId, find, { nth = 1, later = scene.behind } = {}], fault, strikes, looks }) {
  const it = await scene.given();
  const rule = twilio.addFault({ operationId, contains: find(it), nth, times: strikes === "always" ? 0 : 1, fault, retryAfter: 1 });
  const answers = [];
  const look = async (more = {}) => {
    if (later && !more.worked) {
      await until(() => rule.applied > 0, "the fault strikes").catch(() => {});
      if (strikes === "always") await pause(AT_ONCE);
    }
    const worked = answers.some((answer) => answer.worked);
    await scene.check(it, { answers, worked, fault, strikes, ...more });
    struck(rule.applied > 0);
  };
  const ask = async () => answers.push(await asked(scene, it));
  try {
    if (scene.delivered) {
      twilio.webhookMode({ mode: DELIVERIES[looks[0]], contains: scene.delivered(it) });
      await ask();
      await look();
      twilio.removeFault(rule.id);
      return await scene.done?.(it);
    }
    const count = looks[0] === "at once" ? 3 : 1;
    await Promise.all([...Array.from({ length: count }, ask), scene.meanwhile?.(it)]);
    await look();
    if (looks.includes("twice") && strikes === "always") {
      await ask();
      await look();
    }
    twilio.removeFault(rule.id);
    // A token that was refused is remembered for some seconds.
    if (operationId === "ValidateFlexToken" && answers.some(({ worked }) => !worked)) await pause(6_000);
    await ask();
    const last = answers.at(-1);
    overcome(last.worked, `at last ${last.status} ${JSON.stringify(last.body)}`);
    await look({ worked: true });
    await scene.done?.(it, last);
  } finally {
    twilio.removeFault(rule.id);
  }
}

const casesOf = (kind, scene) =>
  scene.calls.flatMap((call) => FAULTS.flatMap((fault) => waysOf(scene, call).map((way) => ({ kind, scene, call, fault, ...way }))));

const nameOf = ({ kind, scene, call: [operationId], fault, strikes, looks }) =>
  `${kind}: ${scene.name}: ${operationId} ${fault} ${strikes}, asked ${looks.join(" and ")}`;

/** Plays every case of the scenes, `{kind: [scene, …]}`; answers how many there were of each kind, and what went wrong, in words. */
export async function playAll(scenes, { only = process.env.ONLY } = {}) {
  const all = Object.entries(scenes).flatMap(([kind, played]) => played.flatMap((scene) => casesOf(kind, scene)));
  const cases = all.filter((one) => !only || nameOf(one).includes(only));
  const counts = Object.fromEntries(Object.keys(scenes).map((kind) => [kind, 0]));
  const problems = [];
  const drain = async (queue) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      counts[next.kind] += next.looks.length;
      await withCast(() => play(next.scene, next)).catch((error) => problems.push(`${nameOf(next)}: ${error.message}`));
    }
  };
  const isAlone = ({ call: [, , more] }) => more?.alone;
  const isBehind = ({ scene }) => scene.behind;
  const isWaiting = (one) => !isBehind(one) && String(one.fault).startsWith("no-answer");
  const isWorking = (one) => !isBehind(one) && !isWaiting(one);
  // Not all at the same moment: each begins with work.
  const pool = (queue, width) => Array.from({ length: width }, (_, at) => pause(at * 300).then(() => drain(queue)));
  const together = cases.filter((one) => !isAlone(one));
  const [waiting, behind, working] = [isWaiting, isBehind, isWorking].map((is) => together.filter(is));
  await Promise.all([...pool(waiting, WIDTH.waiting), ...pool(behind, WIDTH.behind), ...pool(working, WIDTH.working)]);
  await drain(cases.filter(isAlone));
  return { counts, problems };
}

/** Plays them as a test, and holds the count of each kind against `least`: who takes a case away says so there. */
export async function playedAll(t, scenes, least) {
  const past = watch();
  const { counts, problems } = await playAll(scenes);
  for (const [kind, count] of Object.entries(counts)) {
    t.diagnostic(`${kind}: ${count} cases`);
    if (!process.env.ONLY) assert.ok(count >= least[kind], `${kind}: ${count} cases, not ${least[kind]}`);
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${all} cases in ${Math.round(past() / FACTOR / 1000)} s`);
  assert.equal(problems.length, 0, `${problems.length} of ${all} cases:\n${problems.slice(0, 60).join("\n")}`);
}

/** A call of a scene, of which it is enough that it fails once in every way. */
export const brief = ([operationId, find, more]) => [operationId, find, { ...more, brief: true }];

/** The operations that a kind's scenes ask of Twilio when nothing fails, and that none of them names. */
export async function unnamed(scenes) {
  const named = new Set(scenes.flatMap(({ calls }) => calls.map(([operationId]) => operationId)));
  const asked = new Set();
  const goesOn = (scene) => scene.behind || scene.calls.some(([, , more]) => more?.later);
  for (const scene of scenes) {
    await withCast(async () => {
      const quiet = () => twilio.settle({ quietMs: goesOn(scene) ? 80 : 0 });
      const it = await scene.given();
      await quiet();
      const since = twilio.journal({}).entries.at(-1)?.seq ?? 0;
      await scene.ask(it);
      await quiet();
      for (const { operationId } of twilio.journal({ kind: "request", since }).entries) asked.add(operationId);
    });
  }
  // Whoever waits until something shows whose answer was lost asks for more than two seconds later.
  if (scenes.some(goesOn)) await twilio.settle({ quietMs: 3_000 / FACTOR });
  return [...asked].filter((operationId) => !named.has(operationId));
}
