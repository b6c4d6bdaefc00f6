import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";

export type Attributes = Readonly<Record<string, unknown>>;

/** The agent's tasks; their keys in Flex's state are reservations. */
export function tasksOf(edge: Edge): ITask[] {
  return [...edge.manager.store.getState().flex.worker.tasks.values()];
}

export function textOf(attributes: Attributes | undefined, name: string): string | undefined {
  const value = attributes?.[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

export function membersOf(attributes: Attributes | undefined, name: string): Attributes {
  const value = attributes?.[name];
  return typeof value === "object" && value !== null ? (value as Attributes) : {};
}

export function isVoice(task: ITask): boolean {
  return task.taskChannelUniqueName === "voice";
}

/** A conversation of Flex Conversations: its agents come and go by the interaction's invites. */
export function isConversation(task: ITask | undefined): task is ITask {
  return (
    task !== undefined &&
    !isVoice(task) &&
    [
      task.attributes.flexInteractionSid,
      task.attributes.flexInteractionChannelSid,
      task.attributes.conversationSid,
    ].every((sid) => typeof sid === "string" && sid !== "")
  );
}

/** The SIDs of a conversation's task. */
export function conversationOf(task: ITask): { interaction: string; channel: string; conversation: string } {
  return {
    interaction: String(task.attributes.flexInteractionSid),
    channel: String(task.attributes.flexInteractionChannelSid),
    conversation: String(task.attributes.conversationSid),
  };
}

export type CallObstacle = "onCall" | "offline";

/** Why this agent cannot place a call now. */
export function callObstacle(edge: Edge): CallObstacle | undefined {
  const { worker } = edge.manager.store.getState().flex;
  const offline = edge.manager.serviceConfiguration.taskrouter_offline_activity_sid;
  if (offline && worker.activity?.sid === offline) return "offline";
  const isCall = (task: ITask) => isVoice(task) && ["pending", "accepted"].includes(task.status);
  return tasksOf(edge).some(isCall) ? "onCall" : undefined;
}

/** Resolves with what `look` finds, now or within the time; otherwise with nothing. */
function within<T>(edge: Edge, millis: number, look: () => T | undefined): Promise<T | undefined> {
  return new Promise((resolve) => {
    const end = (found: T | undefined) => {
      clearTimeout(timer);
      unsubscribe();
      resolve(found);
    };
    const lookAgain = () => {
      const found = look();
      if (found !== undefined) end(found);
    };
    const timer = setTimeout(() => end(undefined), millis);
    const unsubscribe = edge.manager.store.subscribe(lookAgain);
    lookAgain();
  });
}

/** The first task of this kind that is there or comes within the time. */
export function taskWithin(edge: Edge, millis: number, isIt: (task: ITask) => boolean): Promise<ITask | undefined> {
  return within(edge, millis, () => tasksOf(edge).find(isIt));
}

/** Whether the task is, or within the time becomes, no longer one that the agent works on. */
export async function leavesAccepted(edge: Edge, task: ITask, millis: number): Promise<boolean> {
  const isAccepted = () => edge.manager.store.getState().flex.worker.tasks.get(task.sid)?.status === "accepted";
  return (await within(edge, millis, () => (isAccepted() ? undefined : true))) ?? false;
}
