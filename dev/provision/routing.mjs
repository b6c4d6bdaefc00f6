// The part of the plan that is TaskRouter's: queue, channels, workflows, event callback.
import { everyoneOf } from "../doctor/account.mjs";
import { CHANNELS, EVENTS, placesOf, WORKFLOWS } from "../doctor/places.mjs";
import { freshConfiguration, mended, needsOf, problemOf, readConfiguration } from "../doctor/routing.mjs";
import { PENDING, Unfit } from "./step.mjs";

const ROOT = "https://taskrouter.twilio.com/v1/Workspaces";

export async function planWorkspace({ plan, account, values }) {
  const { taskrouterWorkspaceSid: used } = await account.flex();
  if (!values.TWILIO_FLEX_WORKSPACE_SID) return plan.set("TWILIO_FLEX_WORKSPACE_SID", used, "the workspace of Flex");
  if (await account.foundWorkspace()) return;
  throw new Unfit(`TWILIO_FLEX_WORKSPACE_SID=${values.TWILIO_FLEX_WORKSPACE_SID} does not exist in this account; Flex uses ${used}`);
}

export async function planQueue({ plan, account }) {
  const sid = await account.workspaceSid();
  const queue = everyoneOf(await account.queues());
  if (queue) return queue.sid;
  plan.step({
    key: "queue",
    title: 'make the queue "Everyone" (1==1)',
    request: ["POST", `${ROOT}/${sid}/TaskQueues`, { FriendlyName: "Everyone", TargetWorkers: "1==1" }],
    changes: ["queues"],
  });
  return PENDING;
}

export async function planChannels({ plan, account }) {
  const sid = await account.workspaceSid();
  const there = (await account.channels()).map(({ uniqueName }) => uniqueName);
  for (const [uniqueName, friendlyName] of Object.entries(CHANNELS).filter(([name]) => !there.includes(name))) {
    plan.step({
      key: `channel ${uniqueName}`,
      title: `make the task channel ${uniqueName}`,
      request: ["POST", `${ROOT}/${sid}/TaskChannels`, { FriendlyName: friendlyName, UniqueName: uniqueName }],
      changes: ["channels"],
    });
  }
}

/** A workflow of somebody else that does what is wanted: Flex's own. */
async function borrowed(kind, account) {
  const flex = await account.flex();
  return { outbound: flex.outboundCallFlows?.default?.workflow_sid, inbound: flex.taskrouterTargetWorkflowSid }[kind];
}

async function planWorkflow({ plan, account, values, options }, { setting, kind, title, name }, everyone) {
  const workspace = await account.workspaceSid();
  const [workflows, queues] = [await account.workflows(), await account.queues()];
  const native = Boolean(options.nativeCalls || values.TWILIO_FLEX_INTERNAL_CALL_APP_SID);
  const needs = needsOf(kind, { everyone, queues, native });
  for (const { title: what } of needs.filter(({ filter }) => filter === null)) plan.leave(what, "the queue's name has both kinds of quotes: rename it");
  const filters = needs.filter(({ filter }) => filter).length;
  const bySid = (sid) => workflows.find((one) => one.sid === sid);
  const lent = await borrowed(kind, account);
  const found = bySid(values[setting]) ?? workflows.find(({ friendlyName }) => friendlyName === name) ?? bySid(lent);
  const update = (sid, configuration, reason) =>
    plan.step({
      key: `workflow ${kind}`,
      title: `${sid ? "mend" : "make"} the workflow "${sid ? found.friendlyName : name}": ${reason}`,
      request: ["POST", `${ROOT}/${workspace}/Workflows${sid ? `/${sid}` : ""}`, { ...(sid ? {} : { FriendlyName: name }), Configuration: JSON.stringify(configuration) }],
      changes: ["workflows"],
      writes: (made) => ({ [setting]: made.sid }),
    });
  if (!found) return update(null, freshConfiguration(needs, everyone), filters > 0 ? `${filters} filters` : "a default queue");
  if (found.sid !== values[setting]) plan.set(setting, found.sid, `"${found.friendlyName}"`);
  const configuration = readConfiguration(found.configuration);
  if (!configuration) return plan.leave(title, `the configuration of "${found.friendlyName}" is not JSON`);
  const problems = needs.map((need) => [need, problemOf(configuration, need, queues)]).filter(([, problem]) => problem);
  if (problems.length === 0) return;
  const [[need, problem]] = problems;
  const reason = `${need.title}: ${problem}${problems.length > 1 ? `, and ${problems.length - 1} more` : ""}`;
  const canMend = problems.some(([one]) => one.filter);
  if (!canMend) return plan.leave(`workflow "${found.friendlyName}"`, `${reason}; correct it in the Console`);
  if (found.friendlyName !== name && !options.takeOver) return plan.leave(`workflow "${found.friendlyName}"`, `${reason}; --take-over adds the filters`);
  update(found.sid, mended(configuration, needs, queues), reason);
}

export async function planWorkflows(context, everyone) {
  for (const workflow of WORKFLOWS.filter(({ name }) => name)) await planWorkflow(context, workflow, everyone);
}

export async function planEvents({ plan, account, url, options }) {
  if (!url) return plan.leave("event callback", "the Worker's address is not known yet: npm run deploy, or --url; then this again");
  const { sid, eventCallbackUrl: callback, eventsFilter } = await account.workspace();
  const wanted = placesOf(url).events;
  if (callback && callback !== wanted && !options.takeOver) {
    return plan.leave("event callback", `TaskRouter calls ${new URL(callback).origin}; --take-over replaces it`);
  }
  // An empty filter is all events; with ours alone, the others cost the Worker no request.
  const told = eventsFilter?.split(/[\s,]+/).filter(Boolean) ?? [];
  const all = callback === wanted && told.length === 0;
  const missing = all ? [] : EVENTS.filter((event) => !told.includes(event));
  if (callback === wanted && missing.length === 0) return;
  const EventsFilter = (callback === wanted ? [...told, ...missing] : EVENTS).join(",");
  plan.step({
    key: "events",
    title: `have TaskRouter tell the Worker of ${callback === wanted ? missing.join(", ") : "lost tasks"}${callback && callback !== wanted ? `, instead of ${new URL(callback).origin}` : ""}`,
    request: ["POST", `${ROOT}/${sid}`, { EventCallbackUrl: wanted, EventsFilter }],
    changes: ["workspace"],
  });
}
