// The customer of a chat is dialled.
import { once, overcome, same } from "../rules.mjs";
import { OPEN, edge, ownNumber, somebody, twilio } from "../shared.mjs";

const chatTask = (it) => it.taskSid;
/** The calls dialled from a chat that are not over. */
const openCalls = (it) => {
  const { tasks } = twilio.naming(it.taskSid);
  return tasks.filter(({ attributes, assignment_status: status }) => attributes.dialedFromTaskSid === it.taskSid && OPEN.includes(status));
};

const dialling = {
  name: "the customer of a chat is dialled",
  answer: 201,
  always: true,
  calls: [
    ["ValidateFlexToken", (it) => it.agent.token],
    ["FetchTask", chatTask],
    ["ListTaskReservation", chatTask],
    ["FetchWorker", (it) => it.agent.workerSid],
    ["ListTask", chatTask],
    ["FetchPhoneNumber", (it) => it.to.slice(-9)],
    ["CreateTask", chatTask],
  ],
  given() {
    const agent = somebody({ attributes: { phone: "+15550001111" } });
    const customer = ownNumber("+1555");
    // Looked up as it is written; its last digits are its own, so that faults find their case.
    const to = `(11) 91${customer.slice(-7)}`;
    return { agent, to, ...twilio.chat({ agent: agent.name, channel: "sms", customer, name: "Ana" }) };
  },
  ask: (it) => edge.post("/dial", it.agent.name, { taskSid: it.taskSid, to: it.to }),
  check(it, { answers }) {
    const open = openCalls(it);
    once(open.length <= 1, `${open.length} open calls`);
    for (const { status, body } of answers)
      if (status === 201 || (status === 409 && !body.twilioErrorCode)) same.equal(body.taskSid, open[0]?.sid, "the call that is open:");
  },
  done: (it) => overcome.equal(openCalls(it).length, 1, "open calls:"),
};

export const dial = [dialling];
