// What the Workers of the benchmark are asked, and what they ask.
import { createHmac } from "node:crypto";

const HOST = "flex-edge.example.com";
const AUTH_TOKEN = "4f1d2c3b4a5968778695a4b3c2d1e0f9";
export const sid = (prefix, n) => prefix + n.toString(16).padStart(32, "0");
const [ACCOUNT, WORKSPACE, WORKER, TASK] = [sid("AC", 1), sid("WS", 2), sid("WK", 3), sid("WT", 0xca11e4)];
const FLEX_TOKEN = `eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..c29tZS1ub25jZQ.${"dG9rZW4tb2YtYS1GbGV4LWFnZW50".repeat(20)}.YS10YWc`;
const UPDATE = "/common/flex/taskrouter/update-task-attributes";
const LEG = "/voice/agent-outbound-join";
const CALLBACK = "/voice/call-outbound-join";
const LIST_PINS = "/internal-chat/list-pins";

export const settings = {
  TWILIO_ACCOUNT_SID: ACCOUNT,
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  TWILIO_FLEX_WORKSPACE_SID: WORKSPACE,
  TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID: sid("WW", 4),
  TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID: sid("WW", 5),
};

// What Cloudflare and the caller put on every request.
const COMMON = {
  Host: HOST,
  Accept: "*/*",
  "CF-Connecting-IP": "203.0.113.7",
  "CF-IPCountry": "US",
  "CF-Ray": "8f2b6c4d1e3a5b7c-GRU",
  "CF-Visitor": '{"scheme":"https"}',
  "X-Forwarded-Proto": "https",
};

const form = (fields) => new URLSearchParams(fields).toString();

// A webhook as Twilio signs it.
export function webhook(path, fields, { signature, type = "application/x-www-form-urlencoded; charset=utf-8" } = {}) {
  const sorted = Object.keys(fields).sort().map((name) => name + fields[name]).join("");
  const signed = createHmac("sha1", AUTH_TOKEN).update(`https://${HOST}${path}${sorted}`).digest("base64");
  const headers = {
    ...COMMON,
    "User-Agent": "TwilioProxy/1.1",
    "I-Twilio-Idempotency-Token": "3f6f1a39-7f39-4a8c-9b8e-2f1f0f0d6f7e",
    "Content-Type": type,
    "X-Twilio-Signature": signature ?? signed,
  };
  return { path, headers, body: form(fields) };
}

// A plugin's request from the browser.
export function plugin(path, fields) {
  const headers = {
    ...COMMON,
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
    Origin: "https://flex.twilio.com",
    Referer: "https://flex.twilio.com/",
  };
  return { path, headers, body: form(fields) };
}

// The same with a JSON body, given as text; its token is in the header.
export function json(path, body) {
  const { headers } = plugin(path, {});
  return { path, headers: { ...headers, "Content-Type": "application/json", Authorization: `Bearer ${FLEX_TOKEN}` }, body };
}

const VOICE = {
  AccountSid: ACCOUNT,
  ApiVersion: "2010-04-01",
  ApplicationSid: sid("AP", 5),
  CallSid: sid("CA", 6),
  CallStatus: "in-progress",
  CallToken: "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D",
  Called: "client:bob_40example_2Ecom",
  CalledVia: "",
  Caller: "client:alice_40example_2Ecom",
  Direction: "outbound-api",
  From: "client:alice_40example_2Ecom",
  FromCity: "SÃO PAULO",
  FromCountry: "BR",
  FromState: "SP",
  FromZip: "",
  ParentCallSid: sid("CA", 7),
  To: "client:bob_40example_2Ecom",
  ToCity: "RIO DE JANEIRO",
  ToCountry: "BR",
  ToState: "RJ",
  ToZip: "",
};
const LONG = {
  ...VOICE,
  CallbackSource: "call-progress-events",
  ConferenceSid: sid("CF", 8),
  SequenceNumber: "3",
  StirVerstat: "TN-Validation-Passed-A",
  Timestamp: "Sat, 21 Nov 2026 04:34:32 +0000",
  TaskQueueSid: sid("WQ", 9),
  WorkerSid: WORKER,
  taskSid: TASK,
};
const EVENT = {
  AccountSid: ACCOUNT,
  CallSid: sid("CA", 6),
  Coaching: "false",
  ConferenceSid: sid("CF", 8),
  EndConferenceOnExit: "true",
  FriendlyName: TASK,
  Hold: "false",
  Muted: "false",
  ReasonParticipantLeft: "participant_hung_up",
  SequenceNumber: "5",
  StartConferenceOnEnter: "true",
  StatusCallbackEvent: "participant-leave",
  Timestamp: "Sat, 21 Nov 2026 04:34:32 +0000",
};
const CHANGE = JSON.stringify({ conversations: { outcome: "Resolved", case: "7781" }, wrapUp: { seconds: 12 }, csat: null });

