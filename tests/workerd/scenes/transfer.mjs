// Conversations change hands: cold, warm, leaving, attributes.
import { agents, chatWithInvite, CL, conversation, FOREIGN, interaction, invite, inviteFields, invitesFor, isIn, join, leave, openInvites, payload, T, takenChat } from "../chats.mjs";
import { isTrue, kept, notAlone, once, overcome, same, untouched } from "../rules.mjs";
import { edge } from "../shared.mjs";

const TOKEN = ["ValidateFlexToken", (it) => it.agent.token];
const PARTICIPANTS = ["ListInteractionChannelParticipant", (it) => it.channelSid];
const INVITES = ["ListInteractionChannelInvite", (it) => it.channelSid];
const CREATE = ["CreateInteractionChannelInvite", (it) => it.channelSid];
const REMOVE = ["UpdateInteractionChannelParticipant", (it) => it.channelSid];
const CLOSE = ["UpdateInteractionChannel", (it) => it.channelSid];
const CONVERSATION = ["FetchConversation", (it) => it.conversationSid];
const MEMBER = ["FetchConversationParticipant", (it) => it.conversationSid];
const NOTE = ["UpdateConversation", (it) => it.conversationSid];
const WORKER = ["FetchWorker", (it) => it.aSid];
const OWN_TASK = ["FetchTask", (it) => it.taskSid];
const DEAD_TASK = ["FetchTask", (it) => it.deadSid];
const OTHER_TASK = ["FetchTask", (it) => it.bTask];

// What holds whatever fails.
function invariants(it, { mayEnd }) {
  const { status, participants } = interaction(it);
  const isOver = status === "closed";
  untouched(!isOver || mayEnd, "the conversation was ended without being asked to");
  notAlone(isOver || agents(it).length > 0 || openInvites(it).length > 0, "the customer is alone");
  untouched(isOver || participants.some(({ sid }) => sid === it.customerParticipantSid), "the customer is out");
  const { survey, note } = conversation(it).attributes;
  kept.equal({ survey, note }, FOREIGN, "somebody's attributes:");
}

/** A scene that looks at each answer, and at what holds whatever fails. */
const scene = ({ look, done, mayEnd = false, ...more }) => ({
  check(it, { answers }) {
    for (const { body } of answers) look(it, body);
    invariants(it, { mayEnd });
  },
  done,
  ...more,
});

const cold = (name, calls, ask, given = () => takenChat()) =>
  scene({
    name,
    calls,
    given,
    ask,
    look(it, body) {
      const invites = invitesFor(it, it.bSid);
      once(invites.length <= 1, `${invites.length} invites for one transfer`);
      if (body.invitesTaskSid) same.equal(body.invitesTaskSid, invites[0]?.taskSid, "the invite:");
      if (body.success) isTrue(!isIn(it, it.participantSid), "the agent is still in");
    },
    done(it) {
      overcome.equal(invitesFor(it, it.bSid).length, 1, "invites:");
      overcome.equal(agents(it), [], "agents:");
    },
  });

const warm = scene({
  name: "warm",
  calls: [TOKEN, PARTICIPANTS, WORKER, CONVERSATION, MEMBER, CREATE, DEAD_TASK, NOTE],
  given: () => takenChat({ dead: true }),
  ask: (it) => invite(it),
  look(it, body) {
    const { invites } = interaction(it);
    once(invites.length <= 1, `${invites.length} invites for one transfer`);
    if (body.success) same.equal(body.invitesTaskSid, invites[0]?.taskSid, "the invite:");
    // A note whose answer was lost when the time was up may stand there all the same.
    if (body.inviteNoted) isTrue(conversation(it).attributes.invites?.[body.invitesTaskSid], "the invite is not noted");
    untouched.equal(agents(it).length, 1, "agents:");
  },
  done: (it) => overcome.equal(interaction(it).invites.length, 1, "invites:"),
});

/** A chat with two agents in it. */
async function twoAgents() {
  const it = await chatWithInvite();
  return { ...it, bTask: it.invite, bParticipant: await join(it, it.b) };
}

const oneOfTwo = scene({
  name: "one of two leaves",
  calls: [TOKEN, PARTICIPANTS, INVITES, CONVERSATION, MEMBER, OTHER_TASK, REMOVE, NOTE],
  given: twoAgents,
  ask: (it) => leave(it),
  look(it, body) {
    untouched(isIn(it, it.bParticipant), "the other agent is out");
    if (body.success) isTrue(!isIn(it, it.participantSid), "the agent is still in");
  },
  done: (it) => overcome(!isIn(it, it.participantSid), "the agent is still in"),
});

const closed = (it) => interaction(it).status === "closed";

const theLast = scene({
  name: "the last one leaves",
  calls: [TOKEN, PARTICIPANTS, INVITES, CONVERSATION, MEMBER, CLOSE],
  given: () => takenChat({ dead: true }),
  ask: (it) => leave(it),
  mayEnd: true,
  look: (it, body) => isTrue(!body.success || closed(it), "the conversation is not closed"),
  done: (it) => overcome(closed(it), "the conversation is not closed"),
});

const both = scene({
  name: "two leave",
  calls: [TOKEN, PARTICIPANTS, INVITES, OTHER_TASK, REMOVE, CLOSE],
  given: twoAgents,
  async ask(it) {
    const answers = await Promise.all([leave(it), leave(it, it.b, it.bParticipant)]);
    return answers.find(({ status }) => status !== 200) ?? answers[0];
  },
  mayEnd: true,
  look: (it, body) => isTrue(!body.success || closed(it), "both have left, and it is not closed"),
  done: (it) => overcome(closed(it), "the conversation is not closed"),
});

const attributes = scene({
  name: "a conversation's attributes",
  calls: [TOKEN, CONVERSATION, MEMBER, DEAD_TASK, NOTE],
  given: () => takenChat({ dead: true }),
  ask: (it) => edge.post(T.update, it.a, { conversationSid: it.conversationSid, attributes: JSON.stringify({ added: "x" }) }),
  look: (it, body) => isTrue(!body.success || conversation(it).attributes.added === "x", "it is not written"),
  done: (it) => overcome.equal(conversation(it).attributes.added, "x", "what was to be written:"),
});

export const transfer = [
  cold(
    "cold, by T",
    [TOKEN, PARTICIPANTS, INVITES, WORKER, CONVERSATION, MEMBER, CREATE, REMOVE, DEAD_TASK, NOTE],
    (it) => invite(it, { cold: true }),
    () => takenChat({ dead: true }),
  ),
  cold("cold, by CL", [OWN_TASK, CREATE, REMOVE], (it) =>
    edge.post(CL.invite, it.a, inviteFields(it, { cold: true, more: { taskChannelUniqueName: undefined } })),
  ),
  cold("cold, by J", [PARTICIPANTS, INVITES, WORKER, CREATE, REMOVE], (it) => edge.postJson("/transferConversation", payload(it))),
  warm,
  oneOfTwo,
  theLast,
  both,
  attributes,
];
