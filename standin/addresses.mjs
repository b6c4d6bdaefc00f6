// Conversations addresses: which conversation an incoming message opens, and which webhook that conversation gets.
import { ACCOUNT_SID, CHAT_SERVICE_SID, MESSAGING_NUMBER, MESSENGER_PAGE, WEBCHAT_ADDRESS_SID } from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, page, Refusal } from "./shape.mjs";

// What an address may ask for; onConversationAdded is not among it.
const FILTERS = [
  ...["onMessageAdded", "onMessageUpdated", "onMessageRemoved", "onConversationUpdated", "onConversationStateUpdated"],
  ...["onConversationRemoved", "onParticipantAdded", "onParticipantUpdated", "onParticipantRemoved", "onDeliveryUpdated"],
];
const SEED = [
  ["sms", MESSAGING_NUMBER, "Messages"],
  ["whatsapp", `whatsapp:${MESSAGING_NUMBER}`, "WhatsApp"],
  ["messenger", MESSENGER_PAGE, "Messenger"],
];

function autoCreationOf(params, before = {}) {
  const given = (name) => params[`AutoCreation.${name}`];
  const changes = {
    enabled: given("Enabled"),
    type: given("Type"),
    conversation_service_sid: given("ConversationServiceSid"),
    webhook_url: given("WebhookUrl"),
    webhook_method: given("WebhookMethod")?.toUpperCase(),
    webhook_filters: given("WebhookFilters"),
    studio_flow_sid: given("StudioFlowSid"),
    studio_retry_count: given("StudioRetryCount"),
  };
  const after = { ...before };
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) after[name] = value;
  if (after.type === "webhook" && !after.webhook_url) throw badRequest("AutoCreation.WebhookUrl is needed for the type webhook");
  if (after.type === "studio" && !after.studio_flow_sid) throw badRequest("AutoCreation.StudioFlowSid is needed for the type studio");
  const unknown = (after.webhook_filters ?? []).filter((name) => !FILTERS.includes(name));
  if (unknown.length > 0) throw badRequest(`AutoCreation.WebhookFilters: ${unknown.join(", ")} is not known`);
  return after;
}

export function createAddresses(twilio) {
  const { clock } = twilio;
  const all = new Map();

  function add({ sid = newSid("IG"), type, address, friendlyName = null, country = null, autoCreation }) {
    const now = clock.now();
    const made = { sid, type, address, friendlyName, country, autoCreation, created: now, updated: now };
    all.set(sid, made);
    return made;
  }

  function find(text) {
    const found = all.get(text) ?? [...all.values()].find(({ address }) => address === text);
    if (!found) throw notFound(`/v1/Configuration/Addresses/${text}`);
    return found;
  }

  function reset() {
    all.clear();
    const autoCreation = { enabled: true, type: "default", conversation_service_sid: CHAT_SERVICE_SID };
    for (const [type, address, friendlyName] of SEED) add({ type, address, friendlyName, autoCreation });
    add({ sid: WEBCHAT_ADDRESS_SID, type: "chat", address: "webchat", friendlyName: "Webchat", autoCreation });
  }

  /** Every address posts its conversations' messages to `url`. */
  function connect(url) {
    for (const address of all.values()) {
      const autoCreation = { "AutoCreation.Type": "webhook", "AutoCreation.WebhookUrl": url, "AutoCreation.WebhookMethod": "post" };
      address.autoCreation = autoCreationOf({ ...autoCreation, "AutoCreation.WebhookFilters": ["onMessageAdded"] }, address.autoCreation);
    }
  }

  /** The conversation that a message from `address` to `proxy` belongs to; a new one when none is open and the proxy makes them. */
  function conversationFor({ type, address, proxy }) {
    const { rooms } = twilio;
    const [member] = rooms.membersWith(
      ({ room, binding }) => room.state !== "closed" && binding?.address === address && binding.proxy_address === proxy,
    );
    if (member) return { room: member.room, created: false };
    const { autoCreation } = find(proxy);
    if (!autoCreation.enabled) throw badRequest(`${proxy} makes no conversations`);
    const room = open(proxy, {});
    rooms.addMember(room, { binding: { type, address, proxy_address: proxy } });
    return { room, created: true };
  }

  /** A new conversation of this address, with the webhook that it gives every one. */
  function open(text, details) {
    const { autoCreation } = find(text);
    const room = twilio.rooms.create(details);
    const { webhook_url: url, webhook_method: method = "POST", webhook_filters: filters = [] } = autoCreation;
    if (autoCreation.type === "webhook") twilio.rooms.addWebhook(room, "webhook", { url, method: method.toLowerCase(), filters });
    if (autoCreation.type === "studio") twilio.rooms.addWebhook(room, "studio", { flow_sid: autoCreation.studio_flow_sid });
    return room;
  }

  const present = (address) => ({
    sid: address.sid,
    account_sid: ACCOUNT_SID,
    type: address.type,
    address: address.address,
    friendly_name: address.friendlyName,
    address_country: address.country,
    auto_creation: address.autoCreation,
    date_created: iso(address.created),
    date_updated: iso(address.updated),
    url: `https://conversations.twilio.com/v1/Configuration/Addresses/${address.sid}`,
  });

  const operations = {
    CreateConfigurationAddress(params) {
      if ([...all.values()].some(({ address }) => address === params.Address)) throw new Refusal(409, 50438, "Address already exists");
      const autoCreation = autoCreationOf(params, { enabled: false, type: "default", conversation_service_sid: CHAT_SERVICE_SID });
      return present(
        add({
          type: params.Type,
          address: params.Address,
          friendlyName: params.FriendlyName,
          country: params.AddressCountry,
          autoCreation,
        }),
      );
    },
    UpdateConfigurationAddress(params) {
      const address = find(params.Sid);
      address.autoCreation = autoCreationOf(params, address.autoCreation);
      if (params.FriendlyName !== undefined) address.friendlyName = params.FriendlyName;
      address.updated = clock.now();
      return present(address);
    },
    FetchConfigurationAddress: ({ Sid }) => present(find(Sid)),
    ListConfigurationAddress: (params, request) =>
      page(
        request,
        "address_configurations",
        [...all.values()].filter(({ type }) => !params.Type || type === params.Type.toLowerCase()).map(present),
        50,
      ),
    DeleteConfigurationAddress: ({ Sid }) => void all.delete(find(Sid).sid),
  };

  return { all, find, add, open, conversationFor, connect, reset, services: { "conversations/v1": operations } };
}
