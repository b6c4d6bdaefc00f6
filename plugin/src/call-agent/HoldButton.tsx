import React from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { useMark, type Marks } from "../flex/marks";
import { isPluginsCall } from "./plugins-way";

/** Flex's own button reads its state from a conference that it does not have. */
export function HoldButton({ edge, held, task }: { edge: Edge; held: Marks; task?: ITask }): JSX.Element | null {
  const isHeld = useMark(held, task?.taskSid ?? "");
  if (!task || !isPluginsCall(task)) return null;
  const { IconButton, Actions } = edge.flex;
  const words = edge.words.callAgent;
  return (
    <IconButton
      icon={isHeld ? "HoldLargeBold" : "HoldLarge"}
      variant="secondary"
      disabled={task.status !== "accepted"}
      title={isHeld ? words.unhold : words.hold}
      aria-label={isHeld ? words.unhold : words.hold}
      onClick={() => void Actions.invokeAction(isHeld ? "UnholdCall" : "HoldCall", { task }).catch(() => undefined)}
    />
  );
}
