import { Failure } from "../api/failure";
import { NATIVE_CALLS } from "../api/planned";
import type { Agent } from "../directory/useDirectory";
import { callObstacle, membersOf, taskWithin, textOf } from "../flex/tasks";
import type { Edge } from "../edge";

/** Flex does nothing, and says nothing, when there is no microphone or no voice. */
const TASK_WITHIN = 5_000;

/** Calls another agent; answers whether the call is on its way. Failures are told. */
export async function placeCall(edge: Edge, agent: Agent): Promise<boolean> {
  const { words, notices } = edge;
  try {
    const obstacle = callObstacle(edge);
    if (obstacle) {
      notices.warn(words.callAgent[obstacle]);
      return false;
    }
    const { features } = await edge.client.health();
    return features[NATIVE_CALLS]?.configured
      ? await placeNatively(edge, agent)
      : await placeThePluginsWay(edge, agent);
  } catch (error) {
    const notFree = (failure: Failure) =>
      failure.reason === "conflict" ? words.callAgent.notFree(agent.name) : undefined;
    notices.failed(words.callAgent.failed(agent.name), error, notFree);
    return false;
  }
}

/** Flex's own outbound call, to the Worker's TwiML App: Flex knows its conference, so everything of Flex's works with it. */
async function placeNatively(edge: Edge, agent: Agent): Promise<boolean> {
  const start = await edge.client.ask("/internal-call/start", { workerSid: agent.workerSid });
  const { destination, queueSid, taskAttributes } = start;
  await edge.flex.Actions.invokeAction("StartOutboundCall", {
    destination,
    ...(queueSid ? { queueSid } : {}),
    taskAttributes,
  });
  const { conversation_id: conversation } = taskAttributes.conversations;
  const task = await taskWithin(
    edge,
    TASK_WITHIN,
    (task) => textOf(membersOf(task.attributes, "conversations"), "conversation_id") === conversation,
  );
  if (!task) edge.notices.warn(edge.words.callAgent.noVoice);
  return task !== undefined;
}

/** A task for the caller; Flex accepts it by itself, and `plugins-way.ts` does the rest. */
async function placeThePluginsWay(edge: Edge, agent: Agent): Promise<boolean> {
  const { words, notices, manager } = edge;
  const own = manager.workerClient;
  const contact = textOf(own?.attributes, "contact_uri");
  const flow = manager.serviceConfiguration.outbound_call_flows?.default;
  if (!own || !contact || !flow?.workflow_sid || !flow.queue_sid) {
    notices.warn(own && contact ? words.callAgent.noOutbound : words.callAgent.noContact);
    return false;
  }
  const to = String(agent.contactUri);
  const attributes = {
    to,
    direction: "outbound",
    name: agent.name,
    fromName: textOf(own.attributes, "full_name") ?? own.name,
    targetWorker: contact,
    autoAnswer: "true",
    client_call: true,
  };
  const options = { attributes, taskChannelUniqueName: "voice" };
  const taskSid = await own.createTask(to, contact, flow.workflow_sid, flow.queue_sid, options);
  const task = await taskWithin(edge, TASK_WITHIN, (task) => task.taskSid === taskSid);
  if (!task) notices.warn(words.callAgent.noVoice);
  return task !== undefined;
}
