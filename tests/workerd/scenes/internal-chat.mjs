// Two agents open their chat.
import { isTrue, once, overcome, same } from "../rules.mjs";
import { edge, somebody, twilio } from "../shared.mjs";

const open = (agent, participant) => edge.post("/internal-chat/open", agent, { participant });
const chatsOf = (it) => twilio.naming(it.name).conversations;

let last = 0;
/** The chat of two agents; `half`: it is there already, with one of them in it. */
function twoAgents(half) {
  const pair = `pair${String((last += 1)).padStart(5, "0")}`;
  const [one, other] = [somebody({ name: `${pair}a` }).name, somebody({ name: `${pair}b` }).name];
  const uniqueName = `${one}+${other}`;
  const attributes = { internalChat: "internalChat" };
  const chat = half && twilio.conversation({ uniqueName, friendlyName: "internal-chat", attributes, identities: [one] });
  return { one, other, pair, name: uniqueName, ...chat };
}

const TOKEN = ["ValidateFlexToken", (it) => `a.flex.token.of.${it.one}`];
const ONE = ["CreateConversationParticipant", (it) => `Identity=${it.one}`];
const OTHER = ["CreateConversationParticipant", (it) => `Identity=${it.other}`];
const WORKERS = ["ListWorker", (it) => it.pair];
const CHAT = ["FetchConversation", (it) => it.name];
const MEMBERS = ["ListConversationParticipant", (it) => it.conversationSid];
const CREATE = ["CreateConversation", (it) => it.name];

const scene = (name, half, calls) => ({
  name,
  calls,
  given: () => twoAgents(half),
  ask(it) {
    // Now the one asks, now the other.
    it.turn = !it.turn;
    return it.turn ? open(it.one, it.other) : open(it.other, it.one);
  },
  check(it, { worked, answers }) {
    const chats = chatsOf(it);
    once(chats.length <= 1, `${chats.length} chats`);
    const members = chats.map(({ participants }) => participants.map(({ identity }) => identity).sort());
    if (worked) isTrue.equal(members, [[it.one, it.other]], "who is in it:");
    for (const answer of answers) if (answer.worked) same.equal(answer.body.conversationSid, chats[0].sid, "the chat:");
  },
  done: (it) => overcome.equal(chatsOf(it).length, 1, "chats:"),
});

export const internalChat = [
  scene("two agents open a new chat", false, [TOKEN, WORKERS, CHAT, CREATE, ONE, OTHER]),
  scene("two agents open a half-made chat", true, [TOKEN, WORKERS, CHAT, MEMBERS, OTHER]),
];
