import type { ITask, Notification } from "@twilio/flex-ui";
import { takeOver } from "../flex/actions";
import { leavesAccepted, membersOf, tasksOf, textOf } from "../flex/tasks";
import { Marks } from "../flex/marks";
import type { Edge } from "../edge";

/**
 * Calls between agents as the well-known plugins place them: both agents' legs enter a conference of the Worker's TwiML, and
 * Flex knows nothing of it. So accepting, declining, holding and hanging up are done here.
 */
const PATH = "/features/internal-call/common";
const CLEAN_UP = "/features/internal-call/flex/cleanup-rejected-task";
const HOLD = "/common/flex/programmable-voice/hold-participant";

/** How long TaskRouter gets to wrap a task up when its conference has ended. */
const WRAPS_WITHIN = 3_000;

/** Placed by the plugins' way, by this plugin or another. */
export function isPluginsCall(task: ITask | undefined): boolean {
  return task?.attributes.client_call === true;
}

/** The called agent's task names the conference from the start; the caller's gets it later. */
function isCallee(task: ITask): boolean {
  return textOf(task.attributes, "conferenceSid") !== undefined;
}

/** What is on hold, by the call's task. */
export class Held {
  readonly calls = new Marks();
  readonly legs = new Map<string, string>();
}

export function takeOverCalls(edge: Edge, held: Held): void {
  const { words } = edge;
  takeOver(edge, "AcceptTask", isPluginsCall, (task) => accept(edge, task));
  takeOver(edge, "RejectTask", isPluginsCall, async (task, _, native) => {
    // One agent of a queue declines: the next one is asked.
    if (textOf(task.attributes, "callToQueue")) return native();
    return giveUp(edge, task, words.callAgent.rejectFailed);
  });
  takeOver(edge, "HoldCall", isPluginsCall, (task) => hold(edge, held, task, true));
  takeOver(edge, "UnholdCall", isPluginsCall, (task) => hold(edge, held, task, false));
  takeOver(edge, "HangupCall", isPluginsCall, (task, _, native) =>
    // Flex hangs up its own telephone; a desk telephone it does not know.
    edge.flex.StateHelper.getCurrentPhoneCallState() ? native() : giveUp(edge, task, words.callAgent.hangUpFailed),
  );
  takeOver(edge, "EndConferenceForAll", isPluginsCall, (task) => giveUp(edge, task, words.callAgent.hangUpFailed));
  takeOver(edge, "WrapupTask", isPluginsCall, async (task, _, native) => {
    if (task.status !== "accepted" || edge.flex.StateHelper.getCurrentPhoneCallState()) return native();
    if (!(await giveUp(edge, task, words.callAgent.hangUpFailed))) return undefined;
    return (await leavesAccepted(edge, task, WRAPS_WITHIN)) ? undefined : native();
  });
  // Flex looks for a conference of its own and complains.
  const withoutComplaint = ({ id }: Notification, cancel: () => void) => {
    if (id === edge.flex.NotificationIds.FailedToFetchParticipants && tasksOf(edge).some(isPluginsCall)) cancel();
  };
  edge.flex.Notifications.addListener(edge.flex.NotificationEvent.beforeAddNotification, withoutComplaint);
}

async function accept(edge: Edge, task: ITask): Promise<void> {
  const words = edge.words.callAgent;
  const from = callerIdFor(edge, task);
  const room =
    textOf(membersOf(task.attributes, "conference"), "friendlyName") ?? textOf(task.attributes, "conferenceSid");
  const url =
    isCallee(task) && room
      ? edge.client.url(`${PATH}/agent-join-conference`, { conferenceName: room })
      : edge.client.url(`${PATH}/agent-outbound-join`, { taskSid: task.taskSid });
  try {
    await edge.flex.StateHelper.getReservation(task.sid).call(from, url, { accept: true });
  } catch (error) {
    edge.notices.failed(words.acceptFailed, error);
    // Nothing of the caller's call exists but its task; the called agent can try again.
    if (!isCallee(task)) await giveUp(edge, task, words.hangUpFailed);
    return;
  }
  if (isCallee(task)) await edge.flex.Actions.invokeAction("SelectTask", { sid: task.sid });
}

/** Whom the leg comes from: Flex's telephone shows `client:…`, any other telephone has to be called from a number. */
function callerIdFor(edge: Edge, task: ITask): string {
  const own = String(edge.manager.workerClient?.attributes.contact_uri ?? "");
  const from = textOf(task.attributes, "from") ?? own;
  const number = edge.manager.serviceConfiguration.outbound_call_flows?.default?.caller_id;
  return own.startsWith("client:") || !number ? from : number;
}

/** Ends the call, or whatever there is of it. The Worker ends both tasks. */
async function giveUp(edge: Edge, task: ITask, failed: string): Promise<boolean> {
  try {
    await edge.client.ask(CLEAN_UP, { taskSid: task.taskSid });
    return true;
  } catch (error) {
    edge.notices.failed(failed, error);
    return false;
  }
}

/**
 * Holds the other agent's leg where Flex has found out about it, else the agent's own: either way they no longer hear each other.
 * The leg that was put on hold is the one that is taken off it.
 */
async function hold(edge: Edge, held: Held, task: ITask, isHeld: boolean): Promise<void> {
  const words = edge.words.callAgent;
  const conference = membersOf(task.attributes, "conference");
  const own = textOf(membersOf(conference, "participants"), "worker") ?? textOf(task.attributes, "worker_call_sid");
  const others = (task.conference?.participants ?? []).filter(
    (other) => other.status === "joined" && other.callSid && other.callSid !== own && !other.isCurrentWorker,
  );
  const leg = held.legs.get(task.taskSid) ?? others[0]?.callSid ?? own ?? "";
  const room =
    textOf(conference, "sid") ??
    task.conference?.conferenceSid ??
    textOf(task.attributes, "conferenceSid") ??
    task.taskSid;
  try {
    await edge.client.ask(HOLD, { conference: room, participant: leg, hold: isHeld ? "true" : "false" });
  } catch (error) {
    return edge.notices.failed(isHeld ? words.holdFailed : words.unholdFailed, error);
  }
  if (isHeld) held.legs.set(task.taskSid, leg);
  else held.legs.delete(task.taskSid);
  held.calls.set(task.taskSid, isHeld);
}
