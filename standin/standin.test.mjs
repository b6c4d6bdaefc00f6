// The local Twilio, tested against Twilio's OpenAPI documents and npm's signature check.
import assert from "node:assert/strict";
import http from "node:http";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import twilioPackage from "twilio";
import { ExpressionError, expression } from "./expressions.mjs";
import { seed, startTwilio } from "./index.mjs";
import { checkRequest, checkResponse } from "./openapi.mjs";
import { parseTwiml, TwimlError } from "./twiml.mjs";
import { signature, signedUrl } from "./webhooks.mjs";

const { WORKERS, QUEUES } = seed;
const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => WORKERS[name].sid);
const AUTHORIZATION = `Basic ${Buffer.from(`${seed.ACCOUNT_SID}:${seed.AUTH_TOKEN}`).toString("base64")}`;
const workspace = `/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}`;
const account = `/api/2010-04-01/Accounts/${seed.ACCOUNT_SID}`;

let twilio;
let worker;
// What the Worker's place got, and how it answers: path → (fields, url) → body or {status}.
let received = [];
let answers = {};

const conference = (name, more = "") => `<Response><Dial><Conference endConferenceOnExit="true" ${more}>${name}</Conference></Dial></Response>`;
const internalCallAnswers = {
  "/voice/agent-outbound-join": (_, url) =>
    conference(url.searchParams.get("taskSid"), 'statusCallback="call-outbound-join" statusCallbackEvent="start join leave hold modify mute end"'),
  "/voice/agent-join-conference": (_, url) =>
    conference(url.searchParams.get("conferenceName"), 'statusCallback="never-honoured" statusCallbackEvent="join end"'),
};

async function ask(method, path, form, headers = {}) {
  const body = form && new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  const response = await fetch(twilio.url + path, { method, body, headers: { Authorization: AUTHORIZATION, ...headers } });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get("etag"),
    retryAfter: response.headers.get("retry-after"),
    body: text ? JSON.parse(text) : null,
  };
}
const get = (path, query) => ask("GET", query ? `${path}?${new URLSearchParams(query)}` : path);
const post = (path, form, headers) => ask("POST", path, form ?? {}, headers);
const remove = (path) => ask("DELETE", path);
const refusal = ({ status, body }) => [status, body.code];
const attributes = (sid) => twilio.task(sid).attributes;
const events = () => received.filter(({ fields }) => fields.StatusCallbackEvent).map(({ fields }) => fields.StatusCallbackEvent);

before(async () => {
  worker = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const fields = Object.fromEntries(new URLSearchParams(body));
    const url = new URL(request.url, `http://127.0.0.1:${worker.address().port}`);
    received.push({
      path: url.pathname,
      url: url.href,
      fields,
      header: request.headers["x-twilio-signature"],
      token: request.headers["i-twilio-idempotency-token"],
      signed: twilioPackage.validateRequest(seed.AUTH_TOKEN, request.headers["x-twilio-signature"] ?? "", url.href, fields),
    });
    const answer = answers[url.pathname]?.(fields, url) ?? "";
    if (answer.late) return;
    response.writeHead(answer.status ?? 200, { "Content-Type": "text/xml" }).end(answer.status ? "" : answer);
  });
  await new Promise((resolve) => worker.listen(0, "127.0.0.1", resolve));
  twilio = await startTwilio({ workerUrl: `http://127.0.0.1:${worker.address().port}` });
});
after(async () => {
  await twilio.close();
  worker.closeAllConnections();
  worker.close();
});

beforeEach(() => {
  twilio.reset();
  received = [];
  answers = { ...internalCallAnswers };
});
// No answer of the whole run may differ from its document; refused requests are the tests' own doing.
const asked = new Set();
afterEach(() => {
  const { entries } = twilio.journal();
  for (const { service, operationId, status } of entries) if (status < 300) asked.add(`${service} ${operationId}`);
  const wrong = entries.flatMap(({ operationId, violations }) =>
    violations.filter((text) => text.startsWith("answer ")).map((text) => `${operationId}: ${text}`),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    entries.filter(({ kind, message }) => kind === "alert" && message.startsWith("stand-in failed")),
    [],
  );
});

describe("requests", () => {
  test("what the documents do not allow is named", () => {
    const violations = (method, url, body = "", headers = {}) =>
      checkRequest({ method, url, body, headers: { ...(body && { "Content-Type": "application/x-www-form-urlencoded" }), ...headers } }).violations;
    const tasks = `https://taskrouter.twilio.com/v1/Workspaces/${seed.WORKSPACE_SID}/Tasks`;
    assert.deepEqual(violations("POST", tasks, "Attributes=%7B%7D&Priority=1"), []);
    assert.match(violations("POST", tasks, "Attributes=%7B")[0], /is not JSON/);
    assert.match(violations("POST", tasks, "Atributes=%7B%7D")[0], /no such form parameter/);
    assert.match(violations("POST", tasks, "Priority=high")[0], /not a number/);
    assert.match(violations("POST", tasks, "Priority=1&Priority=2")[0], /2 times/);
    assert.match(violations("POST", tasks, "Priority=%zz")[0], /percent-encoding/);
    assert.match(violations("POST", tasks, "Priority=1", { "Content-Type": "application/json" })[0], /Content-Type/);
    assert.match(violations("GET", `${tasks}/WTshort`)[0], /does not match/);
    assert.match(violations("GET", `${tasks}/WT${"0".repeat(32)}`, "", { "If-Match": "1" })[0], /takes no such header/);
    assert.match(violations("PUT", tasks)[0], /only (POST|GET), (POST|GET)/);
    assert.match(violations("GET", "https://taskrouter.twilio.com/v1/Elsewhere")[0], /no such path/);
    assert.match(
      violations("POST", `https://flex-api.twilio.com/v1/Interactions/KD${"0".repeat(32)}/Channels/UO${"0".repeat(32)}/Invites`, "a=b").join(),
      /Routing: required/,
    );
    const iam = `https://iam.twilio.com/v1/Accounts/${seed.ACCOUNT_SID}/Tokens/validate`;
    assert.deepEqual(violations("POST", iam, '{"token":"x"}', { "Content-Type": "application/json" }), []);
    assert.match(violations("POST", iam, '{"Token":"x"}', { "Content-Type": "application/json" })[0], /token: missing/);
  });

  test("both spellings of a URL name the same operation", () => {
    const path = `2010-04-01/Accounts/${seed.ACCOUNT_SID}/Conferences.json?FriendlyName=a%20b&DateCreated%3E=2024-01-01`;
    for (const url of [`https://api.twilio.com/${path}`, `http://127.0.0.1:4010/api/${path}`, `https://api.dublin.ie1.twilio.com/${path}`]) {
      const { operationId, service, params, violations } = checkRequest({ method: "GET", url });
      assert.deepEqual(
        [operationId, service, params.FriendlyName, params["DateCreated>"], violations],
        ["ListConference", "api/2010-04-01", "a b", "2024-01-01", []],
      );
    }
  });

  test("answers are held against their schemas", () => {
    const about = { operationId: "FetchCall", service: "api/2010-04-01" };
    assert.match(checkResponse({ ...about, status: 200, body: "{}" })[0], /missing/);
    assert.match(checkResponse({ ...about, status: 201, body: "{}" })[0], /not in the document/);
    assert.deepEqual(
      checkResponse({
        ...about,
        status: 404,
        body: { code: 20404, message: "m", more_info: "https://www.twilio.com/docs/errors/20404", status: 404 },
      }),
      [],
    );
    assert.match(checkResponse({ ...about, status: 404, body: { message: "m" } })[0], /missing/);
  });

  test("refusals are worded as Twilio words them", async () => {
    assert.deepEqual(refusal(await get(`${workspace}/Tasks/WT${"0".repeat(32)}`)), [404, 20404]);
    assert.deepEqual(refusal(await get(`${workspace}/Tasks/nonsense`)), [404, 20404]);
    assert.deepEqual(refusal(await post(`${workspace}/Tasks`, { Nonsense: "1" })), [400, 20001]);
    assert.deepEqual(refusal(await ask("GET", `${workspace}/Tasks`, undefined, { Authorization: "Basic eDp5" })), [401, 20003]);
    assert.deepEqual(refusal(await get("/taskrouter/v1/Nothing")), [404, 20404]);
    assert.deepEqual(refusal(await get(`/api/2010-04-01/Accounts/AC${"1".repeat(32)}/Calls.json`)), [404, 20404]);
    assert.equal((await get(`${account}/Queues.json`)).status, 501);
    const key = Buffer.from(`${seed.API_KEY}:${seed.API_SECRET}`).toString("base64");
    assert.equal((await ask("GET", `${workspace}/Tasks`, undefined, { Authorization: `Basic ${key}` })).status, 200);
    assert.match(twilio.violations().violations.join("\n"), /Nonsense: no such form parameter/);
  });
});

