import React from "react";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Tooltip } from "@twilio-paste/core/tooltip";

type Props = {
  label: string;
  busyLabel: string;
  icon: JSX.Element;
  isBusy: boolean;
  /** Why it does nothing now. */
  obstacle?: string | undefined;
  testId: string;
  onPress: () => void;
};

/**
 * A button in a task's header, which is narrow: an icon, named for screen readers and by a tooltip. It is never `disabled`: what
 * the keyboard cannot reach cannot say why it does nothing.
 */
export function HeaderButton({ label, busyLabel, icon, isBusy, obstacle, testId, onPress }: Props): JSX.Element {
  const isOff = isBusy || obstacle !== undefined;
  const name = isBusy ? busyLabel : obstacle ? `${label}. ${obstacle}` : label;
  return (
    <Box display="flex" alignSelf="center" marginRight="space20">
      <Tooltip text={name}>
        <Button
          variant="secondary"
          size="icon_small"
          loading={isBusy}
          aria-disabled={isOff}
          aria-label={name}
          data-testid={testId}
          onClick={() => {
            if (!isOff) onPress();
          }}
        >
          {obstacle ? <Box opacity={0.4}>{icon}</Box> : icon}
        </Button>
      </Tooltip>
    </Box>
  );
}
