import React from "react";
import { Box } from "@twilio-paste/core/box";
import { Text } from "@twilio-paste/core/text";
import type { Edge } from "../edge";
import { useObservable } from "../flex/observable";
import { addView } from "../flex/view";
import { Chats } from "./Chats";
import { Colleagues, VIEW } from "./Colleagues";
import { Names } from "./Names";
import { Pins } from "./Pins";

/** Chat with colleagues. */
export function start(edge: Edge): void {
  const words = edge.words.colleagues;
  const conversations = edge.manager.conversationsClient;
  // Flex goes on without its chat when that does not start.
  if (!conversations) {
    const sorry = (
      <Box padding="space70">
        <Text as="p">{words.noClient}</Text>
      </Box>
    );
    addView(edge, VIEW, "Message", () => ({ text: words.title }), sorry);
    return;
  }
  const chats = new Chats(edge, conversations);
  const names = new Names(edge, conversations);
  const pins = new Pins(edge, chats.me);
  const useLabel = () => {
    useObservable(chats);
    const count = chats.unread;
    return { text: count > 0 ? words.titleUnread(count) : words.title, count };
  };
  addView(
    edge,
    VIEW,
    "Message",
    useLabel,
    <Colleagues edge={edge} chats={chats} names={names} pins={pins} drafts={new Map()} />,
  );
  void chats.load();
}
