// The people of the desk: agents, and customers who write and call.
import { CALLER_ID, INBOUND_WORKFLOW_SID, MESSAGING_NUMBER, QUEUES, WORKERS, WORKSPACE_SID } from "../standin/accounts.mjs";

const CHANNELS = {
  sms: (number) => ({ author: number, binding: { type: "sms", address: number, proxy_address: MESSAGING_NUMBER } }),
  whatsapp: (number) => ({
    author: `whatsapp:${number}`,
    binding: { type: "whatsapp", address: `whatsapp:${number}`, proxy_address: `whatsapp:${MESSAGING_NUMBER}` },
  }),
  web: (number) => ({ author: `visitor-${number.slice(-4)}`, identity: `visitor-${number.slice(-4)}` }),
};

/** `twilio` is the local Twilio's inside. */
export function createPeople(twilio) {
  const { calls, interactions, rooms, tasks, workspace } = twilio;

  /** Alice and Bob are in. Pictures would come from elsewhere. */
  function sitDown() {
    for (const name of Object.keys(WORKERS)) {
      const worker = workspace.who(name);
      if (workspace.attributesOf(worker).image_url)
        worker.attributes = JSON.stringify({ ...workspace.attributesOf(worker), image_url: undefined });
    }
    for (const { friendlyName } of workspace.workers.values()) setActivity(friendlyName, ["alice", "bob"].includes(friendlyName) ? "Available" : "Offline");
  }

  const setActivity = (name, activity) => {
    const { sid } = [...workspace.activities.values()].find(({ friendlyName }) => friendlyName === activity);
    workspace.setActivity(workspace.who(name), sid);
    twilio.routing.reconsiderAll();
  };

  /** A customer writes for the first time, as it comes from the carrier: the Worker makes an interaction of it. */
  function writeIn({ channel, number, name, body }) {
    const { conversationSid, customerAddress } = twilio.chats.controls.inbound({ channel, from: number, body, name });
    return { conversationSid, author: customerAddress };
  }

  /** The same, with the interaction made, and its task offered to one agent if one is named. */
  function startChat({ channel = "sms", number = "+15551230001", name = "Chris Customer", body = "Hello", agent, attributes = {} }) {
    const { author, binding, identity } = CHANNELS[channel](number);
    const room = rooms.create({ friendlyName: `${channel} with ${name}` });
    if (identity && !rooms.users.has(identity)) rooms.addUser(identity, { friendlyName: name });
    const member = rooms.addMember(room, binding ? { binding } : { identity });
    rooms.addMessage(room, { author, body });
    const interaction = interactions.create({
      type: channel,
      conversationSid: room.sid,
      customer: { address: author, from: binding ? author : name, name, ids: { name, ...(binding && { phone: number }) } },
    });
    interactions.addParticipant(interaction.channel, { type: "customer", memberSid: member.sid });
    const invite = interactions.invite(interaction.channel, {
      workspace_sid: WORKSPACE_SID,
      workflow_sid: INBOUND_WORKFLOW_SID,
      queue_sid: QUEUES.Everyone.sid,
      worker_sid: agent && workspace.who(agent).sid,
      task_channel_unique_name: interactions.taskChannelOf(channel),
      attributes: { direction: "inbound", initiatedBy: "customer", ...attributes },
    });
    tasks.route(invite.task);
    return { conversationSid: room.sid, taskSid: invite.task.sid, interactionSid: interaction.sid, author };
  }

  /** A customer writes again; webhooks fire. */
  function write({ conversationSid, author, body }) {
    const { sid } = rooms.addMessage(rooms.find(conversationSid), { author, body }, { loud: true, source: "SDK" });
    return { messageSid: sid };
  }

  const messages = ({ conversationSid }) => {
    const room = rooms.find(conversationSid);
    return { state: room.state, messages: room.messages.map(({ sid, author, body, created }) => ({ sid, author, body, created })) };
  };

  /** A customer calls: they hear the queue's music until an agent takes the task. */
  function call({ number = "+15551230001", name = number, agent, attributes = {} }) {
    const leg = calls.create({ to: CALLER_ID, from: number, direction: "inbound" });
    calls.setStatus(leg, "in-progress");
    const task = tasks.create({
      workflowSid: INBOUND_WORKFLOW_SID,
      routingTarget: agent ? workspace.who(agent).sid : null,
      channel: "voice",
      attributes: JSON.stringify({
        direction: "inbound",
        from: number,
        caller: number,
        to: CALLER_ID,
        called: CALLER_ID,
        name,
        call_sid: leg.sid,
        customers: { phone: number },
        ...attributes,
      }),
    });
    tasks.route(task);
    // Who hangs up while waiting takes the task along.
    void leg.over.then(() => ["pending", "reserved"].includes(task.status) && tasks.moveTask(task, "canceled", "hangup"));
    return { callSid: leg.sid, taskSid: task.sid };
  }

  function hangUp({ callSid }) {
    const leg = calls.all.get(callSid);
    if (leg) calls.hangup(leg);
    return { status: leg?.status ?? null };
  }

  const callStatus = ({ callSid }) => {
    const leg = calls.all.get(callSid);
    return { status: leg?.status ?? null, talking: Boolean(leg?.participant), onHold: leg?.participant?.hold ?? false };
  };

  return { sitDown, setActivity, writeIn, startChat, write, messages, call, hangUp, callStatus };
}
