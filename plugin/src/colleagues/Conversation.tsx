import React, { useEffect, useRef } from "react";
import type { Media, Message } from "@twilio/conversations";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { ChatBubble, ChatLog, ChatMessage, ChatMessageMeta, ChatMessageMetaItem } from "@twilio-paste/core/chat-log";
import { Heading } from "@twilio-paste/core/heading";
import { Text } from "@twilio-paste/core/text";
import { AttachmentIcon } from "@twilio-paste/icons/esm/AttachmentIcon";
import { PinIcon } from "@twilio-paste/icons/esm/PinIcon";
import { UnpinIcon } from "@twilio-paste/icons/esm/UnpinIcon";
import type { Edge } from "../edge";
import { useObservable } from "../flex/observable";
import type { Chat, Chats } from "./Chats";
import { Composer } from "./Composer";
import type { Drafts } from "./Composer";
import type { Names } from "./Names";
import type { Pins } from "./Pins";
import { useMessages } from "./useMessages";

type Props = { edge: Edge; chats: Chats; names: Names; pins: Pins; drafts: Drafts; chat: Chat };

/** One chat: who it is with, the messages, a place to write. */
export function Conversation({ edge, chats, names, pins, drafts, chat }: Props): JSX.Element {
  const words = edge.words.colleagues;
  useObservable(pins);
  useObservable(names);
  const { messages, status, hasEarlier, loadEarlier, retry } = useMessages(edge, chat.conversation);
  const name = names.of(chat.other);
  const isPinned = pins.has(chat.name);
  const pinWords = isPinned ? words.unpin(name) : words.pin(name);
  const log = useLatestInSight(messages[messages.length - 1]?.sid, chat.isTyping);

  return (
    <Box as="section" aria-label={name} display="flex" flexDirection="column" flex="1" minWidth="size0" height="100%">
      <Box
        display="flex"
        alignItems="center"
        justifyContent="space-between"
        padding="space50"
        borderBottomWidth="borderWidth10"
        borderBottomStyle="solid"
        borderBottomColor="colorBorderWeaker"
      >
        <Heading as="h3" variant="heading30" marginBottom="space0">
          {name}
        </Heading>
        <Button
          variant="secondary"
          size="icon_small"
          aria-label={pinWords}
          title={pinWords}
          onClick={() => void (isPinned ? pins.unpin(chat.name) : pins.pin(chat.name))}
        >
          {isPinned ? <UnpinIcon decorative /> : <PinIcon decorative />}
        </Button>
      </Box>
      <Box
        ref={log}
        flex="1"
        overflowY="auto"
        tabIndex={0}
        role="region"
        aria-label={words.messages(name)}
        padding="space40"
      >
        {hasEarlier && (
          <Box textAlign="center">
            <Button variant="link" loading={status === "loading"} onClick={loadEarlier}>
              {words.earlier}
            </Button>
          </Box>
        )}
        {messages.length === 0 && (
          <Text as="p" role="status" textAlign="center" color="colorTextWeak">
            {status === "loading" ? words.loading : status === "failed" ? words.historyFailed : words.noMessages}
          </Text>
        )}
        {status === "failed" && (
          <Button variant="secondary" size="small" onClick={retry}>
            {words.retry}
          </Button>
        )}
        <ChatLog aria-label={words.messages(name)}>
          {messages.map((message) => (
            <Bubble key={message.sid} edge={edge} message={message} isMine={message.author === chats.me} from={name} />
          ))}
        </ChatLog>
        <Text as="p" role="status" fontStyle="italic" color="colorTextWeak" fontSize="fontSize20">
          {chat.isTyping ? words.typing(name) : ""}
        </Text>
      </Box>
      <Composer edge={edge} chat={chat} drafts={drafts} name={name} isConnected={chats.isConnected} />
    </Box>
  );
}

/** New messages are scrolled to; earlier ones, which come in above, are not. */
function useLatestInSight(latest: string | undefined, isTyping: boolean): React.RefObject<HTMLDivElement> {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (current) current.scrollTop = current.scrollHeight;
  }, [latest, isTyping]);
  return box;
}

type BubbleProps = { edge: Edge; message: Message; isMine: boolean; from: string };

function Bubble({ edge, message, isMine, from }: BubbleProps): JSX.Element {
  const words = edge.words.colleagues;
  const variant = isMine ? "outbound" : "inbound";
  const author = isMine ? words.you : from;
  const time =
    message.dateCreated?.toLocaleTimeString(edge.manager.localization?.localeTag, { timeStyle: "short" }) ?? "";
  return (
    <ChatMessage variant={variant}>
      {message.body && <ChatBubble>{message.body}</ChatBubble>}
      {(message.attachedMedia ?? []).map((media) => (
        <ChatBubble key={media.sid}>
          <Button variant="link" onClick={() => void openMedia(edge, media)}>
            <AttachmentIcon decorative />
            {words.attachment(media.filename ?? media.contentType)}
          </Button>
        </ChatBubble>
      ))}
      <ChatMessageMeta aria-label={`${author}, ${time}`}>
        <ChatMessageMetaItem>{`${author} · ${time}`}</ChatMessageMetaItem>
      </ChatMessageMeta>
    </ChatMessage>
  );
}

async function openMedia(edge: Edge, media: Media): Promise<void> {
  try {
    const url = await media.getContentTemporaryUrl();
    if (url) window.open(url, "_blank", "noopener");
  } catch (error) {
    edge.notices.failed(edge.words.colleagues.attachmentFailed, error);
  }
}
