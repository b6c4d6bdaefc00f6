// Two agents open their chat.
import { ask, crowd, MARKED, named } from "../crowd.mjs";
import { isTrue, once, overcome, same } from "../rules.mjs";

let last = 0;

/** The chat of two agents; `half`: it is there already, with one of them in it. */
function twoAgents(half) {
  const number = String((last += 1)).padStart(5, "0");
  const [one, other] = ["a", "b"].map((letter) => `case${number}${letter}`);
  const [agent] = [one, other].map((name) => crowd.twilio.addWorker({ name }));
  const uniqueName = `${one}+${other}`;
  const chat = half && crowd.twilio.conversation({ uniqueName, friendlyName: "internal-chat", attributes: MARKED, identities: [one] });
  return { one, other, agent, name: uniqueName, number, ...chat };
}

const ONE = ["CreateConversationParticipant", (it) => `Identity=${it.one}`];
const OTHER = ["CreateConversationParticipant", (it) => `Identity=${it.other}`];
const WORKERS = ["ListWorker", (it) => `case${it.number}`];
const CHAT = ["FetchConversation", (it) => it.name];
const MEMBERS = ["ListConversationParticipant", (it) => it.conversationSid];
const CREATE = ["CreateConversation", (it) => it.name];

const scene = (name, half, calls) => ({
  name,
  edge: crowd,
  calls,
  given: () => twoAgents(half),
  async ask(it) {
    // Now the one asks, now the other.
    it.turn = !it.turn;
    return it.turn ? ask(it.one, "open", { participant: it.other }) : ask(it.other, "open", { participant: it.one });
  },
  check(it, { worked, answers }) {
    const chats = named(it.name);
    once(chats.length <= 1, `${chats.length} chats`);
    const members = chats.map(({ participants }) => participants.map(({ identity }) => identity).sort());
    if (worked) isTrue.equal(members, [[it.one, it.other]], "who is in it:");
    for (const answer of answers) if (answer.worked) same.equal(answer.body.conversationSid, chats[0].sid, "the chat:");
  },
  done: (it) => overcome.equal(named(it.name).length, 1, "chats:"),
});

export const internalChat = [
  scene("two agents open a new chat", false, [WORKERS, CHAT, CREATE, ONE, OTHER]),
  scene("two agents open a half-made chat", true, [WORKERS, CHAT, MEMBERS, OTHER]),
];