// About 2 KB, as tasks of voice calls have them.
const ATTRIBUTES = {
  from_country: "BR",
  called: "+551140028922",
  to_country: "BR",
  to_city: "SÃO PAULO",
  from: "+5511987654321",
  direction: "inbound",
  name: "+5511987654321",
  account_sid: ACCOUNT,
  call_sid: sid("CA", 6),
  worker_call_sid: sid("CA", 7),
  csat: 5,
  customers: { external_id: "4711", phone: "+5511987654321", email: "maria@example.com", labels: ["gold", "pt-BR", "callback"] },
  conversations: {
    conversation_id: TASK,
    conversation_attribute_1: "Ação \"prioritária\"",
    outcome: null,
    initiative: "inbound",
    virtual: "No",
    kind: "Call",
  },
  conference: {
    sid: sid("CF", 8),
    participants: { worker: sid("CA", 7), customer: sid("CA", 6), taskSid: TASK },
  },
  history: Array.from({ length: 9 }, (_, n) => ({ at: `2026-11-${10 + n}T12:00:0${n}.000Z`, queue: `Support level ${n}`, worker: sid("WK", n) })),
};

const task = {
  sid: TASK,
  account_sid: ACCOUNT,
  workspace_sid: WORKSPACE,
  workflow_sid: sid("WW", 10),
  workflow_friendly_name: "Assign to Anyone",
  task_queue_sid: sid("WQ", 9),
  task_queue_friendly_name: "Everyone",
  task_channel_sid: sid("TC", 11),
  task_channel_unique_name: "voice",
  assignment_status: "assigned",
  attributes: JSON.stringify(ATTRIBUTES),
  addons: "{}",
  age: 125,
  priority: 0,
  reason: null,
  timeout: 86400,
  ignore_capacity: false,
  routing_target: null,
  date_created: "2026-11-21T04:30:00Z",
  date_updated: "2026-11-21T04:31:00Z",
  task_queue_entered_date: "2026-11-21T04:30:00Z",
  url: `https://taskrouter.twilio.com/v1/Workspaces/${WORKSPACE}/Tasks/${TASK}`,
  links: {
    reservations: `https://taskrouter.twilio.com/v1/Workspaces/${WORKSPACE}/Tasks/${TASK}/Reservations`,
    workspace: `https://taskrouter.twilio.com/v1/Workspaces/${WORKSPACE}`,
  },
};
// A conversation whose attributes are nearly as large as Twilio takes them.
const conversation = {
  sid: sid("CH", 0x20),
  account_sid: ACCOUNT,
  state: "active",
  unique_name: null,
  friendly_name: "sms with Maria",
  attributes: JSON.stringify(Object.fromEntries(Array.from({ length: 1_300 }, (_, n) => [`k${n}`, n % 10]))),
  date_created: "2026-11-21T04:30:00Z",
  date_updated: "2026-11-21T04:31:00Z",
};
// A task with more attributes than Twilio allows.
export const MANY = 20_000;
const members = Object.fromEntries(Array.from({ length: MANY }, (_, n) => [`k${n}`, n % 10]));
export const overfull = { ...task, sid: sid("WT", 0xf011), attributes: JSON.stringify(members) };
const owner = { valid: true, code: null, message: null, realm_user_id: sid("FU", 1), identity: "dave", roles: ["supervisor"], worker_sid: WORKER };

