// Visitors of the customer's own site, as the sample's client asks for them, of a Worker that has webchat set up (`connected.mjs`).
import { createHmac } from "node:crypto";

import { edge, twilio } from "./shared.mjs";
import { SITE, USER_SECRET } from "./world.mjs";

let last = 0;
/** Asks as the client does, from an address of its own: so many come from one only. */
function ask(path, body, at) {
  last += 1;
  const address = `198.51.${Math.floor(last / 250) % 250}.${last % 250}`;
  const headers = { "Content-Type": "application/json", Origin: SITE, "CF-Connecting-IP": address };
  return at.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}
export const start = (formData, { at = edge } = {}) => ask("/initWebchat", { formData }, at);
export const refresh = (token, { at = edge } = {}) => ask("/refreshToken", { token }, at);

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
export const identityIn = (token) => claimsOf(token).grants.identity;

/** A chat that has been started, and in which nothing stands yet. */
export async function startChat(formData = {}) {
  const { status, body } = await start(formData);
  if (status !== 200) throw new Error(`no chat: ${status} ${JSON.stringify(body)}`);
  return { token: body.token, conversationSid: body.conversationSid, identity: identityIn(body.token) };
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** The site's word who is signed in there, and the identity that they have in their chats. */
export function signedIn(sub) {
  const exp = Math.floor(twilio.clock.now() / 1000) + 3600;
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ sub, exp })}`;
  const hmac = (text) => createHmac("sha256", USER_SECRET).update(text);
  return { userToken: `${signed}.${hmac(signed).digest("base64url")}`, identity: `webchat-${hmac(`identity\n${sub}`).digest("hex")}` };
}
