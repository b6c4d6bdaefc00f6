// The scenes of `npm run demo`. Each: what happens, and a play that ends when all came as promised.
const T = "/features/conversation-transfer/flex";

const tasksOf = ({ twilio }, worker) =>
  twilio.state().tasks.filter(({ reservations }) => reservations.some((one) => one.worker === worker && ["pending", "accepted", "wrapping"].includes(one.status)));
const ringsAt = (stage, worker) => tasksOf(stage, worker).filter(({ assignment_status: status }) => status === "reserved");

/** Alice's leg is in the room, and Bob's phone rings. */
async function call(stage) {
  const placed = await stage.twilio.internalCall({ from: "alice", to: "bob", dialect: "IL" });
  const [task] = await stage.until(() => ringsAt(stage, "bob").length > 0 && ringsAt(stage, "bob"), "Bob's phone rings");
  await stage.settle();
  return { ...placed, task, reservation: task.reservations.find(({ worker }) => worker === "bob").sid };
}

async function internalCall(stage) {
  const { twilio } = stage;
  const { taskSid, conferenceSid, task, reservation } = await call(stage);
  stage.promise(task.attributes.conferenceSid === taskSid, `Bob's phone rings: task ${task.sid}, linked to Alice's ${taskSid}`);
  const { callSid } = await twilio.accept(reservation, { dialect: "IL" });
  await stage.settle();
  const room = () => twilio.state().conferences.find(({ sid }) => sid === conferenceSid);
  stage.promise(room().participants.length === 2, "Bob accepts, and both are in one conference");
  const hold = { conference: conferenceSid, participant: callSid };
  await stage.post("bob", "/voice/hold-participant", { ...hold, hold: "true" });
  stage.promise(room().participants.some((one) => one.callSid === callSid && one.hold), "Bob is on hold");
  await stage.post("bob", "/voice/hold-participant", { ...hold, hold: "false" });
  await twilio.hangup(callSid);
  await stage.until(() => [taskSid, task.sid].every((sid) => twilio.task(sid).assignment_status === "wrapping"), "both tasks wrap up");
  await stage.settle();
  stage.promise(room().status === "completed", "Bob hangs up: the conference is over, and both tasks are in wrap-up");
  for (const sid of [taskSid, task.sid]) twilio.complete(sid);
}

async function twiceAndLost(stage) {
  const { twilio } = stage;
  twilio.webhookMode({ mode: "simultaneous", contains: "participant-join" });
  twilio.addFault({ operationId: "CreateTask", fault: "lost-after" });
  const { taskSid } = await twilio.internalCall({ from: "alice", to: "bob", dialect: "IL" });
  await stage.until(() => ringsAt(stage, "bob").length > 0, "Bob's phone rings");
  await stage.settle();
  const rung = twilio.state().tasks.filter(({ attributes }) => attributes.conferenceSid === taskSid);
  stage.promise(rung.length === 1, "every callback came twice at once, and the answer to CreateTask was lost: Bob's phone rings once");
  twilio.webhookMode({ mode: "once" });
  await twilio.reject(rung[0].reservations[0].sid, { dialect: "IL" });
  await stage.post("bob", "/voice/cleanup-rejected-task", { taskSid });
  const isOver = () => twilio.state().conferences.every(({ status }) => status === "completed");
  stage.promise(await stage.until(isOver, "the room is closed"), "Bob declines: Alice is let go at once");
  for (const { sid } of twilio.state().tasks.filter(({ assignment_status: status }) => status === "wrapping")) twilio.complete(sid);
}

