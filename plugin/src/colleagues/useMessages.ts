import { useCallback, useEffect, useRef, useState } from "react";
import type { Conversation, Message, Paginator } from "@twilio/conversations";
import type { Edge } from "../edge";

const PAGE = 30;
/** How long a message may be known of and not come in. */
const LATE = 700;

export interface Messages {
  messages: readonly Message[];
  status: "loading" | "ready" | "failed";
  hasEarlier: boolean;
  loadEarlier: () => void;
  retry: () => void;
}

type Known = { messages: readonly Message[]; status: Messages["status"]; page: Paginator<Message> | undefined };
const NOTHING: Known = { messages: [], status: "loading", page: undefined };

/**
 * The messages of one chat, the latest page first, and what comes in while it is looked at. A message that comes in just when the
 * SDK begins to listen to a chat is swallowed there; the chat knows of it all the same (`latest`), and it is read then.
 */
export function useMessages(edge: Edge, conversation: Conversation): Messages {
  const [known, setKnown] = useState<Known>(NOTHING);
  const current = useRef(conversation);
  current.current = conversation;
  const sought = useRef(-1);

  const fetchPage = useCallback(
    async (fetch: () => Promise<Paginator<Message>>) => {
      setKnown((known) => ({ ...known, status: "loading" }));
      try {
        const page = await fetch();
        if (current.current !== conversation) return;
        setKnown((known) => ({ messages: merged(page.items, known.messages), status: "ready", page }));
      } catch (error) {
        if (current.current !== conversation) return;
        setKnown((known) => ({ ...known, status: "failed" }));
        edge.notices.failed(edge.words.colleagues.historyFailed, error);
      }
    },
    [edge, conversation],
  );

  const load = useCallback(() => fetchPage(() => conversation.getMessages(PAGE)), [fetchPage, conversation]);

  useEffect(() => {
    const added = (message: Message) =>
      setKnown((known) => ({ ...known, messages: merged(known.messages, [message]) }));
    const updated = ({ message }: { message: Message }) => added(message);
    const removed = (message: Message) =>
      setKnown((known) => ({ ...known, messages: known.messages.filter((other) => other.sid !== message.sid) }));
    setKnown(NOTHING);
    sought.current = -1;
    conversation.on("messageAdded", added);
    conversation.on("messageUpdated", updated);
    conversation.on("messageRemoved", removed);
    void load();
    return () => {
      conversation.removeListener("messageAdded", added);
      conversation.removeListener("messageUpdated", updated);
      conversation.removeListener("messageRemoved", removed);
    };
  }, [conversation, load]);

  const { page, messages, status } = known;
  const latest = conversation.lastMessage?.index ?? -1;
  const isLate = status === "ready" && latest > (messages[messages.length - 1]?.index ?? -1);
  useEffect(() => {
    // Once for each: the latest one may have been taken away again.
    if (!isLate || sought.current === latest) return;
    const timer = setTimeout(() => {
      sought.current = latest;
      void load();
    }, LATE);
    return () => clearTimeout(timer);
  }, [isLate, latest, load]);

  return {
    messages,
    status,
    hasEarlier: page?.hasPrevPage ?? false,
    loadEarlier: () => void (page && fetchPage(() => page.prevPage())),
    retry: () => void load(),
  };
}

/** In order, each once; the later list has the newer copies. */
function merged(one: readonly Message[], two: readonly Message[]): Message[] {
  const bySid = new Map([...one, ...two].map((message) => [message.sid, message]));
  return [...bySid.values()].sort((one, two) => one.index - two.index);
}
