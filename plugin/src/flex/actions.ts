import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";

export interface TaskPayload {
  task?: ITask;
  [member: string]: unknown;
}

/**
 * Does one of Flex's actions in our way for some tasks; all others go on as before. Unlike a canceled action, one that was
 * replaced has ended well for whoever has started it.
 */
export function takeOver(
  edge: Edge,
  action: string,
  isOurs: (task: ITask) => boolean,
  ours: (task: ITask, payload: TaskPayload, native: () => Promise<unknown>) => Promise<unknown>,
): void {
  edge.flex.Actions.replaceAction(action, (payload: TaskPayload, original, next) => {
    const native = (): Promise<unknown> => (next ?? original)(payload) as Promise<unknown>;
    return payload?.task && isOurs(payload.task) ? ours(payload.task, payload, native) : native();
  });
}
