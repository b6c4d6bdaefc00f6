import { useCallback, useEffect, useRef, useState } from "react";
import type { Conversation, Message, Paginator } from "@twilio/conversations";
import type { Edge } from "../edge";

const PAGE = 30;

export interface Messages {
  messages: readonly Message[];
  status: "loading" | "ready" | "failed";
  hasEarlier: boolean;
  loadEarlier: () => void;
  retry: () => void;
}

type Known = { messages: readonly Message[]; status: Messages["status"]; page: Paginator<Message> | undefined };
const NOTHING: Known = { messages: [], status: "loading", page: undefined };

/** The messages of one chat, the latest page first, and what comes in while it is looked at. */
export function useMessages(edge: Edge, conversation: Conversation): Messages {
  const [known, setKnown] = useState<Known>(NOTHING);
  const current = useRef(conversation);
  current.current = conversation;

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
