import type { Client as ConversationsClient, Conversation, Message, Participant } from "@twilio/conversations";
import type { Failure } from "../api/failure";
import type { Edge } from "../edge";
import { Observable } from "../flex/observable";
import { chatName, otherIn } from "./identity";

/** The mark of the internal chat plugin, and of the Worker. */
const MARK = "internalChat";
/** A chat that the Worker has just opened is not there for Flex's chat at once. */
const ARRIVES = { tries: 5, pause: 400 };

export interface Chat {
  name: string;
  /** The other agent's identity. */
  other: string;
  conversation: Conversation;
  unread: number;
  isTyping: boolean;
}

/**
 * The agent's chats with colleagues, over Flex's own Conversations client. It listens to the client and never to a conversation:
 * others, Flex among them, listen there and take their listeners off as they please.
 */
export class Chats extends Observable {
  status: "loading" | "ready" | "failed" = "loading";
  isConnected: boolean;
  /** The name of the chat on the screen: what comes in there is read. */
  #shown: string | undefined;
  readonly me: string;
  readonly #edge: Edge;
  readonly #client: ConversationsClient;
  readonly #chats = new Map<string, Chat>();

  constructor(edge: Edge, client: ConversationsClient) {
    super();
    this.#edge = edge;
    this.#client = client;
    this.me = client.user.identity;
    this.isConnected = client.connectionState === "connected";
    client.on("conversationJoined", (conversation) => this.#take(conversation));
    client.on("conversationLeft", (conversation) => this.#drop(conversation));
    client.on("conversationRemoved", (conversation) => this.#drop(conversation));
    client.on("conversationUpdated", ({ conversation }) => this.#take(conversation));
    client.on("messageAdded", (message) => this.#added(message));
    client.on("typingStarted", (participant) => this.#typing(participant, true));
    client.on("typingEnded", (participant) => this.#typing(participant, false));
    client.on("connectionStateChanged", (state) => {
      this.isConnected = state === "connected";
      this.changed();
    });
  }

  /** The latest first. */
  get all(): Chat[] {
    return [...this.#chats.values()].sort((one, two) => lastActive(two.conversation) - lastActive(one.conversation));
  }

  get unread(): number {
    return [...this.#chats.values()].reduce((sum, chat) => sum + chat.unread, 0);
  }

  named(name: string | undefined): Chat | undefined {
    return name === undefined ? undefined : this.#chats.get(name);
  }

  async load(): Promise<void> {
    this.status = "loading";
    this.changed();
    try {
      let page = await this.#client.getSubscribedConversations();
      for (;;) {
        for (const conversation of page.items) this.#take(conversation);
        if (!page.hasNextPage) break;
        page = await page.nextPage();
      }
      this.status = "ready";
    } catch (error) {
      this.status = "failed";
      this.#edge.notices.failed(this.#edge.words.colleagues.listFailed, error);
    }
    this.changed();
  }

  /** Finds or makes the chat with a colleague; the Worker puts both in. Nothing when that fails, which is told. */
  async open(identity: string, name: string): Promise<Chat | undefined> {
    const known = this.#chats.get(chatName(this.me, identity));
    if (known) return known;
    const words = this.#edge.words.colleagues;
    try {
      const { conversationSid } = await this.#edge.client.ask("/internal-chat/open", { participant: identity });
      return await this.#arrived(conversationSid);
    } catch (error) {
      this.#edge.notices.failed(words.openFailed(name), error, (failure: Failure) => {
        if (failure.reason === "conflict") return words.unusable;
        return failure.text("field") === "participant" ? words.notAnAgent : undefined;
      });
      return undefined;
    }
  }

  /** Says which chat is on the screen; all of it is read then. */
  show(name: string | undefined): void {
    this.#shown = name;
    const chat = this.named(name);
    if (chat) this.#read(chat);
  }

  async #arrived(sid: string): Promise<Chat> {
    for (let tries = 1; ; tries += 1) {
      try {
        const conversation = await this.#client.getConversationBySid(sid);
        this.#take(conversation);
        const chat = this.named(conversation.uniqueName ?? undefined);
        if (chat) return chat;
        throw new Error("the chat has not arrived");
      } catch (error) {
        if (tries >= ARRIVES.tries) throw error;
        await new Promise((resume) => setTimeout(resume, ARRIVES.pause * tries));
      }
    }
  }

  #take(conversation: Conversation): void {
    const name = conversation.uniqueName ?? "";
    const other = otherIn(name, this.me);
    const state = conversation.state?.current ?? "active";
    const isChat = isMarked(conversation) && conversation.status === "joined" && state !== "closed";
    if (!isChat || other === undefined) return this.#drop(conversation);
    const isTyping = this.#chats.get(name)?.isTyping ?? false;
    const chat = { name, other, conversation, isTyping, unread: unreadOf(conversation) };
    this.#chats.set(name, chat);
    if (name === this.#shown) this.#read(chat);
    this.changed();
  }

  /** By its SID: a chat that the clean-up has closed has lost its name. */
  #drop(conversation: Conversation): void {
    for (const [name, chat] of this.#chats) {
      if (chat.conversation.sid !== conversation.sid) continue;
      this.#chats.delete(name);
      this.changed();
    }
  }

  #added(message: Message): void {
    const chat = this.named(message.conversation.uniqueName ?? undefined);
    if (!chat) return;
    if (message.author === this.me || chat.name === this.#shown) this.#read(chat);
    else chat.unread = Math.max(chat.unread, message.index - (chat.conversation.lastReadMessageIndex ?? -1));
    if (message.author !== this.me) chat.isTyping = false;
    this.changed();
  }

  #typing(participant: Participant, isTyping: boolean): void {
    const chat = this.named(participant.conversation.uniqueName ?? undefined);
    if (!chat || participant.identity !== chat.other) return;
    chat.isTyping = isTyping;
    this.changed();
  }

  #read(chat: Chat): void {
    if (chat.unread > 0) {
      chat.unread = 0;
      this.changed();
    }
    // What cannot be marked as read now is unread again after the next load, and nothing is lost.
    if (unreadOf(chat.conversation) > 0) chat.conversation.setAllMessagesRead().catch(() => undefined);
  }
}

function isMarked(conversation: Conversation): boolean {
  const { attributes } = conversation;
  return typeof attributes === "object" && attributes !== null && !Array.isArray(attributes) && MARK in attributes;
}

function unreadOf(conversation: Conversation): number {
  return Math.max(0, (conversation.lastMessage?.index ?? -1) - (conversation.lastReadMessageIndex ?? -1));
}

function lastActive(conversation: Conversation): number {
  return (conversation.lastMessage?.dateCreated ?? conversation.dateCreated)?.getTime() ?? 0;
}
