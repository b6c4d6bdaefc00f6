// What agents and customers do all day, and how often: the basis of the figures in docs/operate.md.
const T = "/features/conversation-transfer/flex";

const until = async (check) => {
  for (const end = Date.now() + 15_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const found = check();
    if (found) return found;
  }
  throw new Error("a flow has not come to its end");
};

const calleeOf = ({ twilio }, taskSid) => () => twilio.state().tasks.find(({ attributes, reservations }) => attributes.conferenceSid === taskSid && reservations.length > 0);

async function call(stage, end) {
  const { twilio } = stage;
  const { taskSid, conferenceSid } = await twilio.internalCall({ from: "alice", to: "bob", dialect: "IL" });
  const callee = await until(calleeOf(stage, taskSid));
  await end({ taskSid, conferenceSid, callee, reservation: callee.reservations[0].sid });
  await until(() => twilio.state().conferences.find(({ sid }) => sid === conferenceSid).status === "completed");
  await stage.settle();
  for (const { sid, assignment_status: status } of twilio.state().tasks) if (status === "wrapping") twilio.complete(sid);
}

const inviteFields = (chat, twilio, more = {}) => ({
  taskSid: chat.taskSid,
  conversationId: chat.taskSid,
  conversationSid: chat.conversationSid,
  jsonAttributes: "{}",
  transferTargetSid: twilio.seed.WORKERS.bob.sid,
  workersToIgnore: "{}",
  flexInteractionSid: chat.interactionSid,
  flexInteractionChannelSid: chat.channelSid,
  taskChannelUniqueName: "chat",
  ...more,
});

/** `[flow, how often an agent has it on a working day, the flow]`. */
export const FLOWS = [
  [
    "internal call: rung, accepted, ended",
    8,
    (stage) =>
      call(stage, async ({ reservation }) => {
        const leg = await stage.twilio.accept(reservation, { dialect: "IL" });
        await stage.settle();
        await stage.twilio.hangup(leg.callSid);
      }),
  ],
  [
    "internal call: declined",
    2,
    (stage) =>
      call(stage, async ({ taskSid, reservation }) => {
        await stage.twilio.reject(reservation, { dialect: "IL" });
        await stage.post("bob", "/voice/cleanup-rejected-task", { taskSid });
      }),
  ],
  [
    "hold, unhold, mute, remove: each",
    30,
    (stage, { room }) => stage.post("alice", "/common/flex/programmable-voice/hold-participant", { ...room, hold: "true" }),
  ],
  [
    "chat handed over",
    8,
    async (stage) => {
      const chat = stage.twilio.chat({ agent: "alice" });
      await stage.post("alice", `${T}/invite-participant`, inviteFields(chat, stage.twilio, { removeFlexInteractionParticipantSid: chat.participantSid }));
    },
  ],
  [
    "colleague asked into a chat, and one leaves",
    2,
    async (stage) => {
      const { twilio } = stage;
      const chat = twilio.chat({ agent: "alice" });
      await stage.post("alice", `${T}/invite-participant`, inviteFields(chat, twilio));
      const fields = { flexInteractionSid: chat.interactionSid, flexInteractionChannelSid: chat.channelSid, flexInteractionParticipantSid: chat.participantSid };
      await stage.post("alice", `${T}/remove-participant`, { ...fields, conversationSid: chat.conversationSid });
    },
  ],
  [
    "customer of a chat called",
    4,
    async (stage) => {
      const { taskSid } = stage.twilio.chat({ agent: "alice", customer: stage.number() });
      await stage.post("alice", "/dial", { taskSid }, { promised: 201 });
    },
  ],
  [
    "conversation that comes in: three messages, one agent",
    25,
    async (stage) => {
      const { twilio } = stage;
      const from = stage.number();
      const { conversationSid } = twilio.inbound({ channel: "sms", from });
      const opened = await until(() => twilio.state().interactions.find((one) => one.conversationSid === conversationSid));
      await stage.settle();
      for (const body of ["And", "this"]) twilio.inbound({ channel: "sms", from, body });
      const { reservations } = twilio.task(opened.tasks[0].sid);
      twilio.accept(reservations[0].sid);
    },
  ],
  [
    "offer that an agent declines: TaskRouter's event",
    10,
    async ({ twilio }) => {
      const { sid } = twilio.createTask({ workflowSid: twilio.seed.INBOUND_WORKFLOW_SID, attributes: {} });
      twilio.reject(twilio.task(sid).reservations[0].sid);
    },
  ],
  ["colleagues searched in the directory", 20, (stage) => stage.post("alice", "/internal-chat/list-agents", { search: "bo" })],
  ["internal chat opened for the first time", 1, (stage, { colleague }) => stage.post("alice", "/internal-chat/open", { participant: colleague })],
  ["pins read", 10, (stage) => stage.post("alice", "/internal-chat/list-pins", {})],
  ["chat pinned", 1, (stage, { colleague }) => stage.post("alice", "/internal-chat/pin", { conversation: ["alice", colleague].sort().join("+") })],
];
