import React from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { Marks } from "../flex/marks";
import { CallAgent } from "./CallAgent";
import { HoldButton } from "./HoldButton";
import { mendNativeCalls } from "./native";
import { isPluginsCall, takeOverCalls } from "./plugins-way";

/** Call an agent. */
export function start(edge: Edge): void {
  const { OutboundDialerPanel, CallCanvasActions, TaskListButtons } = edge.flex;
  const held = new Marks();
  takeOverCalls(edge, held);
  mendNativeCalls(edge);
  OutboundDialerPanel.Content.add(<CallAgent key="flex-edge-call-agent" edge={edge} />);
  // Without a conference that Flex knows, its hold button has no state and its transfers go nowhere.
  const ifPlugins = { if: (props: { task?: ITask }) => isPluginsCall(props.task) };
  CallCanvasActions.Content.remove("hold", ifPlugins);
  CallCanvasActions.Content.remove("directory", ifPlugins);
  TaskListButtons.Content.remove("hold", ifPlugins);
  CallCanvasActions.Content.add(<HoldButton key="flex-edge-hold" edge={edge} held={held} />, { sortOrder: 0, ...ifPlugins });
}