// What is outside: Twilio's answers by method and path, and the keys in KV.
export const outside = {
  answers: {
    [`POST /iam/v1/Accounts/${ACCOUNT}/Tokens/validate`]: { body: JSON.stringify(owner) },
    [`GET /taskrouter/v1/Workspaces/${WORKSPACE}/Tasks/${TASK}`]: { etag: '"7"', body: JSON.stringify(task) },
    [`POST /taskrouter/v1/Workspaces/${WORKSPACE}/Tasks/${TASK}`]: { etag: '"8"', body: JSON.stringify(task) },
    [`GET /taskrouter/v1/Workspaces/${WORKSPACE}/Tasks/${overfull.sid}`]: { etag: '"7"', body: JSON.stringify(overfull) },
    [`POST /taskrouter/v1/Workspaces/${WORKSPACE}/Tasks/${overfull.sid}`]: { etag: '"8"', body: JSON.stringify(overfull) },
    [`GET /conversations/v1/Conversations/${conversation.sid}`]: { etag: '"1"', body: JSON.stringify(conversation) },
    [`POST /conversations/v1/Conversations/${conversation.sid}`]: { etag: '"2"', body: JSON.stringify(conversation) },
  },
  pins: Array.from({ length: 20 }, (_, n) => ({
    name: `pin/dave/agent_${(n * 7) % 20}`,
    metadata: `${1_790_000_000_000 + ((n * 13) % 20) * 1000} agent_${(n * 7) % 20}`,
  })),
};

const long = webhook(LEG, LONG);
const update = plugin(UPDATE, { taskSid: TASK, attributesUpdate: CHANGE, Token: FLEX_TOKEN });

// What is timed. `floor` is the least that the ratio to each JavaScript Worker is meant to be.
export const routes = {
  "TwiML leg, 29 fields": { request: long, floor: { usual: 1.6, tuned: 1 } },
  "TwiML leg, 2 fields": { request: webhook(LEG, { AccountSid: ACCOUNT, taskSid: TASK }), floor: { usual: 1.3, tuned: 1 } },
  "status callback": { request: webhook(CALLBACK, EVENT), floor: { usual: 1.35 } },
  "attributes merge, 2 Twilio calls": { request: update, floor: { usual: 1.05 } },
  "pin list from KV": { request: plugin(LIST_PINS, { Token: FLEX_TOKEN }), floor: { usual: 0.95 } },
};

// What is compared before anything is timed: the same, and what must be refused.
export const checks = {
  ...Object.fromEntries(Object.entries(routes).map(([name, { request }]) => [name, request])),
  "a signature that is not valid": webhook(LEG, LONG, { signature: webhook(LEG, { taskSid: TASK }).headers["X-Twilio-Signature"] }),
  "a signature that is none": webhook(LEG, LONG, { signature: "x" }),
  "a field that was changed": { ...long, body: long.body.replace("BR", "US") },
  "a field that is missing": webhook(LEG, VOICE),
  "a SID that is none": webhook(LEG, { taskSid: "WT1" }),
  "a path that is none": webhook("/voice/nothing", LONG),
  "a body that is too large": { ...long, body: "x".repeat(256 * 1024 + 1) },
  "no token": plugin(UPDATE, { taskSid: TASK, attributesUpdate: CHANGE }),
  "an update that is no object": plugin(UPDATE, { taskSid: TASK, attributesUpdate: "[]", Token: FLEX_TOKEN }),
  "a task that is none": plugin(UPDATE, { taskSid: "WT1", attributesUpdate: CHANGE, Token: FLEX_TOKEN }),
};
