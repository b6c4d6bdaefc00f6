import type { Agent } from "../directory/useDirectory";

/** A chat is called by both identities, sorted and joined. */
export function chatName(one: string, two: string): string {
  return [one, two].sort().join("+");
}

/** Whose chat with `me` has this name; nothing when it is none of `me`'s. */
export function otherIn(name: string, me: string): string | undefined {
  const identities = name.split("+");
  const [one, two] = identities;
  if (identities.length !== 2 || !one || !two || one === two) return undefined;
  return one === me ? two : two === me ? one : undefined;
}

/** The identity of a worker whose telephone is Flex; others cannot be chatted with. */
export function identityOf(agent: Agent): string | undefined {
  const match = /^client:(.+)$/.exec(agent.contactUri ?? "");
  return match?.[1];
}

/** The login that Flex has made an identity of: `alice_40example_2Ecom` is alice@example.com. */
export function loginOf(identity: string): string {
  return identity.replace(/_([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
