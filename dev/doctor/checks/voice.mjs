// What calls need: Flex's outbound flow, caller IDs, and the TwiML App of native internal calls.
import { placesOf } from "../places.mjs";
import { bad, good, none, PROVISION } from "../result.mjs";

const FLOW_PAGE = "Twilio Console, Flex, Manage, Voice";

async function outboundFlow({ account }) {
  const flow = (await account.flex()).outboundCallFlows?.default;
  if (!flow) return bad("Flex has none: agents cannot call, and not call each other", PROVISION);
  if (flow.enabled === false) return bad("it is switched off", `${FLOW_PAGE}: enable outbound calls`);
  const known = { workflow_sid: await account.workflows(), queue_sid: await account.queues() };
  for (const [name, items] of Object.entries(known)) {
    if (!flow[name]) return bad(`it has no ${name}`, PROVISION);
    if (!items.some(({ sid }) => sid === flow[name])) return bad(`its ${name} ${flow[name]} does not exist`, `${PROVISION} -- --take-over`);
  }
  return good(`workflow ${flow.workflow_sid}, queue ${flow.queue_sid}`);
}

/** Whether calls may show this number. */
async function ownership(number, account) {
  const own = (await account.numbers()).find(({ phoneNumber }) => phoneNumber === number);
  if (own) return own.capabilities?.voice === false ? "is a number of the account that cannot call" : null;
  return (await account.verified()).some(({ phoneNumber }) => phoneNumber === number) ? null : "is neither a number of the account nor verified";
}

async function callerId({ settings: { values, file }, account }) {
  const flow = (await account.flex()).outboundCallFlows?.default;
  const numbers = { "TWILIO_FLEX_CALLER_ID": values.TWILIO_FLEX_CALLER_ID, "Flex's default": flow?.caller_id };
  for (const [whose, number] of Object.entries(numbers)) {
    const problem = number ? await ownership(number, account) : null;
    if (problem) return bad(`${whose} ${problem}`, whose === "TWILIO_FLEX_CALLER_ID" ? `correct it in ${file}` : `${FLOW_PAGE}: choose another caller ID`);
  }
  if (!flow?.caller_id && !values.TWILIO_FLEX_CALLER_ID) {
    return none("none: only agents with a number of their own (attribute phone) can dial out");
  }
  return good(Object.keys(numbers).filter((whose) => numbers[whose]).join(" and ") + ": the account may use it");
}

async function application({ settings: { values }, account, url }) {
  const sid = values.TWILIO_FLEX_INTERNAL_CALL_APP_SID;
  if (!sid) return none("not set: agents call each other as the plugins do it");
  const found = (await account.applications()).find((one) => one.sid === sid);
  if (!found) return bad(`${sid} does not exist`, `${PROVISION} -- --native-calls`);
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  if (found.voiceUrl !== placesOf(url).nativeCall) return bad("its voice URL is not the Worker's", `${PROVISION} -- --take-over`);
  return found.voiceMethod === "POST" ? good(found.voiceUrl) : bad("its voice URL is called with GET", PROVISION);
}

async function ringback({ settings: { values }, url }) {
  if (!values.TWILIO_FLEX_INTERNAL_CALL_APP_SID) return none("no native calls");
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  const answer = await fetch(placesOf(url).ringback, { redirect: "manual", signal: AbortSignal.timeout(15_000) }).catch(() => null);
  if (!answer) return none("not checked: the Worker does not answer");
  const type = answer.headers.get("content-type") ?? "";
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 200 && type.startsWith("audio/")) return good(`${type}, ${bytes.length} bytes`);
  return bad(`the Worker does not serve it (${answer.status}): callers hear words instead`, "npm run deploy");
}

export const checks = [
  { id: "outbound-flow", title: "outbound calls in Flex", run: outboundFlow },
  { id: "caller-id", title: "caller ID", run: callerId },
  { id: "application", title: "TwiML App", run: application },
  { id: "ringback", title: "ringing tone", run: ringback },
];
