import { Failure } from "../api/failure";
import type { Edge } from "../edge";
import { Observable } from "../flex/observable";
import { otherIn } from "./identity";

/** Where the internal chat plugin kept its pins: of everybody who has used this browser. */
const FORMER_PLACE = "PinnedChats";

/** The agent's pinned chats, by name, as the Worker keeps them for all devices. */
export class Pins extends Observable {
  names: readonly string[] = [];
  status: "new" | "loading" | "ready" | "failed" = "new";
  readonly #edge: Edge;
  readonly #me: string;

  constructor(edge: Edge, me: string) {
    super();
    this.#edge = edge;
    this.#me = me;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  async load(): Promise<void> {
    if (this.status === "loading") return;
    this.#set("loading", this.names);
    try {
      const { pins } = await this.#edge.client.ask("/internal-chat/list-pins", {});
      this.#set("ready", pins);
    } catch (error) {
      this.#set("failed", this.names);
      this.#edge.notices.failed(this.#edge.words.colleagues.pinsFailed, error);
      return;
    }
    await this.#moveIn();
  }

  /** Shown at once, and taken back if it does not work. The Worker's answer is the truth. */
  async pin(name: string): Promise<void> {
    const words = this.#edge.words.colleagues;
    this.#set(this.status, this.has(name) ? this.names : [...this.names, name]);
    try {
      const { pins } = await this.#edge.client.ask("/internal-chat/pin", { conversation: name });
      this.#set("ready", pins);
    } catch (error) {
      this.#set(
        this.status,
        this.names.filter((other) => other !== name),
      );
      this.#edge.notices.failed(words.pinFailed, error, (failure) => {
        const limit = failure.body.limit;
        return typeof limit === "number" ? words.tooMany(String(limit)) : undefined;
      });
    }
  }

  async unpin(name: string): Promise<void> {
    const before = this.names;
    this.#set(
      this.status,
      before.filter((other) => other !== name),
    );
    try {
      await this.#edge.client.ask("/internal-chat/unpin", { conversation: name });
    } catch (error) {
      if (!this.has(name)) this.#set(this.status, before);
      this.#edge.notices.failed(this.#edge.words.colleagues.unpinFailed, error);
    }
  }

  /** Once: the agent's own pins come over, other people's stay for them. What fails is tried again the next time. */
  async #moveIn(): Promise<void> {
    const former = formerPins();
    const own = former.filter((name) => otherIn(name, this.#me) !== undefined);
    if (own.length === 0) return;
    try {
      const { pins } = await this.#edge.client.ask("/internal-chat/pin", { conversations: JSON.stringify(own) });
      const others = former.filter((name) => !own.includes(name));
      if (others.length === 0) localStorage.removeItem(FORMER_PLACE);
      else localStorage.setItem(FORMER_PLACE, JSON.stringify(others));
      this.#set("ready", pins);
    } catch (error) {
      if (!(error instanceof Failure)) console.warn("flex-edge: the former pins could not be read", error);
    }
  }

  #set(status: Pins["status"], names: readonly string[]): void {
    this.status = status;
    this.names = names;
    this.changed();
  }
}

function formerPins(): string[] {
  try {
    const pins: unknown = JSON.parse(localStorage.getItem(FORMER_PLACE) ?? "[]");
    return Array.isArray(pins) ? pins.filter((name): name is string => typeof name === "string") : [];
  } catch {
    return [];
  }
}
