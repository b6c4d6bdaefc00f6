import React from "react";
import { Badge } from "@twilio-paste/core/badge";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { ScreenReaderOnly } from "@twilio-paste/core/screen-reader-only";
import { Text } from "@twilio-paste/core/text";
import { Truncate } from "@twilio-paste/core/truncate";
import type { Edge } from "../edge";

type EntryProps = {
  edge: Edge;
  name: string;
  detail: string | null | undefined;
  unread: number;
  isSelected: boolean;
  isOpening: boolean;
  onOpen: () => void;
};

/** One of them, a button. */
export function Entry({ edge, name, detail, unread, isSelected, isOpening, onOpen }: EntryProps): JSX.Element {
  const words = edge.words.colleagues;
  return (
    <Box as="li" backgroundColor={isSelected ? "colorBackgroundPrimaryWeakest" : "none"} borderRadius="borderRadius20">
      <Button
        variant="reset"
        size="reset"
        fullWidth
        loading={isOpening}
        aria-current={isSelected ? "true" : undefined}
        onClick={onOpen}
      >
        <Box display="flex" width="100%" alignItems="center" columnGap="space30" paddingY="space20" paddingX="space30">
          <Box flex="1" minWidth="size0" textAlign="left">
            <ScreenReaderOnly as="span">{words.chatWith} </ScreenReaderOnly>
            <Text as="span" fontWeight={unread > 0 ? "fontWeightBold" : "fontWeightNormal"}>
              <Truncate title={name}>{name}</Truncate>
            </Text>
            {detail && (
              <Text as="span" display="block" color="colorTextWeak" fontSize="fontSize20">
                {` ${detail}`}
              </Text>
            )}
          </Box>
          {unread > 0 && (
            <Badge as="span" variant="new">
              {` ${unread}`}
              <ScreenReaderOnly as="span"> {words.unread}</ScreenReaderOnly>
            </Badge>
          )}
        </Box>
      </Button>
    </Box>
  );
}
