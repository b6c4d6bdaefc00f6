// Webchat end to end: a visitor of the customer's site writes, and the agents are told what the site knows.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import twilio from "twilio";

import { seed } from "../../standin/index.mjs";
import { pause, until } from "./clock.mjs";
import { startEdge } from "./edge.mjs";

const SITE = "https://shop.example";
const USER_SECRET = "site-secret";
const vars = {
  TWILIO_API_KEY: seed.API_KEY,
  TWILIO_API_SECRET: seed.API_SECRET,
  TWILIO_WEBCHAT_ADDRESS_SID: seed.WEBCHAT_ADDRESS_SID,
  ALLOWED_ORIGINS: `https://other.example,${SITE}`,
  WEBCHAT_USER_SECRET: USER_SECRET,
};
const edge = await startEdge({ vars, twilio: { connected: true } });
const guarded = await startEdge({ vars: { ...vars, TURNSTILE_SECRET: seed.TURNSTILE_SECRET } });

let visitors = 0;
/** Asks as the sample's client does, from an address of its own. */
function ask(path, body, { origin = SITE, address = `198.51.100.${(visitors += 1)}`, at = edge } = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", Origin: origin, "CF-Connecting-IP": address };
  return at.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}
const start = (formData, options) => ask("/initWebchat", { formData }, options);
const refresh = (token, options) => ask("/refreshToken", { token }, options);

const signatureOf = (signed, secret) => createHmac("sha256", secret).update(signed).digest("base64url");
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const read = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
function claimsOf(token) {
  const [header, claims, signature] = token.split(".");
  assert.equal(signature, signatureOf(`${header}.${claims}`, seed.API_SECRET));
  return read(token);
}
const now = () => Math.floor(edge.twilio.clock.now() / 1000);
function userToken(claims) {
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ exp: now() + 3600, ...claims })}`;
  return `${signed}.${signatureOf(signed, USER_SECRET)}`;
}
const messagesOf = (sid) => edge.twilio.readConversation(sid).messages;
const taskOf = (sid) => until(() => edge.twilio.state().tasks.find(({ attributes }) => attributes.conversationSid === sid), `a task of ${sid}`);

test("a visitor starts a chat, their question comes in, and their token is refreshed", async () => {
  const { status, body, headers } = await start({ friendlyName: "Ana", email: "ana@example.com", query: "My order?" });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(headers["access-control-allow-origin"], SITE);
  assert.match(body.conversationSid, /^CH/);
  const claims = claimsOf(body.token);
  assert.equal(body.expiration, claims.exp * 1000);
  const token = new twilio.jwt.AccessToken(seed.ACCOUNT_SID, seed.API_KEY, seed.API_SECRET, { identity: claims.grants.identity, ttl: 21_600 });
  token.addGrant(new twilio.jwt.AccessToken.ChatGrant({ serviceSid: seed.CHAT_SERVICE_SID }));
  const theirs = read(token.toJwt());
  assert.deepEqual([claims.grants, claims.iss, claims.sub], [theirs.grants, theirs.iss, theirs.sub]);
  const task = await taskOf(body.conversationSid);
  assert.equal(task.attributes.pre_engagement_data.email, "ana@example.com");
  assert.equal(task.attributes.verified, undefined);
  await until(() => messagesOf(body.conversationSid) === 2, "the question and the welcome");
  const again = await refresh(body.token);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(claimsOf(again.body.token).grants.identity, claims.grants.identity);
  assert.equal(again.body.conversationSid, undefined);
});

test("whoever is signed in comes back to the same chat, at once too, and the task has what the site says", async () => {
  const form = () => ({ query: "Hello?", userToken: userToken({ sub: "customer-7", name: "Ana Archer", email: "ana@example.com" }) });
  const answers = await Promise.all([start(form()), start(form()), start(form())]);
  const sids = new Set(answers.map(({ body }) => body.conversationSid));
  assert.equal(sids.size, 1, JSON.stringify(answers.map(({ body }) => body)));
  const [sid] = sids;
  const { attributes } = await taskOf(sid);
  assert.deepEqual(attributes.verified, { name: "Ana Archer", email: "ana@example.com" });
  assert.equal(attributes.customerName, "Ana Archer");
  await until(() => messagesOf(sid) === 2, "each message once");
  edge.twilio.setState(sid, { state: "closed" });
  await pause(61_000); // that it goes on is believed for a minute
  const { body: later } = await start(form());
  assert.notEqual(later.conversationSid, sid);
  assert.match(later.conversationSid, /^CH/);
});

test("foreign origins, floods and forged tokens are refused", async () => {
  for (const origin of ["https://evil.example", "null"]) assert.equal((await start({}, { origin })).status, 403);
  const address = "192.0.2.77";
  const flood = await Promise.all(Array.from({ length: 30 }, () => start({ friendlyName: 5 }, { address })));
  const limited = flood.filter(({ status }) => status === 429);
  assert.ok(limited.length >= 5 && limited.length <= 10, `${limited.length} of 30 were refused`);
  assert.equal(limited[0].headers["retry-after"], "60");
  const voice = new twilio.jwt.AccessToken(seed.ACCOUNT_SID, seed.API_KEY, seed.API_SECRET, { identity: "alice" });
  voice.addGrant(new twilio.jwt.AccessToken.VoiceGrant({ incomingAllow: true }));
  assert.equal((await refresh(voice.toJwt())).status, 403);
});

test("Turnstile's answer is good once", async () => {
  const form = { friendlyName: "Ana", "cf-turnstile-response": `turnstile-shop.example-${Date.now()}` };
  assert.equal((await start({ friendlyName: "Ana" }, { at: guarded })).status, 400);
  assert.equal((await start(form, { at: guarded })).status, 200);
  assert.equal((await start(form, { at: guarded })).status, 403);
});

test("every request and every answer is as it is described", () => {
  edge.assertValid();
  guarded.assertValid();
});
