import React, { useEffect, useState } from "react";
import { Box } from "@twilio-paste/core/box";
import { Text } from "@twilio-paste/core/text";
import type { Edge } from "../edge";
import { useObservable } from "../flex/observable";
import { useFlexState } from "../flex/state";
import type { Chats } from "./Chats";
import type { Drafts } from "./Composer";
import { Conversation } from "./Conversation";
import { chatName } from "./identity";
import type { Names } from "./Names";
import { People } from "./People";
import type { Pins } from "./Pins";

export const VIEW = "flex-edge-colleagues";

type Props = { edge: Edge; chats: Chats; names: Names; pins: Pins; drafts: Drafts };

/** The view: people on the left, the chat on the right. */
export function Colleagues({ edge, chats, names, pins, drafts }: Props): JSX.Element {
  const words = edge.words.colleagues;
  useObservable(chats);
  const isShown = useFlexState(edge, (flex) => flex.view.activeView === VIEW);
  const [selected, setSelected] = useState<string>();
  const [opening, setOpening] = useState<string>();
  const chat = chats.named(selected && chatName(chats.me, selected));

  useEffect(() => {
    if (isShown && pins.status === "new") void pins.load();
  }, [isShown, pins]);
  // Read is what is seen.
  useEffect(() => {
    chats.show(isShown ? chat?.name : undefined);
    return () => chats.show(undefined);
  }, [chats, isShown, chat?.name]);

  const select = async (identity: string) => {
    setOpening(identity);
    const chat = await chats.open(identity, names.of(identity));
    setOpening((opening) => (opening === identity ? undefined : opening));
    if (chat) setSelected(identity);
  };

  return (
    <Box
      display="flex"
      width="100%"
      height="100%"
      minHeight="size0"
      backgroundColor="colorBackgroundBody"
      data-testid="flex-edge-colleagues"
    >
      <People
        edge={edge}
        chats={chats}
        names={names}
        pins={pins}
        isShown={isShown}
        selected={chat?.other}
        opening={opening}
        onSelect={(identity) => void select(identity)}
      />
      {chat ? (
        <Conversation
          key={chat.conversation.sid}
          edge={edge}
          chats={chats}
          names={names}
          pins={pins}
          drafts={drafts}
          chat={chat}
        />
      ) : (
        <Box flex="1" display="flex" alignItems="center" justifyContent="center">
          <Text as="p" color="colorTextWeak">
            {words.choose}
          </Text>
        </Box>
      )}
    </Box>
  );
}
