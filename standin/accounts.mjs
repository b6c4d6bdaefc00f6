// The fixed seed of the stand-in: one account with its workspace, workers and Flex tokens, all made up.

const sid = (prefix, digits) => `${prefix}${String(digits).padStart(32, "0")}`;

export const ACCOUNT_SID = sid("AC", "acc0");
export const AUTH_TOKEN = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
export const API_KEY = sid("SK", "4e1");
export const API_SECRET = "stand-in-api-secret-0000";

export const WORKSPACE_SID = sid("WS", 1);
export const INTERNAL_CALL_WORKFLOW_SID = sid("WW", 1);
export const CHAT_TRANSFER_WORKFLOW_SID = sid("WW", 2);
export const OUTBOUND_WORKFLOW_SID = sid("WW", 3);
export const INBOUND_WORKFLOW_SID = sid("WW", 4);
export const FALLBACK_WORKFLOW_SID = sid("WW", 5);

export const QUEUES = {
  Everyone: { sid: sid("WQ", 1), targetWorkers: "1==1" },
  Support: { sid: sid("WQ", 2), targetWorkers: "routing.skills HAS 'support'" },
  Sales: { sid: sid("WQ", 3), targetWorkers: 'routing.skills HAS "sales"' },
  Outbound: { sid: sid("WQ", 4), targetWorkers: "1==1" },
};
export const OUTBOUND_QUEUE_SID = QUEUES.Outbound.sid;

export const ACTIVITIES = {
  Offline: { sid: sid("WA", 0), available: false },
  Available: { sid: sid("WA", 1), available: true },
  Break: { sid: sid("WA", 2), available: false },
};

export const TASK_CHANNELS = Object.fromEntries(
  ["default", "voice", "chat", "sms", "video", "email"].map((name, index) => [name, sid("TC", index)]),
);

export const CHAT_SERVICE_SID = sid("IS", 1);
export const OPERATING_UNIT_SID = sid("OU", 1);
export const FLEX_INSTANCE_SID = sid("GO", 1);
export const WEBCHAT_ADDRESS_SID = sid("IG", 1);
export const SYNC_SERVICE_SID = sid("IS", 2);
export const INTERNAL_CALL_APP_SID = sid("AP", 1);
export const TURNSTILE_SECRET = "stand-in-turnstile-secret";
export const CALLER_ID = "+15550009999";
export const MESSAGING_NUMBER = "+15550008888";
export const MESSENGER_PAGE = "messenger:555000111";

const person = (number, fullName, more = {}) => ({
  sid: sid("WK", number),
  friendlyName: fullName.split(" ")[0].toLowerCase(),
  attributes: {
    full_name: fullName,
    email: `${fullName.split(" ")[0].toLowerCase()}@example.com`,
    contact_uri: `client:${fullName.split(" ")[0].toLowerCase()}`,
    roles: ["agent"],
    routing: { skills: ["support"], levels: {} },
    ...more,
  },
});

export const WORKERS = {
  alice: person(1, "Alice Archer", { image_url: "https://example.com/alice.png", phone: "+15550001001" }),
  bob: person(2, "Bob Baker"),
  carol: person(3, "Carol Cook", { contact_uri: "sip:carol@example.sip.twilio.com", routing: { skills: ["sales"], levels: {} } }),
  dave: person(4, "Dave Dean", { roles: ["supervisor"], routing: { skills: [], levels: {} } }),
  erin: person(5, "Erin Ellis", { selectedCallerId: "+15550001005", routing: { skills: ["sales"], levels: {} } }),
  // Such workers exist in real workspaces, and directories have stumbled over them.
  frank: { ...person(6, "Frank"), attributes: { contact_uri: "client:frank", roles: ["agent"] } },
  grace: { ...person(7, "Grace Gold"), attributes: { full_name: "Grace Gold", roles: ["agent"] } },
  heidi: { ...person(8, "Heidi"), attributes: "{not json" },
  judy: { ...person(9, "Judy Jones"), activity: "Offline" },
};

const roles = { dave: ["supervisor"] };

/** What each Flex token says, as Tokens/validate answers it; `a.flex.token.of.expired` is known and refused. */
export const TOKENS = Object.fromEntries(
  Object.entries(WORKERS).map(([name, worker], index) => [
    `a.flex.token.of.${name}`,
    { identity: name, roles: roles[name] ?? ["agent"], worker_sid: worker.sid, realm_user_id: sid("FU", index + 1) },
  ]),
);
export const EXPIRED_TOKEN = "a.flex.token.of.expired";
