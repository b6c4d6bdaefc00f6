import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { Button } from "@twilio-paste/core/button";
import type { Edge } from "../edge";
import { useMark, type Marks } from "../flex/marks";
import { isConversation } from "../flex/tasks";
import { park } from "./park";

type Props = { edge: Edge; busy: Marks; task?: ITask };

/** In a chat's header. */
export function ParkButton({ edge, busy, task }: Props): JSX.Element | null {
  const words = edge.words.park;
  const isBusy = useMark(busy, task?.taskSid ?? "");
  if (!isConversation(task) || task.status !== "accepted") return null;
  return (
    <Button
      variant="secondary"
      size="small"
      loading={isBusy}
      aria-label={isBusy ? words.busy : words.button}
      data-testid="flex-edge-park"
      onClick={() => void busy.during(task.taskSid, async () => void (await park(edge, task)))}
    >
      {words.button}
    </Button>
  );
}
