import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { Button } from "@twilio-paste/core/button";
import { Tooltip } from "@twilio-paste/core/tooltip";
import { CallIcon } from "@twilio-paste/icons/esm/CallIcon";
import type { Edge } from "../edge";
import { useMark, type Marks } from "../flex/marks";
import { useFlexState } from "../flex/state";
import { isVoice } from "../flex/tasks";
import { dial, whyNot } from "./dial";
import { hasNumber } from "./number";

type Props = { edge: Edge; busy: Marks; task?: ITask };

/** In a chat's header, where the customer has a number. */
export function CallCustomer({ edge, busy, task }: Props): JSX.Element | null {
  const isWanted = task && !isVoice(task) && ["accepted", "wrapping"].includes(task.status) && hasNumber(task.attributes);
  return isWanted ? <Dialling edge={edge} busy={busy} task={task} /> : null;
}

function Dialling({ edge, busy, task }: Required<Props>): JSX.Element {
  const words = edge.words.callCustomer;
  const isBusy = useMark(busy, task.taskSid);
  const obstacle = useFlexState(edge, () => whyNot(edge, task));
  const isOff = isBusy || obstacle !== undefined;
  const button = (
    // Not `disabled`: what cannot be reached by keyboard cannot tell why it does nothing.
    <Button
      variant="secondary"
      size="small"
      loading={isBusy}
      aria-disabled={isOff}
      aria-label={isBusy ? words.busy : obstacle ? `${words.button}. ${obstacle}` : words.button}
      data-testid="flex-edge-call-customer"
      onClick={() => {
        if (!isOff) void busy.during(task.taskSid, () => dial(edge, task));
      }}
    >
      <CallIcon decorative />
      {words.button}
    </Button>
  );
  return obstacle && !isBusy ? <Tooltip text={obstacle}>{button}</Tooltip> : button;
}
