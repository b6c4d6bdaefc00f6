// The workspace, its queues and channels, and whether the workflows do what the Worker's tasks need.
import { everyoneOf } from "../account.mjs";
import { CHANNELS, EVENTS, placesOf, WORKFLOWS } from "../places.mjs";
import { bad, good, none, PROVISION } from "../result.mjs";
import { needsOf, problemOf, readConfiguration } from "../routing.mjs";

async function workspace({ settings: { values, file }, account }) {
  const used = (await account.flex()).taskrouterWorkspaceSid;
  if (!values.TWILIO_FLEX_WORKSPACE_SID) return bad("TWILIO_FLEX_WORKSPACE_SID is missing", PROVISION);
  const mend = `write TWILIO_FLEX_WORKSPACE_SID=${used} into ${file}`;
  const found = await account.foundWorkspace();
  if (!found) return bad(`${values.TWILIO_FLEX_WORKSPACE_SID} does not exist in this account`, mend);
  if (found.sid !== used) return bad(`${found.friendlyName} is not the workspace of Flex`, mend);
  if (found.multiTaskEnabled === false) {
    return bad("agents can have one task at a time only", `Twilio Console, TaskRouter, Workspaces, ${found.friendlyName}, Settings: enable multitasking`);
  }
  return good(`${found.friendlyName}, ${found.sid}`);
}

async function everyone({ account }) {
  const queue = everyoneOf(await account.queues());
  return queue ? good(`${queue.friendlyName}, ${queue.sid}`) : bad("no queue takes every agent (1==1)", PROVISION);
}

async function channels({ account }) {
  const there = (await account.channels()).map(({ uniqueName }) => uniqueName);
  const missing = Object.keys(CHANNELS).filter((name) => !there.includes(name));
  return missing.length > 0 ? bad(`missing: ${missing.join(", ")}`, PROVISION) : good(Object.keys(CHANNELS).join(", "));
}

async function outboundQueue({ settings: { values, file }, account }) {
  const sid = values.TWILIO_FLEX_OUTBOUND_QUEUE_SID;
  if (!sid) return none("not set: the workflow's default queue is used");
  const queue = (await account.queues()).find((one) => one.sid === sid);
  return queue ? good(queue.friendlyName) : bad(`${sid} does not exist`, `take TWILIO_FLEX_OUTBOUND_QUEUE_SID out of ${file}, or run ${PROVISION}`);
}

async function events({ account, url }) {
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  const { eventCallbackUrl: callback, eventsFilter: filter } = await account.workspace();
  const wanted = placesOf(url).events;
  if (!callback) return bad("TaskRouter tells nobody: a customer whom nobody took stays alone", PROVISION);
  if (callback !== wanted) return bad(`TaskRouter calls ${new URL(callback).origin}, not the Worker`, `${PROVISION} -- --take-over`);
  const told = filter?.split(/[\s,]+/).filter(Boolean);
  const missing = told?.length > 0 ? EVENTS.filter((event) => !told.includes(event)) : [];
  return missing.length > 0 ? bad(`not told of ${missing.join(", ")}`, PROVISION) : good(callback);
}

/** One workflow: that it exists, and that each task finds its way. */
const workflow = ({ setting, kind, isOptional }) =>
  async function check({ settings: { values }, account }) {
    const sid = values[setting];
    if (!sid) return none(isOptional ? `${setting} is not set` : `${setting} is not set: not in use; ${PROVISION} sets it up`);
    const found = (await account.workflows()).find((one) => one.sid === sid);
    if (!found) return bad(`${sid} does not exist in this workspace`, PROVISION);
    const configuration = readConfiguration(found.configuration);
    if (!configuration) return bad(`the configuration of "${found.friendlyName}" is not JSON`, "Twilio Console, TaskRouter, Workflows: correct it");
    const queues = await account.queues();
    const native = Boolean(values.TWILIO_FLEX_INTERNAL_CALL_APP_SID);
    const needs = needsOf(kind, { everyone: everyoneOf(queues)?.sid, queues, native });
    const problems = needs.map((need) => [need, problemOf(configuration, need, queues)]).filter(([, problem]) => problem);
    if (problems.length === 0) return good(`"${found.friendlyName}": ${needs.length === 1 ? "its tasks" : `${needs.length} kinds of tasks`} find their way`);
    const [[need, problem]] = problems;
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
    const canMend = problems.every(([one]) => one.filter);
    const isOurs = WORKFLOWS.some(({ name }) => name === found.friendlyName);
    const where = `Twilio Console, TaskRouter, Workflows, ${found.friendlyName}`;
    return bad(`"${found.friendlyName}": ${need.title}: ${problem}${more}`, canMend ? `${PROVISION}${isOurs ? "" : " -- --take-over"}` : where);
  };

export const checks = [
  { id: "workspace", title: "workspace", run: workspace },
  { id: "queue-everyone", title: "queue of all agents", run: everyone },
  { id: "task-channels", title: "task channels", run: channels },
  { id: "event-callback", title: "event callback", run: events },
  ...WORKFLOWS.map((one) => ({ id: one.setting.toLowerCase().replace(/^twilio_flex_|_sid$/g, "").replaceAll("_", "-"), title: `workflow: ${one.title}`, run: workflow(one) })),
  { id: "outbound-queue", title: "queue of dialled calls", run: outboundQueue },
];
