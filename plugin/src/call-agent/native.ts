import type { ITask } from "@twilio/flex-ui";
import type { TaskPayload } from "../flex/actions";
import { textOf } from "../flex/tasks";
import type { Edge } from "../edge";

const NAME = "FlexEdgeAgentName";

/** A call between agents that Flex runs by itself. */
export function isNativeCall(task: ITask): boolean {
  return task.attributes.internal_call === "native";
}

type ConferenceOptions = { from?: string; conferenceRecord?: boolean } & Record<string, unknown>;

/** What Flex's own outbound call to a TwiML App lacks. */
export function mendNativeCalls(edge: Edge): void {
  edge.flex.Actions.addListener("beforeAcceptTask", ({ task, conferenceOptions }: TaskPayload) => {
    // The called agent's side, also when it was transferred: its call is one to the TwiML App.
    if (!task || !isNativeCall(task) || !textOf(task.attributes, "to")?.startsWith("AP")) return;
    const options = conferenceOptions as ConferenceOptions | undefined;
    if (!options) return;
    // TaskRouter would take the App for the caller ID, and the agent's leg would fail.
    const number = edge.manager.serviceConfiguration.outbound_call_flows?.default?.caller_id;
    if (number) options.from = number;
    // The caller's conference hears both and is recorded already.
    options.conferenceRecord = false;
    delete options.conferenceRecordingStatusCallback;
    delete options.conferenceRecordingStatusCallbackMethod;
  });
  showNames(edge);
}

type Line = string | ((task: ITask, ...rest: unknown[]) => unknown) | Record<string, unknown>;

/** Flex would show `app:AP…` as whom the call goes to. */
function showNames(edge: Edge): void {
  Object.assign(edge.manager.strings, { [NAME]: "{{task.attributes.name}}" });
  const templates = edge.flex.DefaultTaskChannels.Call.templates as Record<string, Record<string, Line> | undefined> | undefined;
  for (const [component, line] of [
    ["TaskListItem", "firstLine"],
    ["TaskCanvasHeader", "title"],
    ["CallCanvas", "firstLine"],
    ["IncomingTaskCanvas", "firstLine"],
  ] as const) {
    const lines = templates?.[component];
    const shown = lines?.[line];
    if (!lines || shown === undefined) continue;
    lines[line] = (task: ITask, ...rest: unknown[]) =>
      isNativeCall(task) && textOf(task.attributes, "name")
        ? NAME
        : typeof shown === "object"
          ? edge.flex.TaskChannelHelper.getTemplateForStatus(task, shown as never, rest[0] as never)
          : typeof shown === "function"
            ? shown(task, ...rest)
            : shown;
  }
}