describe("expressions", () => {
  const names = { full_name: 'Pat "O\'Neil"', skills: ["a", "b"], level: 3, nested: { deep: true }, nothing: null };
  for (const [text, result] of [
    ["level == 3", true],
    ["level = 3 AND level != 4", true],
    ["level > 2 and level <= 3", true],
    ["level < 3 OR nested.deep", true],
    ["skills HAS 'a' AND NOT skills HAS 'c'", true],
    ["'b' IN skills", true],
    ["'c' NOT IN skills", true],
    ["level IN [1, 2, 3]", true],
    ['full_name CONTAINS "O\'N"', true],
    ["full_name CONTAINS 'O\\'N'", true],
    ['full_name CONTAINS "\\"O"', true],
    ["skills CONTAINS 'a'", true],
    ["missing == null AND nothing == null", true],
    ["missing.deeper HAS 'a'", false],
    ["level == '3'", false],
    ["(level == 1 OR level == 3) AND nested.deep == true", true],
  ])
    test(text, () => assert.equal(expression(text)(names), result));

  for (const text of ["", "level ==", "level == 3 3", "(level == 3", "level == 'x' OR 'y", "AND", "level LIKE 'a'", "a == 'x' ; b"]) {
    test(`refused: ${text}`, () => assert.throws(() => expression(text), ExpressionError));
  }
});

describe("TwiML", () => {
  test("elements, attributes and entities", () => {
    const document = parseTwiml(
      '<?xml version="1.0" encoding="UTF-8"?><!-- x --><Response><Dial><Conference a="&lt;&quot;" b=\'&#39;\'>x &amp; y</Conference></Dial></Response>',
    );
    assert.deepEqual(document.children[0].children[0], { name: "Conference", attributes: { a: '<"', b: "'" }, children: [], text: "x & y" });
  });
  for (const text of [
    "",
    "<Response>",
    "<Response></Responses>",
    "<Response a=1/>",
    '<Response a="1" a="2"/>',
    "<Response>a & b</Response>",
    "<Response>&nbsp;</Response>",
    "<Other/>",
    "<Response/><Response/>",
    '<Response a="<"/>',
    "<!DOCTYPE x><Response/>",
  ]) {
    test(`refused: ${text || "nothing"}`, () => assert.throws(() => parseTwiml(text), TwimlError));
  }
});

describe("signatures", () => {
  const fields = [
    ["b", "2"],
    ["a", "x y"],
    ["a", "1"],
    ["a", "1"],
    ["Z", ""],
    ["é", "ü"],
  ];
  for (const url of [
    "https://hooks.example.com/a?x=1",
    "http://hooks.example.com:8080/a",
    "https://hooks.example.com:8443/a#rc=2",
    "https://user:pass@hooks.example.com:8443/a?q=@",
  ]) {
    test(url, () => {
      const params = { b: "2", a: ["x y", "1", "1"], Z: "", é: "ü" };
      assert.equal(signature("token", signedUrl(url), fields), twilioPackage.getExpectedTwilioSignature("token", signedUrl(url), params));
    });
  }
  test("port, fragment and credentials", () => {
    assert.equal(signedUrl("https://u:p@a.example:8443/x?y#rc=1"), "https://a.example/x?y");
    assert.equal(signedUrl("http://a.example:8080/x#rc=1"), "http://a.example:8080/x");
    assert.equal(signedUrl("https://a.example:8443/x", { voice: false }), "https://a.example:8443/x");
  });
});

