// Conferences, calls, tasks and workers: what the plugins' helpers do to them.
import { callsTo, customerCall, participantOf, VOICE } from "../calls.mjs";
import { chatWithInvite, interaction, takenChat } from "../chats.mjs";
import { isTrue, kept, notAlone, once, same, untouched } from "../rules.mjs";
import { edge, statusOf, twilio } from "../shared.mjs";

const TASKROUTER = "/taskrouter";
const TOKEN = ["ValidateFlexToken", (it) => it.agent.token];
const ROOM = ["FetchConference", (it) => it.conferenceSid];
const OWN_RESERVATIONS = ["ListWorkerReservation", (it) => it.agent.workerSid];

const scene = (name, path, calls, { fields, ...more }) => ({
  name,
  calls: [TOKEN, ...calls],
  given: () => customerCall(),
  ask: (it) => edge.post(path, it.agent.name, fields(it)),
  done() {},
  ...more,
});

const change = (name, path, field, flag) =>
  scene(name, `${VOICE}/${path}`, [ROOM, OWN_RESERVATIONS, ["UpdateParticipant", (it) => it.customerCallSid]], {
    fields: ({ conferenceSid, customerCallSid }) => ({ conference: conferenceSid, participant: customerCallSid, [field]: true }),
    check(it, { worked }) {
      if (worked) isTrue.equal(participantOf(it, it.customerCallSid)[flag], true, `${flag}:`);
      untouched.equal(participantOf(it, it.callSid)[flag], false, `${flag} of the other participant:`);
    },
  });

const remove = scene("remove", `${VOICE}/remove-participant`, [ROOM, OWN_RESERVATIONS, ["DeleteParticipant", (it) => it.customerCallSid]], {
  fields: ({ conferenceSid, customerCallSid }) => ({ conference: conferenceSid, participant: customerCallSid }),
  check(it, { worked, fault }) {
    // 404 is Twilio's word that it has gone.
    if (worked && fault !== 404) isTrue.equal(participantOf(it, it.customerCallSid), undefined, "the participant:");
  },
});

/** The calls that ended up at the number of this case: one at most, and it is the one that is answered. */
async function dialledOnce(it, { worked, answers }) {
  const dialled = await callsTo(it.number);
  once(dialled.length <= 1, `${dialled.length} were dialled`);
  const named = [...new Set(answers.filter((answer) => answer.worked).map(({ body }) => body.callSid))];
  if (worked) same.equal(named, [dialled[0]?.sid], "the calls that were answered:");
  untouched(participantOf(it, it.callSid), "the agent is out");
  untouched(participantOf(it, it.customerCallSid), "the customer is out");
}
async function handedOnce({ number, customerCallSid }, { worked }) {
  const dialled = await callsTo(number);
  once(dialled.length <= 1, `${dialled.length} were dialled`);
  if (worked) isTrue.equal(dialled[0]?.parent_call_sid, customerCallSid, "the call that was handed over:");
}
const partyFields = ({ conferenceSid, number, from }) => ({ taskSid: conferenceSid, to: number, from });
const transferFields = ({ customerCallSid, number }) => ({ callSid: customerCallSid, to: number, from: "" });

/** The first answer to the call that creates something is lost, so that it has to be searched for. */
function lost(operationId, find) {
  const it = customerCall();
  twilio.addFault({ operationId, contains: find(it), fault: "lost-after" });
  return it;
}

const add = scene("add", `${VOICE}/add-participant`, [ROOM, OWN_RESERVATIONS, ["CreateParticipant", (it) => it.conferenceSid]], {
  fields: partyFields,
  check: dialledOnce,
});
const addAndSearch = scene("add, and then the search for it", "/external-transfer/add-conference-participant", [["ListParticipant", (it) => it.conferenceSid]], {
  given: () => lost("CreateParticipant", (it) => it.conferenceSid),
  fields: partyFields,
  check: dialledOnce,
});
const coldTransfer = scene(
  "cold transfer",
  `${VOICE}/cold-transfer`,
  [
    OWN_RESERVATIONS,
    ["ListConference", () => "Status=in-progress", { alone: true }],
    ["FetchParticipant", (it) => it.customerCallSid],
    ["UpdateCall", (it) => it.customerCallSid],
  ],
  { fields: transferFields, check: handedOnce },
);
const coldTransferAndSearch = scene("cold transfer, and then the search for it", `${VOICE}/cold-transfer`, [["ListCall", (it) => it.customerCallSid]], {
  given: () => lost("UpdateCall", (it) => it.customerCallSid),
  fields: transferFields,
  check: handedOnce,
});

