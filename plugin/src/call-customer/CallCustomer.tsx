import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { CallIcon } from "@twilio-paste/icons/esm/CallIcon";
import type { Edge } from "../edge";
import { HeaderButton } from "../flex/HeaderButton";
import { useMark, type Marks } from "../flex/marks";
import { useFlexState } from "../flex/state";
import { isVoice } from "../flex/tasks";
import { dial, whyNot } from "./dial";
import { hasNumber } from "./number";

type Props = { edge: Edge; busy: Marks; task?: ITask };

/** In a chat's header, where the customer has a number. */
export function CallCustomer({ edge, busy, task }: Props): JSX.Element | null {
  const isWanted =
    task && !isVoice(task) && ["accepted", "wrapping"].includes(task.status) && hasNumber(task.attributes);
  return isWanted ? <Dialling edge={edge} busy={busy} task={task} /> : null;
}

function Dialling({ edge, busy, task }: Required<Props>): JSX.Element {
  const words = edge.words.callCustomer;
  const isBusy = useMark(busy, task.taskSid);
  const obstacle = useFlexState(edge, () => whyNot(edge, task));
  return (
    <HeaderButton
      label={words.button}
      busyLabel={words.busy}
      icon={<CallIcon decorative />}
      isBusy={isBusy}
      obstacle={isBusy ? undefined : obstacle}
      testId="flex-edge-call-customer"
      onPress={() => void busy.during(task.taskSid, () => dial(edge, task))}
    />
  );
}
