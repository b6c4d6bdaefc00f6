// The part of the plan that is about conversations: which addresses lead to the Worker.
import { leadsTo, placesOf, webhookProblem } from "../doctor/places.mjs";

const ROOT = "https://conversations.twilio.com/v1/Configuration/Addresses";
const TYPES = [
  [/^whatsapp:/, "whatsapp"],
  [/^messenger:/, "messenger"],
  [/^\+[1-9]\d{6,14}$/, "sms"],
];
const WEBCHAT = "flex-edge";

/** What an address does now, in words; null when nobody has set anything. */
function useOf({ autoCreation }) {
  if (!autoCreation?.enabled || autoCreation.type === "default") return null;
  return autoCreation.type === "webhook" ? `it calls ${autoCreation.webhook_url}` : `it starts the Studio flow ${autoCreation.studio_flow_sid}`;
}

function lead({ plan }, service, url, address, more = {}) {
  const parameters = {
    ...more,
    "AutoCreation.Enabled": true,
    "AutoCreation.Type": "webhook",
    "AutoCreation.ConversationServiceSid": service,
    "AutoCreation.WebhookUrl": placesOf(url).inbound,
    "AutoCreation.WebhookMethod": "post",
    "AutoCreation.WebhookFilters": ["onMessageAdded"],
  };
  const where = more.Address ?? `${address.type} ${address.sid}`;
  plan.step({
    key: `address ${more.Address ?? address.sid}`,
    title: address ? `lead the conversations of ${where} to the Worker` : `make the ${more.Type} address ${where}, which leads to the Worker`,
    request: ["POST", address ? `${ROOT}/${address.sid}` : ROOT, parameters],
    changes: ["addresses"],
    writes: (made) => (made.type === "chat" ? { TWILIO_WEBCHAT_ADDRESS_SID: made.sid } : {}),
  });
}

export async function planAddresses(context) {
  const { plan, account, values, options, url } = context;
  const wanted = [...(options.address ?? [])];
  const isWebchat = options.webchat || Boolean(values.TWILIO_WEBCHAT_ADDRESS_SID);
  const service = (await account.flex()).chatServiceInstanceSid;
  if (isWebchat && values.TWILIO_CONVERSATIONS_SERVICE_SID !== service) {
    if (!values.TWILIO_CONVERSATIONS_SERVICE_SID) plan.set("TWILIO_CONVERSATIONS_SERVICE_SID", service, "Flex's chat service");
    else plan.leave("TWILIO_CONVERSATIONS_SERVICE_SID", `it is not Flex's chat service, ${service}`);
  }
  if (!url) {
    if (wanted.length > 0 || isWebchat) plan.leave("addresses", "the Worker's address is not known yet: npm run deploy, or --url; then this again");
    return;
  }
  const all = await account.addresses();
  if (isWebchat) {
    const found = all.find(({ sid, type }) => sid === values.TWILIO_WEBCHAT_ADDRESS_SID && type === "chat") ?? all.find(({ type }) => type === "chat");
    if (!found) lead(context, service, url, null, { Type: "chat", Address: WEBCHAT, FriendlyName: WEBCHAT });
    else {
      if (found.sid !== values.TWILIO_WEBCHAT_ADDRESS_SID) plan.set("TWILIO_WEBCHAT_ADDRESS_SID", found.sid, "webchat's address");
      wanted.push(found.sid);
    }
  }
  // What leads here already stays right without being named.
  for (const address of all) if (leadsTo(address, placesOf(url).inbound) && webhookProblem(address)) wanted.push(address.sid);
  for (const text of new Set(wanted)) {
    const found = all.find(({ sid, address }) => [sid, address].includes(text));
    const type = TYPES.find(([pattern]) => pattern.test(text))?.[1];
    if (!found && !type) plan.leave(`address ${text}`, "there is none, and this is neither a number nor whatsapp: or messenger:");
    else if (!found) lead(context, service, url, null, { Type: type, Address: text });
    else if (leadsTo(found, placesOf(url).inbound) && !webhookProblem(found)) continue;
    else if (!leadsTo(found, placesOf(url).inbound) && useOf(found) && !options.takeOver) plan.leave(`address ${found.sid}`, `${useOf(found)}; --take-over replaces it`);
    else lead(context, service, url, found);
  }
}
