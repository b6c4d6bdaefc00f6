import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { PauseIcon } from "@twilio-paste/icons/esm/PauseIcon";
import type { Edge } from "../edge";
import { HeaderButton } from "../flex/HeaderButton";
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
    <HeaderButton
      label={words.button}
      busyLabel={words.busy}
      icon={<PauseIcon decorative />}
      isBusy={isBusy}
      testId="flex-edge-park"
      onPress={() => void busy.during(task.taskSid, () => park(edge, task))}
    />
  );
}
