// Calls to begin a test with: one agent calls another, a customer is on the line.
import { edge, ownNumber, somebody, twilio } from "./shared.mjs";
import { until } from "./clock.mjs";

export const VOICE = "/common/flex/programmable-voice";
/** Where each plugin has its internal-call endpoints. */
export const PREFIX = { IL: "/voice", T: "/features/internal-call/common", D: "/internal-call" };
export const CLEANUP = { IL: "/voice/cleanup-rejected-task", T: "/features/internal-call/flex/cleanup-rejected-task", D: "/internal-call/cleanup-rejected-task" };
export const HOLD = { IL: "/voice/hold-participant", T: `${VOICE}/hold-participant`, D: "/internal-call/hold-call" };

/** Two agents, and the task of a call between them; `ring()` calls the caller's leg. */
export function dialled({ dialect = "IL", ...more } = {}) {
  const [caller, callee] = [somebody(), somebody()];
  const call = twilio.prepareCall({ from: caller.name, to: callee.name, dialect, base: edge.url + PREFIX[dialect], ...more });
  return { ...call, caller, callee, dialect };
}

/** The same, and the caller's leg is in the room. */
export async function placedCall(options) {
  const call = dialled(options);
  return { ...call, ...(await call.ring()) };
}

/** The tasks made for those whom this caller's task calls. */
export const calleesOf = (taskSid) => twilio.naming(taskSid).tasks.filter(({ attributes }) => attributes.conferenceSid === taskSid);
export const roomsOf = (taskSid) => twilio.naming(taskSid).conferences.filter(({ status }) => status !== "completed");

export async function ringing({ taskSid }) {
  const task = await until(() => calleesOf(taskSid).find(({ reservations }) => reservations.length > 0), "the callee rings");
  return { task, reservation: task.reservations[0].sid };
}

export const accept = (reservation, { dialect = "IL" } = {}) => twilio.accept(reservation, { base: edge.url + PREFIX[dialect] });

/** An agent with a customer on the line. */
export function customerCall(attributes = {}) {
  const agent = somebody();
  const call = twilio.customerCall({ agent: agent.name, attributes: { kept: "1.0", ...attributes } });
  return { agent, number: ownNumber(), from: twilio.seed.CALLER_ID, ...call };
}

/** Who is in the room of a customer's call. */
export const inRoom = ({ taskSid, conferenceSid }) => twilio.naming(taskSid).conferences.find(({ sid }) => sid === conferenceSid)?.participants ?? [];
export const participantOf = (call, callSid) => inRoom(call).find((participant) => participant.callSid === callSid);

async function rest(path) {
  const { ACCOUNT_SID, AUTH_TOKEN } = twilio.seed;
  const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString("base64")}`;
  const response = await fetch(`${twilio.url}/api/2010-04-01/Accounts/${ACCOUNT_SID}/${path}`, { headers: { authorization } });
  return response.json();
}
export const readCall = (sid) => rest(`Calls/${sid}.json`);
export const callsTo = async (number) => (await rest(`Calls.json?To=${encodeURIComponent(number)}`)).calls;
export const callsFrom = async (parent) => (await rest(`Calls.json?ParentCallSid=${parent}`)).calls;

/** What there is of a customer's call, to be compared later. */
export function lookAt(call) {
  const { assignment_status, attributes } = twilio.task(call.taskSid);
  return structuredClone({ participants: inRoom(call), assignment_status, attributes });
}

/** What `/internal-call/start` answers one agent who wants to call another, with its ticket. */
export async function ticketFor(caller, callee) {
  const { status, body } = await edge.post("/internal-call/start", caller.name, { workerSid: callee.workerSid });
  if (status !== 200) throw new Error(`no ticket: ${status} ${JSON.stringify(body)}`);
  return { ...body, ticket: body.destination.split("?t=")[1] };
}

/** Two agents, of whom one calls the other as Flex does it by itself; it rings. */
export async function nativeCall() {
  const [caller, callee] = [somebody(), somebody()];
  const start = await ticketFor(caller, callee);
  const call = await twilio.outboundCall({ from: caller.name, to: start.destination, attributes: start.taskAttributes });
  const { conversation_id: conversation } = start.taskAttributes.conversations;
  const find = () => twilio.naming(conversation).tasks.find(({ attributes, reservations }) => attributes.worker_sid && reservations.length > 0);
  const task = await until(find, "the called agent's task");
  await twilio.settle({ contains: task.sid });
  return { caller, callee, start, call, task, reservation: task.reservations[0] };
}
