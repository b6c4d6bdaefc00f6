import type { ITask } from "@twilio/flex-ui";
import type { TaskPayload } from "../flex/actions";
import { textOf } from "../flex/tasks";
import type { Edge } from "../edge";

/** A call between agents, or to a queue of them, that Flex runs by itself. */
export function isNativeCall(task: ITask): boolean {
  return ["native", "native-queue"].includes(String(task.attributes.internal_call));
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
}