describe("TaskRouter", () => {
  const newTask = (form = {}) =>
    post(`${workspace}/Tasks`, { WorkflowSid: seed.OUTBOUND_WORKFLOW_SID, TaskChannel: "voice", Attributes: "{}", ...form });

  test("a task's life, its versions and its legal moves", async () => {
    const made = await newTask({ RoutingTarget: alice });
    assert.deepEqual([made.status, made.body.assignment_status, made.body.ignore_capacity], [201, "pending", true]);
    const path = `${workspace}/Tasks/${made.body.sid}`;
    const read = await get(path);
    assert.deepEqual([read.body.assignment_status, made.etag === read.etag], ["reserved", false]);
    assert.match(read.etag, /^"\d+"$/);
    assert.deepEqual(refusal(await post(path, { Attributes: '{"a":1}' }, { "If-Match": made.etag })), [412, 20412]);
    const written = await post(path, { Attributes: '{"a":1}' }, { "If-Match": read.etag });
    assert.deepEqual([written.status, written.body.attributes], [200, '{"a":1}']);
    assert.equal((await post(path, { Attributes: '{"a":2}' }, { "If-Match": written.etag.replaceAll('"', "") })).status, 200);
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "wrapping" })), [400, 20001]);
    assert.deepEqual(refusal(await post(path, { Attributes: "[1]" })), [400, 20001]);
    const [reservation] = (await get(`${path}/Reservations`, { ReservationStatus: "pending", WorkerSid: alice })).body.reservations;
    const at = `${path}/Reservations/${reservation.sid}`;
    assert.equal((await get(at)).body.worker_name, "alice");
    assert.equal((await post(at, { ReservationStatus: "accepted" })).body.reservation_status, "accepted");
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "canceled" })), [400, 20001]);
    assert.deepEqual(refusal(await post(path, { AssignmentStatus: "wrapping", Attributes: "{}" })), [400, 20001]);
    assert.equal((await post(path, { AssignmentStatus: "wrapping", Reason: "over" })).body.reason, "over");
    assert.equal((await get(at)).body.reservation_status, "wrapping");
    assert.equal((await post(path, { AssignmentStatus: "completed" })).body.assignment_status, "completed");
    assert.equal((await remove(path)).status, 204);
    assert.equal((await get(path)).status, 404);
  });

  test("routing by workflow, queue and refusal", async () => {
    const agent = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:bob"}' }))
      .body.sid;
    assert.deepEqual(
      twilio.task(agent).reservations.map(({ worker: name }) => name),
      ["bob"],
    );
    const queue = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"callToQueue":"Sales"}' })).body
      .sid;
    const [first] = twilio.task(queue).reservations;
    assert.ok(["carol", "erin"].includes(first.worker));
    twilio.reject(first.sid);
    assert.deepEqual(
      twilio.task(queue).reservations.map(({ status }) => status),
      ["rejected", "pending"],
    );
    const transfer = (
      await newTask({
        WorkflowSid: seed.CHAT_TRANSFER_WORKFLOW_SID,
        Attributes: JSON.stringify({
          transferTargetType: "queue",
          transferQueueName: "Sales",
          workerSidsInConversation: [carol],
          ignoreWorkerContactUri: "client:nobody",
        }),
      })
    ).body.sid;
    assert.equal(twilio.task(transfer).reservations[0].worker, "erin");
    const nobody = (await newTask({ WorkflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, Attributes: '{"client_call":true,"targetWorker":"client:judy"}' }))
      .body;
    assert.equal(twilio.task(nobody.sid).assignment_status, "pending");
    await post(`${workspace}/Workers/${WORKERS.judy.sid}`, { ActivitySid: seed.ACTIVITIES.Available.sid });
    assert.equal(twilio.task(nobody.sid).assignment_status, "reserved");
  });

  test("listing tasks", async () => {
    for (const [priority, value] of [
      [1, "a"],
      [2, "b"],
      [3, "a"],
    ])
      await newTask({ Priority: priority, Attributes: JSON.stringify({ value }), RoutingTarget: alice });
    const list = async (query) => (await get(`${workspace}/Tasks`, query)).body.tasks.map(({ priority }) => priority);
    assert.deepEqual(await list({ EvaluateTaskAttributes: "value == 'a'" }), [1, 3]);
    assert.deepEqual(await list({ AssignmentStatus: "pending" }), []);
    assert.deepEqual(await list({ AssignmentStatus: "pending,reserved", Ordering: "Priority:desc" }), [3, 2, 1]);
    assert.deepEqual(await list({ RoutingTarget: alice, Priority: "2", WorkflowName: "Outbound" }), [2]);
    assert.deepEqual(refusal(await get(`${workspace}/Tasks`, { EvaluateTaskAttributes: "value ==" })), [400, 20001]);
    const page = await get(`${workspace}/Tasks`, { PageSize: "2" });
    const next = new URL(page.body.meta.next_page_url);
    assert.equal(next.origin, "https://taskrouter.twilio.com");
    const rest = await get(`/taskrouter${next.pathname}${next.search}`);
    assert.deepEqual([rest.body.tasks.length, rest.body.meta.next_page_url], [1, null]);
  });

  test("workers, queues, activities, workflows and channels", async () => {
    const workers = async (query) => (await get(`${workspace}/Workers`, query)).body.workers.map(({ friendly_name: name }) => name);
    assert.deepEqual(await workers({ TargetWorkersExpression: "full_name CONTAINS 'Baker' OR friendly_name == 'carol'" }), ["bob", "carol"]);
    assert.deepEqual(await workers({ FriendlyName: "ALICE" }), ["alice"]);
    assert.deepEqual(await workers({ TaskQueueName: "Sales" }), ["carol", "erin"]);
    assert.ok((await workers({ Available: "false" })).includes("judy"));
    assert.deepEqual(await workers({ ActivityName: "Available", Ordering: "FriendlyName:desc", TargetWorkersExpression: "roles HAS 'supervisor'" }), [
      "dave",
    ]);
    assert.deepEqual(refusal(await get(`${workspace}/Workers`, { TargetWorkersExpression: "full_name CONTAINS 'O'Neil'" })), [400, 20001]);
    const read = await get(`${workspace}/Workers/${dave}`);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 200);
    assert.equal((await post(`${workspace}/Workers/${dave}`, { Attributes: "{}" }, { "If-Match": read.etag })).status, 412);
    assert.deepEqual(
      (await get(`${workspace}/TaskQueues`, { WorkerSid: carol })).body.task_queues.map(({ friendly_name: name }) => name),
      ["Everyone", "Sales", "Outbound"],
    );
    assert.equal((await get(`${workspace}/TaskQueues/${QUEUES.Sales.sid}`)).body.friendly_name, "Sales");
    assert.equal((await get(`${workspace}/Workflows`)).body.workflows.length, 4);
    assert.equal((await get(`${workspace}/Workflows/${seed.OUTBOUND_WORKFLOW_SID}`)).status, 200);
    assert.equal((await get(`${workspace}/Activities`, { Available: "true" })).body.activities.length, 1);
    const { channels } = (await get(`${workspace}/Workers/${alice}/Channels`)).body;
    const path = `${workspace}/Workers/${alice}/Channels/${channels[0].sid}`;
    assert.equal((await post(path, { Capacity: "0", Available: "false" })).body.configured_capacity, 0);
    assert.equal((await get(path)).body.available, false);
    const { sid } = (await newTask({ RoutingTarget: bob })).body;
    const [reservation] = (await get(`${workspace}/Workers/${bob}/Reservations`, { ReservationStatus: "pending" })).body.reservations;
    assert.equal(reservation.task_sid, sid);
    const at = `${workspace}/Workers/${bob}/Reservations/${reservation.sid}`;
    assert.equal((await get(at)).body.worker_sid, bob);
    assert.equal((await post(at, { Instruction: "reject" })).body.reservation_status, "rejected");
    assert.equal(twilio.task(sid).assignment_status, "pending");
  });

  test("5,000 workers", async () => {
    const crowd = await startTwilio({ workers: 5000, rateLimits: true });
    try {
      const list = (query) => fetch(`${crowd.url}${workspace}/Workers?${new URLSearchParams(query)}`, { headers: { Authorization: AUTHORIZATION } });
      const { workers, meta } = await (await list({ PageSize: "1000" })).json();
      assert.deepEqual([workers.length, meta.next_page_url !== null], [1000, true]);
      const started = performance.now();
      const found = await (await list({ TargetWorkersExpression: "full_name CONTAINS 'Costa'", PageSize: "1000" })).json();
      assert.ok(found.workers.length > 100);
      assert.ok(performance.now() - started < 1000);
      const statuses = [];
      for (let count = 0; count < 3; count += 1) statuses.push((await list({ TargetWorkersExpression: "1 == 1" })).status);
      assert.deepEqual(statuses, [200, 200, 429]);
      assert.deepEqual(crowd.violations(), { violations: [] });
    } finally {
      await crowd.close();
    }
  });
});

