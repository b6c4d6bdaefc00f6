import React from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { CallAgent } from "./CallAgent";
import { HoldButton } from "./HoldButton";
import { showNames } from "./names";
import { isNativeCall, mendNativeCalls } from "./native";
import { OnCall } from "./OnCall";
import { Held, isPluginsCall, takeOverCalls } from "./plugins-way";

/** Call an agent. */
export function start(edge: Edge): void {
  const { OutboundDialerPanel, CallCanvas, CallCanvasActions, TaskListButtons } = edge.flex;
  const held = new Held();
  takeOverCalls(edge, held);
  mendNativeCalls(edge);
  showNames(edge, (task) => isPluginsCall(task) || isNativeCall(task));
  OutboundDialerPanel.Content.add(<CallAgent key="flex-edge-call-agent" edge={edge} />);
  // Without a conference that Flex knows, its hold button has no state and its transfers go nowhere.
  const ifPlugins = { if: (props: { task?: ITask }) => isPluginsCall(props.task) };
  CallCanvasActions.Content.remove("hold", ifPlugins);
  CallCanvasActions.Content.remove("directory", ifPlugins);
  TaskListButtons.Content.remove("hold", ifPlugins);
  CallCanvasActions.Content.add(<HoldButton key="flex-edge-hold" edge={edge} held={held.calls} />, {
    sortOrder: 0,
    ...ifPlugins,
  });
  CallCanvas.Content.add(<OnCall key="flex-edge-on-call" edge={edge} held={held.calls} />, {
    sortOrder: 1,
    ...ifPlugins,
  });
}
