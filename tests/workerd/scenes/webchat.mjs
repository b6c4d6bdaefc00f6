// Visitors of the customer's own site start a chat, and have their token renewed.
import { brief } from "../faults.mjs";
import { pause, watch } from "../clock.mjs";
import { isTrue, once, overcome, same, untouched } from "../rules.mjs";
import { twilio } from "../shared.mjs";
import { identityIn, refresh, signedIn, start, startChat } from "../webchats.mjs";

let last = 0;
/** A name that nobody else has. */
const nobodyElse = () => `Visitor${String((last += 1)).padStart(5, "0")}`;
const messagesOf = (sid) => twilio.readConversation(sid).messages;

const CREATE = ["CreateWebChannel", (it) => it.name];
const ASK = ["CreateConversationMessage", (it) => it.query];
const WELCOME = ["CreateConversationMessage", (it) => `Welcome ${it.name}`];
const SEARCH = ["ListConversationMessage", (it) => it.conversationSid];
const CHATS = ["ListParticipantConversation", (it) => it.identity];
const CONVERSATION = ["FetchConversation", (it) => it.conversationSid];

/** A visitor with a question; what it brings about is told of in the scenes of those who come in. */
function visitor(more = {}) {
  const name = nobodyElse();
  const query = `Where is the order of ${name}?`;
  twilio.webhookMode({ mode: "never", contains: query });
  return { name, query, form: { friendlyName: name, query }, ...more };
}

const startedBy = (answers) => answers.filter(({ worked }) => worked).map(({ body }) => body);

const anonymous = {
  name: "a visitor starts a chat",
  behind: true,
  calls: [CREATE, ASK, brief(WELCOME)],
  given: () => visitor(),
  ask: (it) => start(it.form),
  async check(it, { answers }) {
    for (const { conversationSid, token } of startedBy(answers)) {
      const { participants, attributes } = twilio.readConversation(conversationSid);
      isTrue.equal(participants.map(({ identity }) => identity), [identityIn(token)], "who is in the chat:");
      isTrue.equal(attributes.pre_engagement_data.friendlyName, it.name, "what the agents are told:");
      once(messagesOf(conversationSid) <= 2, "a message stands there twice");
    }
  },
  async done(it, { body }) {
    await overcome.soon(() => messagesOf(body.conversationSid) === 2, "the question and the welcome are not there", 60_000);
  },
};

/** Somebody who is signed in at the site. */
function customer() {
  const name = nobodyElse();
  return visitor({ name, ...signedIn(name) });
}
async function withChat() {
  const it = customer();
  const { conversationSid } = await startChat({ userToken: it.userToken, friendlyName: it.name });
  return { ...it, conversationSid };
}
/** The same, and the first answer to that call is lost. */
const lost = (given, [operationId, find]) => async () => {
  const it = await given();
  twilio.addFault({ operationId, contains: find(it), fault: "lost-after" });
  return it;
};

const signed = (name, calls, given, more) => ({
  name,
  behind: true,
  calls,
  given,
  ask: (it) => start({ ...it.form, friendlyName: it.name, userToken: it.userToken }),
  check(it, { answers }) {
    const sids = new Set(startedBy(answers).map(({ conversationSid }) => conversationSid));
    same(sids.size <= 1, `${sids.size} chats of one customer`);
    for (const { token } of startedBy(answers)) same.equal(identityIn(token), it.identity, "who they are:");
    for (const sid of sids) once(messagesOf(sid) <= 2, "a message stands there twice");
  },
  async done(it, { body: { conversationSid } }) {
    if (it.conversationSid) same.equal(conversationSid, it.conversationSid, "the chat:");
    await overcome.soon(() => messagesOf(conversationSid) === 2, "the question and the welcome are not there", 60_000);
  },
  ...more,
});

// That a chat goes on is believed for a minute: these are begun before anything else is played.
const begun = { chats: await Promise.all(Array.from({ length: 13 }, () => startChat())), past: watch() };

const refreshing = {
  name: "a visitor's token is renewed",
  behind: true,
  calls: [brief(CONVERSATION)],
  async given() {
    await pause(Math.max(61_000 - begun.past(), 0));
    return begun.chats.pop();
  },
  ask: (it) => refresh(it.token),
  check(it, { answers }) {
    for (const { token } of startedBy(answers)) same.equal(identityIn(token), it.identity, "whose token it is:");
    untouched.equal(messagesOf(it.conversationSid), 0, "messages:");
  },
};

export const webchat = [
  anonymous,
  signed("somebody who is signed in starts a chat", [CREATE], customer),
  signed("somebody who is signed in starts a chat, after a search", [brief(CHATS)], lost(customer, CREATE)),
  signed("somebody who is signed in comes back", [brief(SEARCH)], lost(withChat, ASK)),
  refreshing,
];