async function handOver(stage) {
  const { twilio } = stage;
  const chat = twilio.chat({ agent: "alice", channel: "sms", customer: "+15551230002" });
  const fields = {
    taskSid: chat.taskSid,
    conversationId: chat.taskSid,
    conversationSid: chat.conversationSid,
    jsonAttributes: '{"name":"Ana"}',
    transferTargetSid: twilio.seed.WORKERS.bob.sid,
    workersToIgnore: "{}",
    flexInteractionSid: chat.interactionSid,
    flexInteractionChannelSid: chat.channelSid,
    removeFlexInteractionParticipantSid: chat.participantSid,
    taskChannelUniqueName: "chat",
  };
  const { success } = await stage.post("carol", `${T}/invite-participant`, fields, { promised: 403 });
  stage.promise(!success && twilio.readInteraction(chat.interactionSid).invites.length === 0, "Carol has no part in this chat: nothing happened");
  await Promise.all([stage.post("alice", `${T}/invite-participant`, fields), stage.post("alice", `${T}/invite-participant`, fields)]);
  const { invites, participants } = twilio.readInteraction(chat.interactionSid);
  stage.promise(invites.length === 1, "Alice hands the chat to Bob with a double click: one invite");
  const orders = twilio.journal({ kind: "request" }).entries.map(({ operationId }) => operationId);
  const inOrder = orders.indexOf("CreateInteractionChannelInvite") < orders.indexOf("UpdateInteractionChannelParticipant");
  const hasLeft = !participants.some(({ sid }) => sid === chat.participantSid);
  stage.promise(inOrder && hasLeft, "the invite first, then Alice leaves: the customer is never alone");
  const [task] = ringsAt(stage, "bob");
  await twilio.accept(task.reservations.find(({ worker }) => worker === "bob").sid);
  await stage.settle();
  stage.promise(twilio.readInteraction(chat.interactionSid).participants.some(({ routing_properties: routing }) => routing?.worker_sid === twilio.seed.WORKERS.bob.sid), "Bob accepts, and talks with the customer");
}

async function dial(stage) {
  const { twilio } = stage;
  const { taskSid } = twilio.chat({ agent: "alice", channel: "whatsapp", customer: "+15551230001" });
  const first = await stage.post("alice", "/dial", { taskSid }, { promised: 201 });
  stage.promise(ringsAt(stage, "alice").some(({ sid }) => sid === first.taskSid), "the call to the customer's number is offered to Alice herself");
  const again = await stage.post("alice", "/dial", { taskSid }, { promised: 201 });
  stage.promise(again.taskSid === first.taskSid, "a second click is the same call");
  const other = await stage.post("alice", "/dial", { taskSid, to: "+15551239999" }, { promised: 409 });
  stage.promise(!other.success, "another number is refused while that call is open");
}

async function colleagues(stage) {
  const { twilio } = stage;
  const { agents } = await stage.post("alice", "/internal-chat/list-agents", { search: "bob" });
  stage.promise(agents.length === 1 && agents[0].contactUri === "client:bob", "the directory finds Bob");
  const opened = await stage.post("alice", "/internal-chat/open", { participant: "bob" });
  const same = await stage.post("bob", "/internal-chat/open", { participant: "alice" });
  stage.promise(opened.conversationSid === same.conversationSid, "whoever opens it, it is the same chat");
  await stage.post("alice", "/internal-chat/pin", { conversation: "alice+bob" });
  const { pins } = await stage.post("alice", "/internal-chat/list-pins", {});
  stage.promise(JSON.stringify(pins).includes("alice+bob"), "Alice has pinned it, on every device of hers");
  const old = { created: "2025-01-01T00:00:00Z", updated: "2025-01-01T00:00:00Z", lastMessage: "2025-01-02T00:00:00Z" };
  const { conversationSid: idle } = twilio.conversation({ uniqueName: "alice+erin", friendlyName: "internal-chat", attributes: { internalChat: "internalChat" }, identities: ["alice", "erin"], ...old });
  await fetch(`${stage.url}/cdn-cgi/local/scheduled`);
  await stage.settle();
  stage.promise(twilio.readConversation(idle).state === "closed", "a chat that nobody has used for a year is closed by the clean-up, which cron starts");
}

