// The part of the plan that is about calls: Flex's outbound flow, and the TwiML App of native internal calls.
import { placesOf, WORKFLOWS } from "../doctor/places.mjs";
import { PENDING } from "./step.mjs";

const APPLICATION = "flex-edge: native calls";
const OUTBOUND = WORKFLOWS.find(({ kind }) => kind === "outbound");

/** The number that calls show when nobody has chosen one: the setting's, or the account's only one. */
async function callerId(values, account) {
  if (values.TWILIO_FLEX_CALLER_ID) return values.TWILIO_FLEX_CALLER_ID;
  const numbers = (await account.numbers()).filter(({ capabilities }) => capabilities?.voice !== false);
  return numbers.length === 1 ? numbers[0].phoneNumber : undefined;
}

export async function planOutboundFlow({ plan, account, values, options }, everyone) {
  const flex = await account.flex();
  const flow = flex.outboundCallFlows?.default ?? {};
  const [workflows, queues] = [await account.workflows(), await account.queues()];
  const workflow = values[OUTBOUND.setting] ?? workflows.find(({ friendlyName }) => friendlyName === OUTBOUND.name)?.sid ?? PENDING;
  const exists = (items, sid) => items.some((one) => one.sid === sid);
  const wrong = [
    flow.workflow_sid && !exists(workflows, flow.workflow_sid) && "its workflow does not exist",
    flow.queue_sid && !exists(queues, flow.queue_sid) && "its queue does not exist",
    flow.enabled === false && "it is switched off",
  ].filter(Boolean);
  if (wrong.length > 0 && !options.takeOver) return plan.leave("outbound calls in Flex", `${wrong.join(", ")}; --take-over corrects it`);
  const number = flow.caller_id ?? (await callerId(values, account));
  const kept = (items, sid) => (exists(items, sid) ? sid : undefined);
  const wanted = {
    ...flow,
    enabled: true,
    workflow_sid: kept(workflows, flow.workflow_sid) ?? workflow,
    queue_sid: kept(queues, flow.queue_sid) ?? values.TWILIO_FLEX_OUTBOUND_QUEUE_SID ?? everyone,
    location: flow.location ?? values.DEFAULT_COUNTRY ?? "US",
    ...(number ? { caller_id: number } : {}),
  };
  if (flow.enabled !== false && flow.workflow_sid === wanted.workflow_sid && flow.queue_sid === wanted.queue_sid) return;
  const body = { account_sid: flex.accountSid, outbound_call_flows: { ...flex.outboundCallFlows, default: wanted } };
  plan.step({
    key: "outbound flow",
    title: `set up outbound calls in Flex${number ? "" : " (without a caller ID: TWILIO_FLEX_CALLER_ID names one)"}`,
    request: ["POST", "https://flex-api.twilio.com/v1/Configuration", body],
    changes: ["flex"],
  });
}

export async function planApplication({ plan, account, values, options, url }) {
  const setting = "TWILIO_FLEX_INTERNAL_CALL_APP_SID";
  if (!options.nativeCalls && !values[setting]) return;
  if (!url) return plan.leave("TwiML App", "the Worker's address is not known yet: npm run deploy, or --url; then this again");
  const voiceUrl = placesOf(url).nativeCall;
  const all = await account.applications();
  const found = all.find(({ sid }) => sid === values[setting]) ?? all.find(({ friendlyName }) => friendlyName === APPLICATION);
  const root = `https://api.twilio.com/2010-04-01/Accounts/${values.TWILIO_ACCOUNT_SID}/Applications`;
  const step = (title, sid, more) =>
    plan.step({
      key: "application",
      title,
      request: ["POST", `${root}${sid ? `/${sid}` : ""}.json`, { ...more, VoiceUrl: voiceUrl, VoiceMethod: "POST" }],
      changes: ["applications"],
      writes: (made) => ({ [setting]: made.sid }),
    });
  if (!found) return step(`make the TwiML App "${APPLICATION}"`, null, { FriendlyName: APPLICATION });
  if (found.sid !== values[setting]) plan.set(setting, found.sid, `"${found.friendlyName}"`);
  if (found.voiceUrl === voiceUrl && found.voiceMethod === "POST") return;
  const isFree = !found.voiceUrl || found.voiceUrl === voiceUrl || found.friendlyName === APPLICATION;
  if (!isFree && !options.takeOver) return plan.leave(`TwiML App "${found.friendlyName}"`, "its voice URL is another's; --take-over replaces it");
  step(`have the TwiML App "${found.friendlyName}" ask the Worker`, found.sid, {});
}
