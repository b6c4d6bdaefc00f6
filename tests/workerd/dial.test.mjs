// Calling the customer from a chat, end to end, and with every Twilio call failing in turn.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "./edge.mjs";

let edge;
let twilio;
before(async () => {
  edge = await startEdge({ vars: { DEFAULT_COUNTRY: "BR", TWILIO_FLEX_CALLER_ID: "+15550003333" } });
  twilio = edge.twilio;
});
after(() => edge?.stop());

let number = 0;
// An agent of their own with a chat, so that cases can run side by side.
async function chat(options = {}) {
  const name = `dialler${++number}`;
  const customer = `+1555${String(1_000_000 + number)}`;
  const agent = await twilio.addWorker({ name, attributes: { full_name: name, contact_uri: `client:${name}`, phone: "+15550001111" } });
  return { ...(await twilio.chat({ agent: name, channel: "sms", customer, name: "Ana", ...options })), agent, customer };
}
const dial = (chat, fields = {}, agent = chat.agent.name) => edge.post("/dial", agent, { taskSid: chat.taskSid, ...fields });
const callsOf = async (chat) => (await twilio.state()).tasks.filter((task) => task.attributes.dialedFromTaskSid === chat.taskSid);
const isOpen = (task) => ["pending", "reserved", "assigned"].includes(task.assignment_status);

for (const [channel, customer] of [["sms", "+15551230001"], ["whatsapp", "+5511999998888"]]) {
  test(`${channel}: the customer is dialled, a second click gets the same answer, another number is refused`, async () => {
    const from = await chat({ channel, customer });
    const first = await dial(from);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.equal(first.body.to, customer);
    assert.equal(first.body.from, "+15550001111");
    assert.ok(first.body.conversationId);
    const [task] = await callsOf(from);
    assert.equal(task.sid, first.body.taskSid);
    assert.equal(task.channel, "voice");
    assert.equal(task.attributes.direction, "outbound");
    assert.equal(task.attributes.conversations.conversation_id, first.body.conversationId);
    assert.equal(task.reservations[0].worker, from.agent.name, "it is offered to the agent who dialled");
    assert.deepEqual((await dial(from)).body, first.body);
    const other = await dial(from, { to: "+15551239999" });
    assert.equal(other.status, 409);
    assert.equal(other.body.taskSid, first.body.taskSid);
    assert.equal((await callsOf(from)).length, 1);
    // The call ends: the chat is free at once.
    await twilio.accept(task.reservations[0].sid, { base: `${edge.url}/voice` });
    await twilio.complete(task.sid);
    const next = await dial(from);
    assert.equal(next.status, 201, JSON.stringify(next.body));
    assert.notEqual(next.body.taskSid, first.body.taskSid);
  });
}

test("e-mail and messenger have no number, until one is given", async () => {
  for (const [channel, customer] of [["email", "ana@example.com"], ["messenger", "messenger:1234567890"]]) {
    const from = await chat({ channel, customer, attributes: { customers: {} } });
    const none = await dial(from);
    assert.equal(none.status, 422, JSON.stringify(none.body));
    const given = await dial(from, { to: "11 9999-8888" });
    assert.equal(given.status, 201, JSON.stringify(given.body));
    assert.equal(given.body.to, "+5511999998888", "as Lookup answers a number without the ninth digit");
  }
});

test("resolve-dial says whom and from where, and does nothing", async () => {
  const from = await chat();
  const plan = await edge.postJson("/resolve-dial", { Token: from.agent.token, taskSid: from.taskSid });
  assert.equal(plan.status, 200, JSON.stringify(plan.body));
  assert.equal(plan.body.to, from.customer);
  assert.equal(plan.body.attributes.dialedFromTaskSid, from.taskSid);
  assert.equal((await callsOf(from)).length, 0);
});

test("agents without a reservation on the chat get 403, and nothing happens", async () => {
  const from = await chat();
  const { agent } = await chat();
  for (const path of ["/dial", "/resolve-dial"]) {
    assert.equal((await edge.post(path, agent.name, { taskSid: from.taskSid })).status, 403);
    assert.equal((await edge.post(path, "expired", { taskSid: from.taskSid })).status, 403);
  }
  assert.equal((await callsOf(from)).length, 0);
});

test("two tabs, two numbers, ten clicks each, at once: one call", async () => {
  const from = await chat();
  const clicks = Array.from({ length: 20 }, (_, at) => dial(from, at % 2 ? { to: "+15551239999" } : {}));
  const answers = await Promise.all(clicks);
  const open = (await callsOf(from)).filter(isOpen);
  assert.equal(open.length, 1);
  for (const { status, body } of answers) {
    assert.ok([201, 409].includes(status), JSON.stringify(body));
    assert.equal(body.taskSid, open[0].sid);
    if (status === 201) assert.equal(body.to, open[0].attributes.to);
  }
});

const FAULTS = [400, 403, 404, 409, 412, 429, 500, 503, "lost-before", "lost-after", "no-answer"];
const CALLS = ["ValidateFlexToken", "FetchTask", "ListTaskReservation", "FetchWorker", "ListTask", "FetchPhoneNumber", "CreateTask"];

test("the fault matrix: at most one open call, and the answer names it", async (t) => {
  const cases = [];
  for (const operationId of CALLS) {
    for (const fault of FAULTS) for (const times of [1, 0]) for (const repeat of ["once", "twice", "at once"]) cases.push({ operationId, fault, times, repeat });
  }
  const total = cases.length;
  await Promise.all(Array.from({ length: 40 }, async () => {
    for (let next = cases.shift(); next; next = cases.shift()) {
      const { operationId, fault, times, repeat } = next;
      const what = `${operationId} ${fault} ${times ? "once" : "always"}, asked ${repeat}`;
      const from = await chat();
      // Looked up by its own digits, so that faults find their case.
      const to = `(11) 91${from.customer.slice(-7)}`;
      const contains = { ValidateFlexToken: from.agent.token, FetchPhoneNumber: to.replace(/\D/g, ""), FetchWorker: from.agent.workerSid }[operationId] ?? from.taskSid;
      const rule = await twilio.addFault({ operationId, contains, nth: 1, times, fault, retryAfter: 1 });
      const answers = repeat === "at once" ? await Promise.all([dial(from, { to }), dial(from, { to }), dial(from, { to })]) : [await dial(from, { to })];
      if (repeat === "twice") answers.push(await dial(from, { to }));
      await twilio.removeFault(rule.id);
      answers.push(await dial(from, { to })); // without the fault
      const open = (await callsOf(from)).filter(isOpen);
      assert.ok(open.length <= 1, `${what}: ${open.length} open calls`);
      for (const { status, body } of answers) {
        assert.equal(body.success, status === 201, `${what}: ${JSON.stringify(body)}`);
        if (status === 201 || (status === 409 && !body.twilioErrorCode)) assert.equal(body.taskSid, open[0]?.sid, `${what}: ${JSON.stringify(body)}`);
        else assert.ok(body.message && body.requestId, what);
      }
      const last = answers.at(-1);
      // A refused token is remembered for some seconds.
      const isRemembered = operationId === "ValidateFlexToken" && last.status === 403;
      assert.ok(last.status === 201 || isRemembered, `${what}: at last ${last.status} ${JSON.stringify(last.body)}`);
    }
  }));
  t.diagnostic(`${total} cases`);
  assert.equal(total, CALLS.length * FAULTS.length * 2 * 3);
});

test("every request was one that Twilio knows", () => edge.assertValid());