const ofTask = (find) => [
  ["FetchTask", find],
  ["ListTaskReservation", find],
  ["UpdateTask", find],
];
const taskAttributes = scene("task attributes", `/common/flex${TASKROUTER}/update-task-attributes`, ofTask((it) => it.taskSid), {
  fields: ({ taskSid }) => ({ taskSid, attributesUpdate: JSON.stringify({ mine: { x: 1 } }) }),
  // Somebody else writes at the same time.
  meanwhile: ({ taskSid }) => twilio.mergeTaskAttributes(taskSid, { theirs: 2 }),
  check({ taskSid }, { worked }) {
    const { kept: before, theirs, mine } = twilio.task(taskSid).attributes;
    kept.equal([before, theirs], ["1.0", 2], "others' attributes:");
    if (worked) isTrue.equal(mine, { x: 1 }, "what was to be written:");
  },
});
const inviteCalls = [
  ...ofTask((it) => it.invite),
  ["ListInteractionChannelParticipant", (it) => it.channelSid],
  ["ListInteractionChannelInvite", (it) => it.channelSid],
];
const cancelInvite = scene("cancel an invite", `/common/flex${TASKROUTER}/update-task-assignment-status`, inviteCalls, {
  given: chatWithInvite,
  fields: ({ invite }) => ({ taskSid: invite, assignmentStatus: "canceled" }),
  check({ invite, taskSid }, { worked, fault }) {
    if (worked && fault !== 404) isTrue.equal(statusOf(invite), "canceled", "the invite:");
    kept.equal(twilio.task(invite).attributes.vip, true, "others' attributes:");
    untouched.equal(statusOf(taskSid), "assigned", "the agent's other task:");
  },
});
const lastTask = scene(
  "end the last task of a chat",
  `/common/flex${TASKROUTER}/update-task-assignment-status`,
  [
    ...ofTask((it) => it.taskSid),
    ["FetchInteractionChannel", (it) => it.channelSid],
    ["ListInteractionChannelParticipant", (it) => it.channelSid],
    ["ListInteractionChannelInvite", (it) => it.channelSid],
    ["UpdateInteractionChannel", (it) => it.channelSid],
  ],
  {
    given: () => takenChat(),
    fields: ({ taskSid }) => ({ taskSid, assignmentStatus: "completed" }),
    check(it, { worked, fault }) {
      const isHeld = statusOf(it.taskSid) === "assigned";
      if (worked && fault !== 404) isTrue.equal(statusOf(it.taskSid), "completed", "the task:");
      if (fault !== 404) notAlone(isHeld || interaction(it).status === "closed", "the agent is done, and the customer's channel goes on");
    },
  },
);

const byDave = (path, fields) => edge.post(`${TASKROUTER}/${path}`, "dave", fields);
const workerAttributes = scene(
  "worker attributes",
  `/common/flex${TASKROUTER}/update-worker-attributes`,
  [
    ["FetchWorker", (it) => it.agent.workerSid],
    ["UpdateWorker", (it) => it.agent.workerSid],
  ],
  {
    fields: ({ agent }) => ({ workerSid: agent.workerSid, attributesUpdate: JSON.stringify({ mine: { x: 1 } }) }),
    check({ agent }, { worked }) {
      const { attributes } = twilio.worker(agent.workerSid);
      kept.equal(attributes.contact_uri, `client:${agent.name}`, "others' attributes:");
      if (worked) isTrue.equal(attributes.mine, { x: 1 }, "what was to be written:");
    },
  },
);
const channelsOf = async ({ agent }) => (await byDave("get-worker-channels", { workerSid: agent.workerSid })).body.workerChannels;
const workerChannel = scene("worker channel", `/common/flex${TASKROUTER}/update-worker-channel`, [["UpdateWorkerChannel", (it) => it.agent.workerSid]], {
  async given() {
    const it = customerCall();
    return { ...it, channel: (await channelsOf(it))[1].sid };
  },
  fields: ({ channel }) => ({ workerChannelSid: channel, capacity: 7, available: true }),
  async check(it, { worked }) {
    const { configuredCapacity } = (await channelsOf(it)).find(({ sid }) => sid === it.channel);
    if (worked) isTrue.equal(configuredCapacity, 7, "the capacity:");
  },
});

export const helpers = [
  add,
  addAndSearch,
  change("mute", "mute-participant", "muted", "muted"),
  change("hold", "hold-participant", "hold", "hold"),
  change("end on exit", "update-participant", "endConferenceOnExit", "endConferenceOnExit"),
  remove,
  coldTransfer,
  coldTransferAndSearch,
  taskAttributes,
  cancelInvite,
  lastTask,
  workerAttributes,
  workerChannel,
];
