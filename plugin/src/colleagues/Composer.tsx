import React, { useState } from "react";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Label } from "@twilio-paste/core/label";
import { Text } from "@twilio-paste/core/text";
import { TextArea } from "@twilio-paste/core/textarea";
import { SendIcon } from "@twilio-paste/icons/esm/SendIcon";
import type { Edge } from "../edge";
import type { Chat } from "./Chats";

/** What was written and not sent, by the chat's name: it outlives a look at another chat. */
export type Drafts = Map<string, string>;

type Props = { edge: Edge; chat: Chat; drafts: Drafts; name: string; isConnected: boolean };

/** Enter sends, Shift and Enter begins a line. */
export function Composer({ edge, chat, drafts, name, isConnected }: Props): JSX.Element {
  const words = edge.words.colleagues;
  const [text, setText] = useState(drafts.get(chat.name) ?? "");
  const [isSending, setIsSending] = useState(false);
  const id = `flex-edge-message-${chat.conversation.sid}`;

  const write = (text: string) => {
    drafts.set(chat.name, text);
    setText(text);
  };

  const send = async () => {
    const body = text.trim();
    if (body === "" || isSending) return;
    setIsSending(true);
    try {
      await chat.conversation.sendMessage(body);
      // What was typed meanwhile stays.
      write((drafts.get(chat.name) ?? "") === text ? "" : (drafts.get(chat.name) ?? ""));
    } catch (error) {
      edge.notices.failed(words.sendFailed, error);
    }
    setIsSending(false);
  };

  return (
    <Box padding="space40" borderTopWidth="borderWidth10" borderTopStyle="solid" borderTopColor="colorBorderWeaker">
      {!isConnected && (
        <Text as="p" role="status" color="colorTextWarningStrong" marginBottom="space30">
          {words.notConnected}
        </Text>
      )}
      <Label htmlFor={id}>{words.write(name)}</Label>
      <Box display="flex" columnGap="space30" alignItems="flex-end">
        <Box flex="1">
          <TextArea
            id={id}
            value={text}
            onChange={(event) => {
              write(event.target.value);
              // Seen by the other agent; nothing depends on it.
              chat.conversation.typing().catch(() => undefined);
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              void send();
            }}
          />
        </Box>
        <Button variant="primary" loading={isSending} onClick={() => void send()}>
          <SendIcon decorative />
          {words.send}
        </Button>
      </Box>
    </Box>
  );
}