const interactionOf = ({ twilio }, conversationSid) => twilio.state().interactions.find((one) => one.conversationSid === conversationSid);
const agentsIn = (interaction) => interaction.participants.filter(({ type }) => type === "agent");
/** Whoever is offered the newest task of this conversation takes it; answers their name and what they have. */
async function taken(stage, conversationSid) {
  const { twilio } = stage;
  const offered = () =>
    twilio.state().tasks.findLast(({ attributes, assignment_status: status }) => attributes.conversationSid === conversationSid && status === "reserved");
  const task = await stage.until(offered, "the conversation is offered to somebody");
  const { sid, worker } = task.reservations.find(({ status }) => status === "pending");
  await twilio.accept(sid);
  await stage.settle();
  const interaction = interactionOf(stage, conversationSid);
  const { sid: workerSid } = Object.values(twilio.seed.WORKERS).find(({ friendlyName }) => friendlyName === worker) ?? { sid: null };
  const mine = agentsIn(interaction).find(({ routing_properties: routing }) => routing.reservation_sid === sid || routing.worker_sid === workerSid) ?? agentsIn(interaction)[0];
  return { worker, workerSid: mine.routing_properties.worker_sid, participantSid: mine.sid, task, interaction };
}

async function comesAndGoes(stage) {
  const { twilio } = stage;
  const sms = (body) => twilio.inbound({ channel: "sms", from: "+15551230003", body });
  const [{ conversationSid }] = [sms("Hello"), sms("Is anybody there?")];
  await stage.until(() => interactionOf(stage, conversationSid), "an interaction");
  await stage.settle();
  const opened = twilio.state().interactions.filter((one) => one.conversationSid === conversationSid);
  stage.promise(opened.length === 1 && opened[0].tasks.length === 1, "two messages at once open one interaction, offered once");
  const first = await taken(stage, conversationSid);
  stage.promise(agentsIn(first.interaction).length === 1, `${first.worker} takes it`);
  await stage.post(first.worker, "/features/park-interaction/flex/park-interaction", {
    channelSid: first.interaction.channelSid,
    interactionSid: first.interaction.sid,
    participantSid: first.participantSid,
    conversationSid,
    channelType: "sms",
    taskSid: first.task.sid,
    workflowSid: twilio.seed.INBOUND_WORKFLOW_SID,
    taskChannelUniqueName: "sms",
    queueName: "Everyone",
    queueSid: twilio.seed.QUEUES.Everyone.sid,
    taskAttributes: JSON.stringify({ name: "Chris", conversationSid }),
    workerSid: first.workerSid,
    createUpdateSyncMapItem: "true",
  });
  const { parked } = await stage.post(first.worker, "/parked/list", {});
  stage.promise(parked.length === 1 && agentsIn(interactionOf(stage, conversationSid)).length === 0, `${first.worker} parks it: on their list, and out of the way`);
  sms("Me again");
  const second = await taken(stage, conversationSid);
  stage.promise(second.task.sid !== first.task.sid, `the customer writes again, and ${second.worker} has it back`);
  await stage.post(second.worker, `${T}/invite-participant`, {
    taskSid: second.task.sid,
    conversationId: second.task.sid,
    conversationSid,
    jsonAttributes: JSON.stringify({ name: "Chris", conversationSid }),
    transferTargetSid: twilio.seed.WORKERS.erin.sid,
    workersToIgnore: "{}",
    flexInteractionSid: second.interaction.sid,
    flexInteractionChannelSid: second.interaction.channelSid,
    removeFlexInteractionParticipantSid: second.participantSid,
    taskChannelUniqueName: "sms",
  });
  const [invited] = ringsAt(stage, "erin");
  twilio.reject(invited.reservations.find(({ worker }) => worker === "erin").sid);
  twilio.cancel(invited.sid);
  const third = await taken(stage, conversationSid);
  stage.promise(third.task.attributes.fallbackFrom === invited.sid, `handed over, declined, given up by TaskRouter: the customer falls back to ${third.worker}, not to nobody`);
}

export const SCENES = [
  ["Alice calls Bob", internalCall],
  ["The same with everything twice, and an answer lost; then Bob declines", twiceAndLost],
  ["A customer's chat changes hands", handOver],
  ["Alice calls the customer of a chat", dial],
  ["Alice and Bob chat with each other", colleagues],
  ["A customer writes, is parked, comes back, and is never left alone", comesAndGoes],
];
