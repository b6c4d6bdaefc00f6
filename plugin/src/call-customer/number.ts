import { membersOf, textOf, type Attributes } from "../flex/tasks";

/**
 * Whether a chat's customer can be dialled: the Worker looks at the same attributes, and makes a number of what it finds there.
 * E-mail addresses and names of web chats are none.
 */
export function hasNumber(attributes: Attributes): boolean {
  const addresses = [
    textOf(attributes, "customerAddress"),
    textOf(attributes, "from"),
    textOf(membersOf(attributes, "customers"), "phone"),
  ];
  return addresses.some((address) => address !== undefined && isNumber(address));
}

function isNumber(address: string): boolean {
  const bare = address.replace(/^(whatsapp|sms|tel):/, "").trim();
  return /^\+?[\d\s().\-/]+$/.test(bare) && bare.replace(/\D/g, "").length > 3;
}