describe("an internal call", () => {
  test("from the dialpad to the last status callback", async () => {
    const call = await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    assert.ok(received.every(({ signed }) => signed));
    assert.deepEqual(
      received.map(({ path }) => path),
      ["/voice/agent-outbound-join", "/voice/call-outbound-join"],
    );
    const [twiml, join] = received.map(({ fields }) => fields);
    assert.deepEqual([twiml.To, twiml.From, twiml.CallStatus, twiml.Direction], ["client:alice", "client:alice", "in-progress", "outbound-api"]);
    assert.deepEqual(
      [join.StatusCallbackEvent, join.FriendlyName, join.CallSid, join.SequenceNumber, join.EndConferenceOnExit],
      ["participant-join", call.taskSid, call.callSid, "1", "true"],
    );
    assert.deepEqual(
      { ...attributes(call.taskSid) },
      {
        to: "client:bob",
        direction: "outbound",
        name: "Bob Baker",
        fromName: "Alice Archer",
        targetWorker: "client:alice",
        autoAnswer: "true",
        client_call: true,
        outbound_to: "client:bob",
        from: "client:alice",
        worker_call_sid: call.callSid,
      },
    );
    assert.equal((await get(`${account}/Calls/${call.callSid}.json`)).body.to, "client:alice");
    assert.equal((await get(`${account}/Conferences.json`, { FriendlyName: call.taskSid, Status: "in-progress" })).body.conferences.length, 0);
    assert.equal(
      (await get(`${account}/Conferences.json`, { FriendlyName: call.taskSid, Status: "init" })).body.conferences[0].sid,
      call.conferenceSid,
    );

    const callee = twilio.createTask({
      workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
      channel: "voice",
      attributes: {
        client_call: true,
        targetWorker: "client:bob",
        from: "client:alice",
        conference: { sid: call.conferenceSid, friendlyName: call.taskSid },
      },
    });
    const accepted = await twilio.accept(callee.reservations[0].sid);
    await twilio.settle();
    assert.equal(accepted.conferenceSid, call.conferenceSid);
    assert.deepEqual(events(), ["participant-join", "participant-join", "conference-start"]);
    assert.equal((await get(`${account}/Conferences/${call.conferenceSid}.json`)).body.status, "in-progress");

    const at = `${account}/Conferences/${call.conferenceSid}/Participants`;
    assert.equal((await post(`${at}/${accepted.callSid}.json`, { Hold: "true", HoldUrl: "https://example.com/hold.mp3" })).body.hold, true);
    assert.equal((await post(`${at}/${accepted.callSid}.json`, { Hold: "false", Muted: "true", EndConferenceOnExit: "false" })).body.muted, true);
    assert.equal((await get(`${at}/${accepted.callSid}.json`)).body.end_conference_on_exit, false);
    assert.deepEqual(
      (await get(`${at}.json`, { Muted: "true" })).body.participants.map(({ call_sid: sid }) => sid),
      [accepted.callSid],
    );
    assert.deepEqual(
      refusal(await post(`${account}/Conferences/${call.taskSid}/Participants/${accepted.callSid}.json`, { Hold: "true" })),
      [404, 20404],
    );

    twilio.hangup(call.callSid);
    await twilio.settle();
    // Deliveries may overtake one another; SequenceNumber tells the order.
    const told = received
      .filter(({ fields }) => fields.SequenceNumber)
      .sort((a, b) => a.fields.SequenceNumber - b.fields.SequenceNumber)
      .map(({ fields }) => fields);
    assert.deepEqual(
      told.map(({ StatusCallbackEvent: event }) => event),
      [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-hold",
        "participant-mute",
        "participant-unhold",
        "participant-modify",
        "participant-leave",
        "participant-leave",
        "conference-end",
      ],
    );
    assert.deepEqual(
      [told.at(-1).ReasonConferenceEnded, told.at(-1).CallSidEndingConference],
      ["participant-with-end-conference-on-exit-left", call.callSid],
    );
    assert.equal((await get(`${account}/Calls/${accepted.callSid}.json`)).body.status, "completed");
    assert.equal((await get(`${at}.json`)).status, 404);
  });

  test("TwiML asked with GET, signed with the secondary token", async () => {
    twilio.setOptions({ callMethod: "GET", signWith: "secondary" });
    const { callSid, taskSid } = await twilio.internalCall({ from: "alice", to: "bob" });
    const [{ url, fields, signed, header }] = received;
    assert.deepEqual(
      [new URL(url).searchParams.get("taskSid"), new URL(url).searchParams.get("CallSid"), fields, signed],
      [taskSid, callSid, {}, false],
    );
    assert.ok(twilioPackage.validateRequest("secondary", header, url, {}));
  });

  test("queues, SIP agents and the plugins' dialects", async () => {
    answers["/features/internal-call/common/agent-outbound-join"] = internalCallAnswers["/voice/agent-outbound-join"];
    const queue = await twilio.internalCall({ from: "alice", queue: "Support", dialect: "T" });
    assert.deepEqual(
      [attributes(queue.taskSid).to, attributes(queue.taskSid).callToQueue, attributes(queue.taskSid).name],
      ["queue:Support", "Support", undefined],
    );
    const sip = await twilio.internalCall({ from: "carol", to: "bob", dialect: "T" });
    const { to, from } = (await get(`${account}/Calls/${sip.callSid}.json`)).body;
    assert.deepEqual([to, from], ["sip:carol@example.sip.twilio.com", seed.CALLER_ID]);
  });

  test("worker_call_sid may come late", async () => {
    const call = await twilio.internalCall({ from: "alice", to: "bob", workerCallSidDelayMs: 60 });
    assert.equal(attributes(call.taskSid).worker_call_sid, undefined);
    await twilio.settle();
    assert.equal(attributes(call.taskSid).worker_call_sid, call.callSid);
  });

  test("TwiML that cannot be played ends the leg", async () => {
    for (const answer of [
      "<Response><Dial>",
      "<Response><Dial><Conference/></Dial></Response>",
      { status: 403 },
      "<Response><Teleport/></Response>",
    ]) {
      answers["/voice/agent-outbound-join"] = () => answer;
      const { callStatus, conferenceSid } = await twilio.internalCall({ from: "alice", to: "bob" });
      assert.deepEqual([callStatus, conferenceSid], ["completed", null]);
    }
    assert.equal(twilio.journal({ kind: "alert" }).entries.length, 4);
  });

  test("Dial's action is asked when the conference is over", async () => {
    answers["/voice/agent-outbound-join"] = () => '<Response><Dial action="after"><Conference>room</Conference></Dial></Response>';
    answers["/voice/after"] = () => "<Response><Hangup/></Response>";
    const call = await twilio.internalCall({ from: "alice", to: "bob" });
    assert.equal(
      (await post(`${account}/Conferences/${call.conferenceSid}.json`, { Status: "completed" })).body.reason_conference_ended,
      "conference-ended-via-api",
    );
    await twilio.settle();
    assert.deepEqual([received.at(-1).path, received.at(-1).fields.DialCallStatus, received.at(-1).signed], ["/voice/after", "completed", true]);
    assert.equal((await get(`${account}/Calls/${call.callSid}.json`)).body.status, "completed");
  });

  test("rejecting, each plugin's way", async () => {
    for (const [dialect, status] of [
      [undefined, "pending"],
      ["IL", "completed"],
      ["T", "reserved"],
    ]) {
      const {
        reservations: [{ sid }],
      } = twilio.createTask({ workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, attributes: { client_call: true, targetWorker: "client:bob" } });
      assert.equal(twilio.reject(sid, { dialect }).assignmentStatus, status);
    }
  });
});

