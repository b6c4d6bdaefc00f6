import type { Client as ConversationsClient } from "@twilio/conversations";
import type { Agent } from "../directory/useDirectory";
import type { Edge } from "../edge";
import { Observable } from "../flex/observable";
import { identityOf, loginOf } from "./identity";

/** How colleagues are called. Chats know identities only. */
export class Names extends Observable {
  readonly #names = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #edge: Edge;
  readonly #conversations: ConversationsClient | undefined;

  constructor(edge: Edge, conversations: ConversationsClient | undefined) {
    super();
    this.#edge = edge;
    this.#conversations = conversations;
  }

  /** The name, or as long as it is not known the login. */
  of(identity: string): string {
    return this.#names.get(identity) ?? loginOf(identity);
  }

  learn(agents: readonly Agent[]): void {
    const before = this.#names.size;
    for (const agent of agents) {
      const identity = identityOf(agent);
      if (identity) this.#names.set(identity, agent.name);
    }
    if (this.#names.size !== before) this.changed();
  }

  /** Asks the directory, once, for whom it has not shown yet; and Flex's chat for who is no worker any more. */
  async find(identity: string): Promise<void> {
    if (this.#names.has(identity) || this.#asked.has(identity)) return;
    this.#asked.add(identity);
    try {
      const { agents } = await this.#edge.client.ask("/internal-chat/list-agents", {
        search: loginOf(identity),
        limit: 10,
      });
      this.learn(agents);
      if (this.#names.has(identity)) return;
      const user = await this.#conversations?.getUser(identity);
      if (!user?.friendlyName) return;
      this.#names.set(identity, user.friendlyName);
      this.changed();
    } catch {
      // The login does for a name.
    }
  }
}
