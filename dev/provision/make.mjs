// Makes a plan from what stands in the account, and carries it out.
import { isTwilios, isUnclear, reasonOf, send } from "../doctor/client.mjs";
import { planApplication, planOutboundFlow } from "./calls.mjs";
import { planAddresses } from "./conversations.mjs";
import { planPlugin } from "./plugin.mjs";
import { planChannels, planEvents, planQueue, planWorkflows, planWorkspace } from "./routing.mjs";
import { PENDING, Plan } from "./step.mjs";

const TURNS = 3;
const WAITS = 4;

/** What is missing now. `context`: `{account, values, url, options}`. */
export async function makePlan(context) {
  const plan = new Plan();
  const given = { ...context, plan };
  await planWorkspace(given);
  const everyone = await planQueue(given);
  await planChannels(given);
  await planWorkflows(given, everyone);
  await planOutboundFlow(given, everyone);
  await planApplication(given);
  await planEvents(given);
  await planAddresses(given);
  await planPlugin(given);
  return plan;
}

const isPending = ({ request }) => request !== undefined && JSON.stringify(request).includes(PENDING);

/**
 * Carries out a plan. After each step the plan is made anew, so that what a step needs of earlier ones is there; and when
 * an answer was lost, that shows whether the step took effect. Steps that nobody was shown are not carried out, but for
 * the SIDs of what was made. Answers what could not be done: `[{title, reason}]`.
 */
export async function carryOut(shown, context, { save, say }) {
  const { account, values } = context;
  const open = new Set(shown.steps.map(({ key }) => key));
  const turns = new Map();
  const failed = [];
  const fail = (step, reason) => {
    open.delete(step.key);
    failed.push({ title: step.title, reason });
    say(`✖ ${step.title}: ${reason}`);
  };
  const write = (settings) => {
    if (Object.keys(settings).length === 0) return;
    save(settings);
    Object.assign(values, settings);
  };
  for (let waits = 0; ; ) {
    const { steps } = await makePlan(context);
    const found = turns.size > 0 ? steps.find(({ key }) => key.startsWith("set ") && !open.has(key)) : undefined;
    if (found) open.add(found.key);
    const left = steps.filter(({ key }) => open.has(key));
    const step = left.find((one) => !isPending(one));
    if (!step && left.length > 0 && turns.size > 0 && waits < WAITS) {
      // A list may lag behind what was just made.
      waits += 1;
      await new Promise((resolve) => setTimeout(resolve, 500 * waits));
      account.forget();
      continue;
    }
    if (!step) {
      for (const one of left) fail(one, "needs what could not be made");
      return failed;
    }
    if (step.settings) {
      write(step.settings);
      open.delete(step.key);
      say(`✔ ${step.title}`);
      continue;
    }
    const turn = (turns.get(step.key) ?? 0) + 1;
    turns.set(step.key, turn);
    try {
      const made = await send(account.client, step.request);
      write(step.writes?.(made) ?? {});
      open.delete(step.key);
      say(`✔ ${step.title}${made.sid ? `: ${made.sid}` : ""}`);
    } catch (error) {
      if (!isTwilios(error)) throw error;
      if (isUnclear(error) && turn < TURNS) say(`… ${step.title}: ${reasonOf(error)}; looking whether it took effect`);
      else fail(step, reasonOf(error));
      if (error.status === 401 || error.status === 429) return failed;
    }
    account.forget(...step.changes);
  }
}