describe("voice", () => {
  test("participants are added, fail, are kicked and transferred", async () => {
    const { conferenceSid, customerCallSid, callSid } = twilio.customerCall({ agent: "alice" });
    const at = `${account}/Conferences/${conferenceSid}/Participants`;
    const added = await post(`${at}.json`, {
      From: seed.CALLER_ID,
      To: "+15551239999",
      Label: "guest",
      EarlyMedia: "true",
      StatusCallback: `http://127.0.0.1:${worker.address().port}/leg`,
      StatusCallbackEvent: ["ringing", "completed"],
    });
    assert.deepEqual([added.status, added.body.status, added.body.end_conference_on_exit], [201, "queued", false]);
    await twilio.settle();
    assert.equal((await get(`${at}/guest.json`)).body.status, "connected");
    assert.equal((await remove(`${at}/guest.json`)).status, 204);
    await twilio.settle();
    assert.deepEqual(
      received.map(({ fields }) => fields.CallStatus),
      ["ringing", "completed"],
    );
    assert.deepEqual(refusal(await post(`${at}.json`, { From: seed.CALLER_ID, To: "not a number" })), [400, 13223]);
    assert.deepEqual(
      refusal(await post(`${account}/Conferences/CF${"0".repeat(32)}/Participants.json`, { From: seed.CALLER_ID, To: "+15551239999" })),
      [404, 20404],
    );
    twilio.setPhone({ number: "+15551230000", answer: "busy" });
    await post(`${at}.json`, { From: seed.CALLER_ID, To: "+15551230000" });
    await twilio.settle();
    assert.equal(twilio.state().conferences[0].participants.length, 2);
    assert.equal(
      (await post(`${account}/Calls/${callSid}.json`, { Twiml: '<Response><Dial callerId="+15550009999">+15551230007</Dial></Response>' })).status,
      200,
    );
    await twilio.settle();
    assert.equal((await get(`${account}/Calls.json`, { ParentCallSid: callSid })).body.calls[0].to, "+15551230007");
    assert.deepEqual(
      twilio.state().conferences[0].participants.map(({ callSid: sid }) => sid),
      [customerCallSid],
    );
    assert.equal((await post(`${account}/Calls/${customerCallSid}.json`, { Status: "completed" })).body.status, "completed");
    assert.deepEqual(refusal(await post(`${account}/Calls/${customerCallSid}.json`, { Status: "completed" })), [400, 21220]);
    assert.equal(twilio.state().conferences[0].status, "completed");
    const named = await post(`${account}/Conferences/My%20Room/Participants.json`, { From: seed.CALLER_ID, To: "client:bob" });
    assert.equal(named.status, 201);
  });

  test("a dialled call ends with its customer, or when nobody answers", async () => {
    const dial = async () => {
      const task = twilio.createTask({
        workflowSid: seed.OUTBOUND_WORKFLOW_SID,
        routingTarget: alice,
        channel: "voice",
        attributes: { direction: "outbound", outbound_to: "+15551230009", from: seed.CALLER_ID },
      });
      return twilio.accept(task.reservations[0].sid);
    };
    const call = await dial();
    assert.equal(attributes(call.taskSid).conference.sid, call.conferenceSid);
    twilio.hangup(call.customerCallSid);
    await twilio.settle();
    assert.equal(twilio.task(call.taskSid).assignment_status, "wrapping");
    twilio.setPhone({ number: "+15551230009", answer: "no-answer" });
    const silent = await dial();
    await twilio.settle();
    assert.deepEqual([silent.callStatus, twilio.task(silent.taskSid).assignment_status], ["no-answer", "wrapping"]);
  });

  test("numbers, lists and pages", async () => {
    assert.equal((await get(`${account}/IncomingPhoneNumbers.json`)).body.incoming_phone_numbers[0].phone_number, seed.CALLER_ID);
    assert.equal((await get(`${account}/OutgoingCallerIds.json`)).body.outgoing_caller_ids.length, 1);
    for (const name of ["a", "b", "c"]) twilio.joinConference({ name });
    const page = (await get(`${account}/Conferences.json`, { PageSize: "2", Status: "init" })).body;
    assert.match(page.next_page_uri, /^\/2010-04-01\//);
    assert.deepEqual(
      (await get(`/api${page.next_page_uri}`)).body.conferences.map(({ friendly_name: name }) => name),
      ["a"],
    );
  });

  test("a number may be looked up and dialled", async () => {
    const lookup = async (number, country) =>
      (await get(`/lookups/v2/PhoneNumbers/${encodeURIComponent(number)}`, country ? { CountryCode: country } : {})).body;
    for (const [number, country, result] of [
      ["+14155552671", undefined, "+14155552671"],
      ["(415) 555-2671", undefined, "+14155552671"],
      ["+551187654321", undefined, "+5511987654321"],
      ["11 98765-4321", "BR", "+5511987654321"],
      ["011987654321", "BR", "+5511987654321"],
      ["+5511 3456-7890", undefined, "+551134567890"],
      ["0171 2345678", "DE", "+491712345678"],
      ["07911 123456", "GB", "+447911123456"],
    ]) {
      const { valid, phone_number: normal } = await lookup(number, country);
      assert.deepEqual([valid, normal], [true, result], number);
    }
    for (const [number, country, reason] of [
      ["+1415555", undefined, "TOO_SHORT"],
      ["+141555526711", undefined, "TOO_LONG"],
      ["+10155552671", undefined, "INVALID_BUT_POSSIBLE"],
      ["hello", undefined, "NOT_A_NUMBER"],
      ["+99912345678", undefined, "INVALID_COUNTRY_CODE"],
      ["12345", "XX", "INVALID_COUNTRY_CODE"],
    ]) {
      const { valid, validation_errors: errors, country_code: code } = await lookup(number, country);
      assert.deepEqual([valid, errors, code], [false, [reason], null], number);
    }
    const countries = "/voice/v1/DialingPermissions/Countries";
    assert.equal((await get(countries, { CountryCode: "49" })).body.content[0].iso_code, "DE");
    assert.equal((await get(`${countries}/US`)).body.low_risk_numbers_enabled, true);
    assert.equal((await get(`${countries}/DE/HighRiskSpecialPrefixes`)).body.content[0].prefix, "+49137");
  });
});

describe("tokens", () => {
  const validate = async (token) => {
    const response = await fetch(`${twilio.url}/iam/v1/Accounts/${seed.ACCOUNT_SID}/Tokens/validate`, {
      method: "POST",
      headers: { Authorization: AUTHORIZATION, "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    return { status: response.status, ...(await response.json()) };
  };
  test("known, unknown, expired and made ones", async () => {
    const { status, valid, worker_sid: workerSid, roles } = await validate("token-alice");
    assert.deepEqual([status, valid, workerSid, roles], [200, true, alice, ["agent"]]);
    assert.deepEqual((await validate("token-dave")).roles, ["supervisor"]);
    assert.deepEqual([(await validate("token-expired")).valid, (await validate("nonsense")).valid], [false, false]);
    const { token, workerSid: zoe } = twilio.addWorker({ name: "zoe", roles: ["admin"] });
    const made = await validate(token);
    assert.deepEqual([made.worker_sid, made.roles, made.identity], [zoe, ["admin"], "zoe"]);
    assert.ok(!JSON.stringify(twilio.journal()).includes(token));
    assert.equal(twilio.journal({ contains: token }).entries.length, 1);
  });
});

describe("chats", () => {
  const invite = (chat, more = {}, workflow = seed.CHAT_TRANSFER_WORKFLOW_SID) =>
    post(`/flex-api/v1/Interactions/${chat.interactionSid}/Channels/${chat.channelSid}/Invites`, {
      Routing: JSON.stringify({
        properties: {
          workspace_sid: seed.WORKSPACE_SID,
          workflow_sid: workflow,
          task_channel_unique_name: "chat",
          attributes: { transferTargetSid: bob, transferTargetType: "worker", conversations: { conversation_id: "kept" } },
          ...more,
        },
      }),
    });

  test("handed from one agent to another, then closed", async () => {
    const chat = twilio.chat({ agent: "alice", channel: "whatsapp", customer: "+15551234567" });
    const own = attributes(chat.taskSid);
    assert.deepEqual(
      [own.customerAddress, own.customers.phone, own.direction, own.conversationSid],
      ["whatsapp:+15551234567", "+15551234567", "inbound", chat.conversationSid],
    );
    const channel = `/flex-api/v1/Interactions/${chat.interactionSid}/Channels/${chat.channelSid}`;
    const agents = async () => (await get(`${channel}/Participants`)).body.participants.filter(({ type }) => type === "agent");
    assert.deepEqual((await agents())[0].routing_properties, { task_sid: chat.taskSid, worker_sid: alice, reservation_sid: chat.reservationSid });
    const made = await invite(chat);
    const { sid: taskSid, assignment_status: status } = made.body.routing.properties;
    assert.deepEqual([made.status, status], [200, "pending"]);
    assert.deepEqual(
      [attributes(taskSid).conversations.conversation_id, attributes(taskSid).flexChannelInviteSid, attributes(taskSid).flexInteractionSid],
      ["kept", made.body.sid, chat.interactionSid],
    );
    assert.equal((await get(`${channel}/Invites`)).body.invites.length, 1);
    const accepted = await twilio.accept(twilio.task(taskSid).reservations[0].sid);
    assert.equal((await agents()).length, 2);
    assert.deepEqual(twilio.readConversation(chat.conversationSid).participants.length, 3);
    assert.equal((await post(`${channel}/Participants/${chat.participantSid}`, { Status: "closed" })).status, 200);
    assert.equal((await post(`${channel}/Participants/${chat.participantSid}`, { Status: "closed" })).status, 404);
    assert.deepEqual(
      (await agents()).map(({ sid }) => sid),
      [accepted.participantSid],
    );
    assert.equal(twilio.task(chat.taskSid).assignment_status, "wrapping");
    const second = (await invite(chat, { worker_sid: dave, queue_sid: QUEUES.Everyone.sid })).body.routing.properties.sid;
    assert.equal((await post(channel, { Status: "closed" })).body.status, "closed");
    assert.equal((await get(channel)).body.status, "closed");
    assert.deepEqual([twilio.task(second).assignment_status, twilio.task(taskSid).assignment_status], ["canceled", "wrapping"]);
    assert.equal(twilio.readConversation(chat.conversationSid).state, "closed");
    assert.equal((await invite(chat)).status, 400);
    assert.equal((await post(channel, { Status: "closed" })).status, 400);
  });

  test("every channel, interactions over REST, configuration and web chats", async () => {
    for (const channel of ["sms", "whatsapp", "web", "chat", "email", "messenger"])
      twilio.chat({ agent: "alice", channel, customer: channel === "email" ? "c@example.com" : undefined });
    const chat = twilio.chat({ agent: "alice" });
    const root = "/flex-api/v1/Interactions";
    assert.equal((await get(`${root}/${chat.interactionSid}`)).body.channel.sid, chat.channelSid);
    assert.equal((await post(`${root}/${chat.interactionSid}`, { WebhookTtid: "flex_interactionwebhook_0" })).status, 200);
    assert.equal((await get(`${root}/${chat.interactionSid}/Channels`)).body.channels.length, 1);
    assert.equal(
      (
        await post(`${root}/${chat.interactionSid}/Channels/${chat.channelSid}/Participants`, {
          Type: "supervisor",
          MediaProperties: '{"identity":"dave"}',
          RoutingProperties: JSON.stringify({ worker_sid: dave }),
        })
      ).body.type,
      "supervisor",
    );
    const { sid: room } = (await post("/conversations/v1/Conversations", { FriendlyName: "inbound" })).body;
    await post(`/conversations/v1/Conversations/${room}/Participants`, {
      "MessagingBinding.Address": "+15557654321",
      "MessagingBinding.ProxyAddress": seed.MESSAGING_NUMBER,
    });
    const made = await post(root, {
      Channel: JSON.stringify({ type: "sms", initiated_by: "customer", properties: { media_channel_sid: room } }),
      Routing: JSON.stringify({
        properties: {
          workspace_sid: seed.WORKSPACE_SID,
          workflow_sid: seed.INBOUND_WORKFLOW_SID,
          task_channel_unique_name: "sms",
          attributes: { from: "+15557654321" },
        },
      }),
    });
    assert.equal(JSON.parse(made.body.routing.properties.attributes).customerAddress, "+15557654321");
    assert.deepEqual(refusal(await post(root, { Channel: "{}", Routing: "{}" })), [400, 20001]);
    assert.equal((await get("/flex-api/v1/Configuration")).body.taskrouter_workspace_sid, seed.WORKSPACE_SID);
    const web = await post("/flex-api/v2/WebChats", {
      AddressSid: seed.WEBCHAT_ADDRESS_SID,
      CustomerFriendlyName: "Kim",
      PreEngagementData: '{"a":1}',
    });
    assert.deepEqual([web.status, twilio.readConversation(web.body.conversation_sid).participants[0].identity], [201, web.body.identity]);
  });
});

describe("Conversations", () => {
  const root = "/conversations/v1/Conversations";
  test("unique names, members, messages and the end", async () => {
    const made = await post(root, {
      UniqueName: "alice+bob",
      FriendlyName: "internal-chat",
      Attributes: '{"internalChat":"internalChat"}',
      "Timers.Closed": "PT1H",
      State: "active",
    });
    assert.equal(made.status, 201);
    assert.ok(made.body.timers.date_closed);
    assert.deepEqual(refusal(await post(root, { UniqueName: "alice+bob" })), [409, 50353]);
    assert.equal((await get(`${root}/alice%2Bbob`)).body.sid, made.body.sid);
    const at = `${root}/${made.body.sid}`;
    const member = await post(`${at}/Participants`, { Identity: "alice" });
    assert.deepEqual([member.status, refusal(await post(`${at}/Participants`, { Identity: "alice" }))], [201, [409, 50437]]);
    const customer = await post(`${at}/Participants`, {
      "MessagingBinding.Address": "+15557654321",
      "MessagingBinding.ProxyAddress": seed.MESSAGING_NUMBER,
    });
    assert.equal(customer.body.messaging_binding.type, "sms");
    assert.deepEqual(
      refusal(
        await post(`${at}/Participants`, { "MessagingBinding.Address": "+15557654321", "MessagingBinding.ProxyAddress": seed.MESSAGING_NUMBER }),
      ),
      [409, 50416],
    );
    assert.equal((await get(`${at}/Participants/alice`)).body.sid, member.body.sid);
    assert.equal((await post(`${at}/Participants/${member.body.sid}`, { Attributes: '{"a":1}' })).body.attributes, '{"a":1}');
    const message = await post(`${at}/Messages`, { Author: "alice", Body: "Hi" });
    assert.deepEqual([message.body.index, message.body.participant_sid], [0, member.body.sid]);
    assert.equal((await get(`${at}/Messages`, { Order: "desc" })).body.messages[0].body, "Hi");
    assert.equal((await get(`${at}/Messages/${message.body.sid}`)).status, 200);
    assert.equal(
      (await get("/conversations/v1/ParticipantConversations", { Address: "+15557654321" })).body.conversations[0].conversation_unique_name,
      "alice+bob",
    );
    assert.equal(
      (await get("/conversations/v1/ParticipantConversations", { Identity: "alice" })).body.conversations[0].participant_identity,
      "alice",
    );
    assert.equal((await get("/conversations/v1/Users/alice/Conversations")).body.conversations[0].unique_name, "alice+bob");
    assert.equal((await get(`${at}/Participants`)).body.participants.length, 2);
    assert.equal((await remove(`${at}/Participants/${member.body.sid}`)).status, 204);
    assert.equal((await post(at, { State: "closed" })).body.state, "closed");
    assert.deepEqual(refusal(await post(at, { Attributes: "{}" })), [400, 50377]);
    assert.deepEqual(
      (await get(root, { State: "closed" })).body.conversations.map(({ unique_name: name }) => name),
      ["alice+bob"],
    );
    assert.equal((await remove(at)).status, 204);
    assert.equal((await get(at)).status, 404);
  });

  test("pages of at most 100, users, the default service and members at creation", async () => {
    for (let count = 0; count < 105; count += 1)
      twilio.conversation({ uniqueName: `room${count}`, identities: ["alice", "bob"], updated: "2020-01-01T00:00:00Z" });
    const page = (await get(root, { PageSize: "100" })).body;
    assert.deepEqual([page.conversations.length, page.conversations[0].date_updated], [100, "2020-01-01T00:00:00Z"]);
    const next = new URL(page.meta.next_page_url);
    assert.equal((await get(`/conversations${next.pathname}${next.search}`)).body.conversations.length, 5);
    assert.equal((await get("/conversations/v1/Users/alice/Conversations", { PageSize: "50" })).body.conversations.length, 50);
    assert.equal((await post("/conversations/v1/Users", { Identity: "kim" })).status, 201);
    assert.equal((await post("/conversations/v1/Users", { Identity: "kim" })).status, 409);
    assert.equal((await post("/conversations/v1/Users/kim", { FriendlyName: "Kim" })).body.friendly_name, "Kim");
    assert.equal((await get("/conversations/v1/Users/kim")).body.identity, "kim");
    assert.equal((await get("/conversations/v1/Users")).body.users.length, 3);
    assert.equal((await remove("/conversations/v1/Users/kim")).status, 204);
    assert.equal((await get("/conversations/v1/Configuration")).body.default_chat_service_sid, seed.CHAT_SERVICE_SID);
    const made = await post("/conversations/v1/ConversationWithParticipants", {
      UniqueName: "both",
      Participant: ['{"identity":"a"}', '{"identity":"b"}'],
    });
    assert.equal(made.status, 202);
    assert.equal((await get(`/conversations/v1/Services/${seed.CHAT_SERVICE_SID}/Conversations/both`)).body.sid, made.body.sid);
  });

  test("scoped webhooks", async () => {
    const chat = twilio.chat({ agent: "alice" });
    const at = `${root}/${chat.conversationSid}/Webhooks`;
    const url = `http://127.0.0.1:${worker.address().port}/hook`;
    const made = await post(at, {
      Target: "webhook",
      "Configuration.Url": url,
      "Configuration.Method": "POST",
      "Configuration.Filters": "onMessageAdded",
    });
    // The documents spell the method in lower case.
    assert.equal(made.status, 400);
    const hook = await post(at, {
      Target: "webhook",
      "Configuration.Url": url,
      "Configuration.Method": "post",
      "Configuration.Filters": ["onMessageAdded"],
    });
    assert.equal(hook.status, 201);
    await post(`${root}/${chat.conversationSid}/Messages`, { Body: "quiet" });
    await post(`${root}/${chat.conversationSid}/Messages`, { Body: "loud" }, { "X-Twilio-Webhook-Enabled": "true" });
    twilio.message({ conversationSid: chat.conversationSid, body: "from the customer" });
    await twilio.settle();
    assert.deepEqual(
      received.map(({ fields, signed }) => [fields.EventType, fields.Body, fields.WebhookSid, signed]),
      [
        ["onMessageAdded", "loud", hook.body.sid, true],
        ["onMessageAdded", "from the customer", hook.body.sid, true],
      ],
    );
    assert.equal((await get(`${at}/${hook.body.sid}`)).body.configuration.url, url);
    assert.equal((await post(`${at}/${hook.body.sid}`, { "Configuration.Filters": "onParticipantAdded" })).status, 200);
    for (let count = 1; count < 5; count += 1) await post(at, { Target: "webhook", "Configuration.Url": url });
    assert.deepEqual(refusal(await post(at, { Target: "webhook" })), [400, 50361]);
    assert.equal((await get(at)).body.webhooks.length, 5);
    assert.equal((await remove(`${at}/${hook.body.sid}`)).status, 204);
  });
});

describe("faults and deliveries", () => {
  const path = () => `${workspace}/Tasks`;
  const create = (value) => post(path(), { WorkflowSid: seed.OUTBOUND_WORKFLOW_SID, Attributes: JSON.stringify({ value }), RoutingTarget: alice });
  const made = (value) => twilio.state().tasks.filter((task) => task.attributes.value === value).length;

  test("statuses, once, from the nth on, and only where they belong", async () => {
    twilio.addFault({ operationId: "CreateTask", contains: '"value":"x"', fault: 503, retryAfter: 2 });
    twilio.addFault({ operationId: "CreateTask", contains: '"value":"y"', fault: 429, nth: 2, times: 0 });
    const [y1, x1, x2, y2, y3] = [await create("y"), await create("x"), await create("x"), await create("y"), await create("y")];
    assert.deepEqual([x1.status, x1.retryAfter, x1.body.code, x2.status], [503, "2", 20503, 201]);
    assert.deepEqual([y1.status, y2.status, y3.status], [201, 429, 429]);
    assert.deepEqual([made("x"), made("y")], [1, 1]);
    assert.equal(twilio.journal({ contains: '"value":"x"' }).entries[0].fault, "503");
    twilio.removeFault();
    assert.equal((await create("y")).status, 201);
  });

  test("lost before and after, no answer, slow", async () => {
    for (const [fault, effects] of [
      ["lost-before", 0],
      ["lost-after", 1],
    ]) {
      twilio.addFault({ contains: fault, fault });
      await assert.rejects(create(fault));
      assert.equal(made(fault), effects);
    }
    twilio.addFault({ contains: "no-answer", fault: "no-answer" });
    await assert.rejects(fetch(`${twilio.url}${path()}?x=no-answer`, { headers: { Authorization: AUTHORIZATION }, signal: AbortSignal.timeout(50) }));
    twilio.addFault({ contains: "slow", fault: "slow:80" });
    const started = performance.now();
    assert.equal((await create("slow")).status, 201);
    assert.ok(performance.now() - started >= 75);
    assert.throws(() => twilio.addFault({ fault: "explode" }), /fault/);
  });

  test("latency counts round trips", async () => {
    twilio.setOptions({ latencyMs: 40 });
    const started = performance.now();
    await Promise.all([get(path()), get(path())]);
    await get(path());
    assert.ok(performance.now() - started >= 78 && performance.now() - started < 400);
  });

  test("webhooks once more on 5xx when the URL asks for it, and twice when told to", async () => {
    answers["/voice/agent-outbound-join"] = (_, url) =>
      conference(url.searchParams.get("taskSid"), 'statusCallback="call-outbound-join#rc=2&amp;rp=5xx" statusCallbackEvent="join end"');
    answers["/voice/call-outbound-join"] = () => ({ status: 500 });
    await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    const tries = received.filter(({ path: where }) => where === "/voice/call-outbound-join");
    assert.equal(tries.length, 3);
    assert.equal(new Set(tries.map(({ token }) => token)).size, 1);
    assert.ok(tries.every(({ signed, url }) => signed && !url.includes("#")));

    received = [];
    answers = { ...internalCallAnswers, "/voice/call-outbound-join": () => ({ status: 500 }) };
    await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    assert.equal(events().length, 1);

    for (const mode of ["twice", "simultaneous"]) {
      received = [];
      twilio.webhookMode({ mode, contains: "participant-join" });
      await twilio.internalCall({ from: "alice", to: "bob" });
      await twilio.settle();
      assert.deepEqual(events(), ["participant-join", "participant-join"]);
      assert.equal(new Set(received.slice(1).map(({ token }) => token)).size, 1);
    }
  });

  test("an answer that takes too long is asked for again when the URL says so", async () => {
    answers["/voice/agent-outbound-join"] = () => ({ late: true });
    const base = `http://127.0.0.1:${worker.address().port}/voice`;
    const {
      reservations: [{ sid }],
    } = twilio.createTask({ workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, attributes: { client_call: true, targetWorker: "client:bob" } });
    const path = (await get(`${workspace}/Workers/${bob}/Reservations`)).body.reservations.find((reservation) => reservation.sid === sid);
    const at = `${workspace}/Tasks/${path.task_sid}/Reservations/${sid}`;
    assert.equal(
      (
        await post(at, {
          Instruction: "call",
          CallFrom: "client:alice",
          CallAccept: "true",
          CallUrl: `${base}/agent-outbound-join#rt=100&rc=1&rp=rt`,
        })
      ).body.reservation_status,
      "pending",
    );
    await twilio.settle();
    assert.deepEqual(
      twilio.journal({ kind: "webhook" }).entries.map(({ error }) => error),
      ["rt", "rt"],
    );
  });

  test("a connection that fails is tried once more", async () => {
    const { callStatus } = await twilio.internalCall({ from: "alice", to: "bob", base: "http://127.0.0.1:1/voice" });
    assert.equal(callStatus, "completed");
    assert.deepEqual(
      twilio.journal({ kind: "webhook" }).entries.map(({ error, attempt }) => [error, attempt]),
      [
        ["ct", 1],
        ["ct", 2],
      ],
    );
  });
});

describe("control", () => {
  const control = async (method, path, body) =>
    (await fetch(`${twilio.url}/__standin/${path}`, { method, body: body && JSON.stringify(body) })).json();

  test("the same over HTTP", async () => {
    const call = await control("POST", "internal-call", { from: "alice", to: "bob" });
    await control("POST", "settle");
    assert.equal((await control("GET", `tasks/${call.taskSid}`)).assignment_status, "assigned");
    const chat = await control("POST", "chat", { agent: "alice", channel: "sms" });
    assert.equal((await control("GET", `conversations/${chat.conversationSid}`)).state, "active");
    assert.equal((await control("POST", `calls/${call.callSid}/hangup`)).callStatus, "completed");
    await control("POST", `tasks/${call.taskSid}/wrap`);
    assert.equal((await control("POST", `tasks/${call.taskSid}/complete`)).assignment_status, "completed");
    const { id } = await control("POST", "faults", { contains: "x", fault: 500 });
    assert.equal((await control("GET", "faults")).faults.length, 1);
    await control("DELETE", `faults/${id}`);
    assert.equal((await control("GET", "faults")).faults.length, 0);
    assert.ok((await control("GET", `journal?contains=${call.taskSid}`)).entries.length > 0);
    assert.deepEqual(await control("GET", "violations"), { violations: [] });
    const state = await control("GET", "state");
    assert.deepEqual([state.tasks.length, state.conferences.length, state.conversations.length, state.interactions.length], [2, 1, 1, 1]);
    const { tasks, conferences } = await control("GET", "summary");
    assert.match(tasks[0], /^WT\w+ voice completed alice:completed$/);
    assert.match(conferences[0], /^CF\w+ WT\w+ completed$/);
    await control("POST", "reset");
    assert.equal((await control("GET", "state")).tasks.length, 0);
    assert.equal((await control("POST", "nonsense")).status, 404);
    assert.equal((await control("POST", "webhooks", { mode: "thrice" })).status, 400);
  });
});

test("every operation that is played has been asked for with success", () => {
  assert.deepEqual(
    twilio.operations.filter((operation) => !asked.has(operation)),
    [],
  );
});
