// A conversation is parked, and comes back: by hand, and by what the customer writes.
import { brief } from "../faults.mjs";
import { agents, conversation, FOREIGN, isIn, openInvites, park, parkedChat, takenChat, unpark } from "../chats.mjs";
import { isTrue, kept, notAlone, once, overcome, same } from "../rules.mjs";
import { twilio } from "../shared.mjs";

const TOKEN = ["ValidateFlexToken", (it) => it.agent.token];
const PARTICIPANTS = ["ListInteractionChannelParticipant", (it) => it.channelSid];
const TASK = ["FetchTask", (it) => it.taskSid];
const CONVERSATION = ["FetchConversation", (it) => it.conversationSid];
const MEMBER = ["FetchConversationParticipant", (it) => it.conversationSid];
const NOTE = ["UpdateConversation", (it) => it.conversationSid];
const ARM = ["CreateConversationScopedWebhook", (it) => it.conversationSid];
const WEBHOOKS = ["ListConversationScopedWebhook", (it) => it.conversationSid];
const DISARM = ["DeleteConversationScopedWebhook", (it) => it.conversationSid];
const REMOVE = ["UpdateInteractionChannelParticipant", (it) => it.channelSid];
const INVITES = ["ListInteractionChannelInvite", (it) => it.channelSid];
const SEARCH = ["ListInteractionChannelInvite", (it) => it.channelSid, { nth: 2 }];
const INVITE = ["CreateInteractionChannelInvite", (it) => it.channelSid];
const LEFT = ["FetchConversation", (it) => it.conversationSid, { nth: 2 }];
const LIST = ["CreateSyncMapItem", (it) => it.aSid];
const LISTS = ["CreateSyncMap", (it) => it.aSid];
const UNLIST = ["DeleteSyncMapItem", (it) => it.aSid];

const noteOf = (it) => conversation(it).attributes.flexEdgeParked;
const isArmed = (it) => conversation(it).webhooks > 0;
const write = (it) => void twilio.message({ conversationSid: it.conversationSid });

function invariants(it) {
  const invites = openInvites(it);
  once(invites.length <= 1, `${invites.length} invites`);
  const canComeBack = noteOf(it) && isArmed(it);
  notAlone(agents(it).length > 0 || invites.length > 0 || canComeBack, "the customer is alone, and nothing brings an agent back");
  const { survey, note } = conversation(it).attributes;
  kept.equal({ survey, note }, FOREIGN, "somebody's attributes:");
}

/** It is back: one invite, also after the next message. A webhook may be left of what failed on the way. */
async function isBack(it, { isClean = false } = {}) {
  await notAlone.soon(() => openInvites(it).length > 0, "the customer writes, and nobody is asked to answer", 60_000);
  if (isArmed(it)) write(it);
  if (isClean) await overcome.soon(() => !isArmed(it) && !noteOf(it), "note or webhook are still there", 60_000);
  await twilio.settle({ contains: it.conversationSid });
  invariants(it);
  once.equal(openInvites(it).length, 1, "invites:");
}

const parking = (name, calls, more = {}) => ({
  name,
  calls,
  given: () => takenChat(),
  ask: (it) => park(it),
  check(it, { answers }) {
    invariants(it);
    const parked = answers.filter(({ worked }) => worked);
    if (parked.length === 0) return;
    isTrue(!isIn(it, it.participantSid), "the agent is still in");
    isTrue(isArmed(it) && noteOf(it), "nothing brings it back");
    same.equal(new Set(parked.map(({ body }) => body.webhook.sid)).size, 1, "webhooks that were answered:");
  },
  /** Whatever has happened on the way: the customer's next message brings it back. */
  async done(it) {
    write(it);
    await isBack(it);
  },
  ...more,
});

const byHand = (name, calls, given = parkedChat) => ({
  name,
  calls,
  given,
  ask: (it) => unpark(it, it),
  check(it, { answers }) {
    invariants(it);
    const invites = openInvites(it);
    for (const { body, worked } of answers) if (worked) same.equal(body.participantInvite.sid, invites[0]?.sid, "the invite:");
  },
  async done(it) {
    once.equal(openInvites(it).length, 1, "invites:");
    isTrue.equal(twilio.task(openInvites(it)[0].taskSid).reservations.map(({ worker }) => worker), [it.a], "who is asked:");
    await twilio.settle({ contains: it.conversationSid, quietMs: 80 });
    await isBack(it, { isClean: true }); // what is left goes behind the answer, at the latest with the customer's next message
  },
});

/** A call that is made behind the answer. */
const later = ([operationId, find, more]) => [operationId, find, { ...more, brief: true, later: true }];

const byMessage = (name, calls, more = {}) => ({
  name,
  calls,
  behind: true,
  given: parkedChat,
  delivered: (it) => it.conversationSid,
  ask: write,
  check: invariants,
  done: (it) => isBack(it, { isClean: true }),
  ...more,
});

/** It is back, whatever could not be cleaned up; and when nobody takes it, that is told of. */
async function caughtLater(it) {
  const isAsked = () => openInvites(it).length > 0;
  await notAlone.soon(isAsked, "the customer writes, and nobody is asked to answer", 60_000);
  const [{ taskSid }] = openInvites(it);
  twilio.cancel(taskSid);
  await notAlone.soon(isAsked, "nobody has taken it, and nobody is asked any more", 60_000);
  once.equal(openInvites(it).length, 1, "invites:");
}

/** A chat, parked or not, in which a call fails besides. */
const where = (given, [operationId, find], fault) => async () => {
  const it = await given();
  twilio.addFault({ operationId, contains: find(it), fault });
  return it;
};
const lostInvite = where(parkedChat, INVITE, "lost-after");

export const parked = [
  parking("an agent parks", [...[TOKEN, PARTICIPANTS, TASK, CONVERSATION, MEMBER, LIST, LISTS].map(brief), NOTE, ARM, REMOVE]),
  parking("an agent parks while the customer writes", [REMOVE], { meanwhile: write }),
  parking("an agent parks, after a search", [brief(WEBHOOKS)], { given: where(takenChat, ARM, "lost-after") }),
  parking("a parking that failed is taken back", [brief(DISARM)], { given: where(takenChat, REMOVE, 403) }),
  byHand("the agent brings it back", [...[TOKEN, CONVERSATION, PARTICIPANTS, INVITES].map(brief), ...[LEFT, NOTE, WEBHOOKS, DISARM, UNLIST].map(later), INVITE]),
  byHand("the agent brings it back, after a search", [brief(SEARCH)], lostInvite),
  byMessage("the customer brings it back", [CONVERSATION, INVITE, PARTICIPANTS, brief(INVITES)]),
  byMessage("the customer brings it back, after a search", [brief(SEARCH)], { given: lostInvite }),
  byMessage("what is left of a parking keeps nobody from being caught", [LEFT, NOTE, WEBHOOKS, DISARM, UNLIST].map(brief), { done: caughtLater }),
];
