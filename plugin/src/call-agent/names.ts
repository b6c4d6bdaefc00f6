import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { textOf } from "../flex/tasks";

const NAME = "FlexEdgeAgentName";

type Line = string | ((task: ITask, ...rest: unknown[]) => unknown) | Record<string, unknown>;

/** Flex would show a telephone, `sip:…` or `app:AP…`, as whom an agent calls. */
export function showNames(edge: Edge, isAgentCall: (task: ITask) => boolean): void {
  Object.assign(edge.manager.strings, { [NAME]: "{{task.attributes.name}}" });
  const templates = edge.flex.DefaultTaskChannels.Call.templates as
    | Record<string, Record<string, Line> | undefined>
    | undefined;
  for (const [component, line] of [
    ["TaskListItem", "firstLine"],
    ["TaskCanvasHeader", "title"],
    ["CallCanvas", "firstLine"],
    ["IncomingTaskCanvas", "firstLine"],
  ] as const) {
    const lines = templates?.[component];
    const shown = lines?.[line];
    if (!lines || shown === undefined) continue;
    lines[line] = (task: ITask, ...rest: unknown[]) => {
      if (isAgentCall(task) && textOf(task.attributes, "name")) return NAME;
      if (typeof shown === "function") return shown(task, ...rest);
      if (typeof shown === "string") return shown;
      return edge.flex.TaskChannelHelper.getTemplateForStatus(task, shown as never, rest[0] as never);
    };
  }
}
