import { EventEmitter } from "node:events";
import type { Client, Conversation, Message } from "@twilio/conversations";
import { vi } from "vitest";

type Parts = {
  uniqueName?: string | null;
  attributes?: unknown;
  status?: string;
  state?: string;
  lastRead?: number | null;
  texts?: [author: string, body: string][];
};

let numbers = 0;

/** A conversation as the SDK has it, with its messages; `say` makes one come in. */
export class FakeConversation extends EventEmitter {
  readonly sid = `CH${String((numbers += 1)).padStart(32, "0")}`;
  uniqueName: string | null;
  attributes: unknown;
  status: string;
  state: { current: string };
  lastReadMessageIndex: number | null;
  lastMessage: { index: number; dateCreated: Date } | undefined;
  dateCreated = new Date("2026-11-01T08:00:00Z");
  readonly messages: Message[] = [];
  readonly typing = vi.fn(() => Promise.resolve());
  readonly setAllMessagesRead = vi.fn(() => {
    this.lastReadMessageIndex = this.messages.length - 1;
    return Promise.resolve(0);
  });
  readonly sendMessage = vi.fn((body: string) => Promise.resolve(this.say("alice", body).index));
  readonly getMessages = vi.fn((size: number) => Promise.resolve(this.page(this.messages.length, size)));

  constructor({
    uniqueName = "alice+bob",
    attributes = { internalChat: "internalChat" },
    status = "joined",
    state = "active",
    lastRead = null,
    texts = [],
  }: Parts = {}) {
    super();
    this.uniqueName = uniqueName;
    this.attributes = attributes;
    this.status = status;
    this.state = { current: state };
    this.lastReadMessageIndex = lastRead;
    for (const [author, body] of texts) this.add(author, body);
  }

  get sdk(): Conversation {
    return this as unknown as Conversation;
  }

  add(author: string, body: string, parts: object = {}): Message {
    const index = this.messages.length;
    const dateCreated = new Date(Date.UTC(2026, 10, 20, 9, index));
    const message = {
      sid: `IM${this.sid}${index}`,
      index,
      author,
      body,
      dateCreated,
      conversation: this,
      attachedMedia: [],
      ...parts,
    } as unknown as Message;
    this.messages.push(message);
    this.lastMessage = { index, dateCreated };
    return message;
  }

  /** A message comes in, here and at the client. */
  say(author: string, body: string, parts: object = {}): Message {
    const message = this.add(author, body, parts);
    this.emit("messageAdded", message);
    this.client?.emit("messageAdded", message);
    return message;
  }

  client?: EventEmitter;

  private page(end: number, size: number): object {
    const start = Math.max(0, end - size);
    return {
      items: this.messages.slice(start, end),
      hasPrevPage: start > 0,
      prevPage: () => Promise.resolve(this.page(start, size)),
    };
  }
}

/** The Conversations client of Flex's manager. */
export class FakeClient extends EventEmitter {
  user = { identity: "alice" };
  connectionState = "connected";
  pages: FakeConversation[][] = [];
  readonly getConversationBySid = vi.fn((sid: string) => {
    const found = this.pages.flat().find((conversation) => conversation.sid === sid);
    return found ? Promise.resolve(found.sdk) : Promise.reject(new Error("Not Found"));
  });
  readonly getUser = vi.fn((identity: string) => Promise.resolve({ identity, friendlyName: "" }));
  readonly getSubscribedConversations = vi.fn(() => Promise.resolve(this.page(0)));

  get sdk(): Client {
    return this as unknown as Client;
  }

  has(...pages: FakeConversation[][]): void {
    this.pages = pages;
    for (const conversation of pages.flat()) conversation.client = this;
  }

  joins(conversation: FakeConversation): void {
    conversation.client = this;
    this.pages.push([conversation]);
    this.emit("conversationJoined", conversation);
  }

  private page(at: number): object {
    return {
      items: this.pages[at] ?? [],
      hasNextPage: at + 1 < this.pages.length,
      nextPage: () => Promise.resolve(this.page(at + 1)),
    };
  }
}
