// TaskRouter tells of what came to nothing: a customer whom nobody took, a call that nobody takes.
import { brief } from "../faults.mjs";
import { calleesOf, placedCall, ringing, roomsOf } from "../calls.mjs";
import { agents, chatWithInvite, interaction, openInvites } from "../chats.mjs";
import { until } from "../clock.mjs";
import { notAlone, once, overcome, untouched } from "../rules.mjs";
import { OVER, statusOf, twilio } from "../shared.mjs";

const CHANNEL = ["FetchInteractionChannel", (it) => it.channelSid];
const PARTICIPANTS = ["ListInteractionChannelParticipant", (it) => it.channelSid];
const INVITES = ["ListInteractionChannelInvite", (it) => it.channelSid];
const CONVERSATION = ["FetchConversation", (it) => it.conversationSid];
const INVITE = ["CreateInteractionChannelInvite", (it) => it.channelSid];
const OWN_TASK = ["FetchTask", (it) => it.taskSid];
const CALLEE_TASK = ["FetchTask", (it) => it.calleeTask];
const ROOMS = ["ListConference", (it) => it.taskSid];
const END_ROOM = ["UpdateConference", (it) => it.conferenceSid];
const END_CALLER = ["UpdateTask", (it) => it.taskSid];
const END_CALLEE = ["UpdateTask", (it) => it.calleeTask];

const GONE = 404; // Twilio's word that there is nothing to end, and nobody to be left alone

const others = (it) => ({ taskSid }) => taskSid !== it.invite;
const fallbacks = (it) => interaction(it).invites.filter(others(it));
const open = (it) => openInvites(it).filter(others(it));

const caught = (name, calls, end) => ({
  name,
  calls,
  behind: true,
  given: () => chatWithInvite({ cold: true }),
  delivered: (it) => it.invite,
  ask: (it) => void end(it.invite),
  check(it, { fault }) {
    it.fault = fault;
    once(fallbacks(it).length <= 1, `${fallbacks(it).length} invites for one that was lost`);
    untouched.equal(interaction(it).status, "active", "the channel:");
  },
  async done(it) {
    if (it.fault === GONE) return;
    await notAlone.soon(() => open(it).length > 0, "nobody took the customer, and nobody is asked to", 60_000);
    once.equal(open(it).length, 1, "invites:");
    untouched.equal(agents(it), [], "agents:");
  },
});

const stillThere = {
  name: "an invite is canceled while the agent is there",
  calls: [PARTICIPANTS, OWN_TASK].map(brief),
  behind: true,
  given: () => chatWithInvite(),
  delivered: (it) => it.invite,
  ask: (it) => void twilio.cancel(it.invite),
  check(it) {
    untouched.equal(openInvites(it), [], "invites:");
    untouched.equal(agents(it).length, 1, "agents:");
  },
};

/** A call that rings at the called agent's. */
async function ringingCall() {
  const call = await placedCall();
  const { task, reservation } = await ringing(call);
  await until(() => twilio.task(call.taskSid).attributes.conference?.participants?.taskSid, "the link");
  await twilio.settle({ contains: call.taskSid });
  return { ...call, calleeTask: task.sid, reservation };
}

/** Nobody takes a call: nobody is left with the music. */
const givenUp = (name, calls, end) => ({
  name,
  calls,
  behind: true,
  given: ringingCall,
  delivered: (it) => it.calleeTask,
  ask: (it) => void end(it),
  check(it, { fault }) {
    it.fault = fault;
    once(calleesOf(it.taskSid).length <= 1, "more than one task for the called agent");
  },
  async done(it) {
    if (it.fault === GONE) return;
    await notAlone.soon(() => roomsOf(it.taskSid).length === 0, "the caller hears music for somebody who does not come", 60_000);
    await overcome.soon(() => [it.taskSid, it.calleeTask].every((sid) => OVER.includes(statusOf(sid))), "a task is still open", 60_000);
  },
});

export const events = [
  caught("an invite is canceled", [...[CHANNEL, PARTICIPANTS, INVITES, CONVERSATION].map(brief), INVITE], (sid) => twilio.cancel(sid)),
  caught("an invite's task is forgotten", [brief(INVITE)], (sid) => twilio.purgeTask(sid)),
  caught("an invited agent does not answer", [brief(INVITE)], (sid) => {
    const [reservation] = twilio.task(sid).reservations;
    twilio.emitEvent({ type: "reservation.timeout", reservationSid: reservation.sid });
    twilio.cancel(sid); // as a workflow does whose time is up
  }),
  stillThere,
  givenUp("the called agent declines", [...[OWN_TASK, CALLEE_TASK, ROOMS, END_CALLER, END_CALLEE].map(brief), END_ROOM], (it) => twilio.reject(it.reservation)),
  givenUp("the called agent does not answer", [END_CALLEE, END_ROOM].map(brief), (it) => twilio.emitEvent({ type: "reservation.timeout", reservationSid: it.reservation })),
  givenUp("the called agent's task is canceled", [END_ROOM, END_CALLER].map(brief), (it) => twilio.cancel(it.calleeTask)),
];
