// Customers write to an address of the account, and on the web page.
import { brief } from "../faults.mjs";
import { pause } from "../clock.mjs";
import { notAlone, once, overcome } from "../rules.mjs";
import { afterwards, OPEN, ownNumber, twilio } from "../shared.mjs";
import { startChat } from "../webchats.mjs";

const CONVERSATION = ["FetchConversation", (it) => it.conversationSid];
const MEMBERS = ["ListConversationParticipant", (it) => it.conversationSid];
const CREATE = ["CreateInteraction", (it) => it.conversationSid];
const CHANNEL = ["FetchInteractionChannel", (it) => () => interactionsOf(it)[0]?.channelSid ?? it.conversationSid];
const SEARCH = ["ListTask", (it) => it.conversationSid];
const TAKE_OFF = ["DeleteConversationScopedWebhook", (it) => it.conversationSid];
const WORKERS = ["ListWorker", (it) => it.author];

const tasksOf = (it) => twilio.naming(it.conversationSid).tasks;
/** The Interactions of a conversation; one whose channel failed has no task, and is none. */
function interactionsOf(it) {
  const sids = new Set(tasksOf(it).map(({ attributes }) => attributes.flexInteractionSid));
  return [...sids].map((sid) => twilio.readInteraction(sid));
}
const isAskedFor = (it) => tasksOf(it).some(({ assignment_status: status }) => OPEN.includes(status));
const webhooksOf = (it) => twilio.readConversation(it.conversationSid).webhooks;

const write = (it) => void twilio.message({ conversationSid: it.conversationSid, author: it.author });

const forgotten = (it) => {
  afterwards(() => tasksOf(it).forEach(({ sid }) => twilio.forgetTask(sid)));
  return it;
};

/** Somebody has written, and nobody was told of it. */
function customer() {
  const author = ownNumber("+1666");
  twilio.webhookMode({ mode: "never", contains: author });
  const { conversationSid } = twilio.inbound({ from: author });
  return forgotten({ author, conversationSid });
}
const customerWhere = (prepare) => () => {
  const it = customer();
  prepare(it);
  return it;
};

function invariants(it) {
  const found = interactionsOf(it);
  once(found.length <= 1, `${found.length} Interactions of one conversation`);
  once(tasksOf(it).length <= 1, `${tasksOf(it).length} tasks of one conversation`);
}

const scene = (name, calls, more) => ({
  name,
  calls,
  behind: true,
  given: customer,
  delivered: (it) => it.conversationSid,
  ask: write,
  check: invariants,
  async done(it) {
    await notAlone.soon(() => isAskedFor(it), "nobody is asked to answer the customer", 60_000);
    invariants(it);
    // What could not be taken off is taken off by one of the next messages, and brings nothing new.
    const isOff = async () => webhooksOf(it) === 0 || (write(it), await pause(5_000));
    await overcome.soon(isOff, "the webhook is still there");
    await twilio.settle({ contains: it.conversationSid });
    invariants(it);
  },
  ...more,
});

/** Three messages, of which the last one is told of first. */
async function disorderly(it) {
  const contains = it.conversationSid;
  twilio.webhookMode({ mode: "held", contains });
  for (let count = 0; count < 3; count += 1) write(it);
  await twilio.releaseWebhooks({ contains, reverse: true });
}

export const inbound = [
  scene("a customer writes", [brief(CONVERSATION), MEMBERS, CREATE, brief(CHANNEL), brief(TAKE_OFF)]),
  scene("ten messages at once", [CREATE], { ask: (it) => Array.from({ length: 10 }, () => write(it)).at(10) }),
  scene("messages in any order", [brief(CREATE)], { delivered: undefined, ask: disorderly }),
  scene("the channel fails at first", [brief(CREATE)], {
    given: customerWhere((it) => twilio.failChannels({ contains: it.conversationSid })),
  }),
  scene("a lost answer, and then the search for what it made", [brief(SEARCH)], {
    given: customerWhere((it) => twilio.addFault({ operationId: "CreateInteraction", contains: it.conversationSid, fault: "lost-after" })),
  }),
  scene("a visitor of the web page writes", [brief(WORKERS)], {
    async given() {
      const { conversationSid, identity } = await startChat();
      return forgotten({ author: identity, conversationSid });
    },
  }),
];
