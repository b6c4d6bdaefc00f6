// Where the Worker is called, and which workflow is for what: what doctor looks for and provision makes. Pure.

/** Where Twilio and Flex call the Worker. */
export const placesOf = (url) => ({
  events: `${url}/taskrouter/events`,
  inbound: `${url}/conversations/inbound`,
  nativeCall: `${url}/voice/internal-call`,
  ringback: `${url}/voice/internal-call/ringback.wav`,
  plugin: `${url}/plugin/flex-edge.js`,
});

/** The companion plugin's name in Flex's Plugins API. */
export const PLUGIN = "plugin-flex-edge";

/** The events that the Worker does something about (`src/features/events.rs`); all others would only cost requests. */
export const EVENTS = [
  "task.created",
  "task.canceled",
  "task.deleted",
  "task.system-deleted",
  "reservation.rejected",
  "reservation.timeout",
  "reservation.canceled",
];

/** Each workflow: its setting, what it is for (`needsOf`), and the name of one that `npm run provision` makes. */
export const WORKFLOWS = [
  { setting: "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID", kind: "internalCall", title: "internal calls", name: "flex-edge: internal calls" },
  { setting: "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID", kind: "chatTransfer", title: "transfers", name: "flex-edge: transfers" },
  { setting: "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID", kind: "outbound", title: "dialled calls", name: "flex-edge: dialled calls" },
  { setting: "TWILIO_FLEX_INBOUND_WORKFLOW_SID", kind: "inbound", title: "conversations", name: "flex-edge: conversations" },
  { setting: "TWILIO_FLEX_FALLBACK_WORKFLOW_SID", kind: "inbound", title: "nobody took it", isOptional: true },
];

export const CHANNELS = { voice: "Voice", chat: "Programmable Chat", sms: "SMS" };

/** Whether an address sends its customers' messages to the Worker. */
export const leadsTo = ({ autoCreation }, url) =>
  autoCreation?.enabled === true && autoCreation.type === "webhook" && autoCreation.webhook_url === url;

/** What is wrong with the webhook of an address that leads to the Worker; null when nothing is. */
export function webhookProblem({ autoCreation }) {
  if (autoCreation.webhook_method && autoCreation.webhook_method.toUpperCase() !== "POST") return "its webhook is a GET, and has to be a POST";
  const filters = autoCreation.webhook_filters ?? [];
  if (!filters.includes("onMessageAdded")) return "its webhook is not told of onMessageAdded";
  return null;
}
