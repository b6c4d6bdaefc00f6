import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { Box } from "@twilio-paste/core/box";
import { Heading } from "@twilio-paste/core/heading";
import { Text } from "@twilio-paste/core/text";
import type { Edge } from "../edge";
import { useMark, type Marks } from "../flex/marks";
import { textOf } from "../flex/tasks";

/** Whom the agent talks to: without a conference that it knows, Flex shows nobody. */
export function OnCall({ edge, held, task }: { edge: Edge; held: Marks; task?: ITask }): JSX.Element | null {
  const isHeld = useMark(held, task?.taskSid ?? "");
  const name = textOf(task?.attributes, "name");
  if (task?.status !== "accepted" || !name || (task.conference?.participants.length ?? 0) > 0) return null;
  return (
    <Box textAlign="center" padding="space70" role="status">
      <Heading as="h3" variant="heading30" marginBottom="space0">
        {name}
      </Heading>
      <Text as="p" color="colorTextWeak">
        {isHeld ? edge.words.callAgent.onHold : edge.words.callAgent.inCall}
      </Text>
    </Box>
  );
}
