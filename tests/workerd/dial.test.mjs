// Calling the customer from a chat, end to end.
import assert from "node:assert/strict";
import { test } from "node:test";

import { OPEN, edge, ownNumber, somebody, twilio } from "./shared.mjs";

/** An agent of their own with a chat. */
function chat(options = {}) {
  const agent = somebody({ attributes: { phone: "+15550001111" } });
  const customer = ownNumber("+1555");
  return { customer, ...twilio.chat({ agent: agent.name, channel: "sms", customer, name: "Ana", ...options }), agent };
}
const dial = (chat, fields = {}, agent = chat.agent.name) => edge.post("/dial", agent, { taskSid: chat.taskSid, ...fields });
const callsOf = ({ taskSid }) => twilio.naming(taskSid).tasks.filter(({ attributes }) => attributes.dialedFromTaskSid === taskSid);
const isOpen = (task) => OPEN.includes(task.assignment_status);

for (const [channel, customer] of [["sms", "+15551230001"], ["whatsapp", "+5511999998888"]]) {
  test(`${channel}: the customer is dialled, a second click gets the same answer, another number is refused`, async () => {
    const from = chat({ channel, customer });
    const first = await dial(from);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.equal(first.body.to, customer);
    assert.equal(first.body.from, "+15550001111");
    assert.ok(first.body.conversationId);
    const [task] = callsOf(from);
    assert.equal(task.sid, first.body.taskSid);
    assert.equal(task.channel, "voice");
    assert.equal(task.attributes.direction, "outbound");
    assert.equal(task.attributes.conversations.conversation_id, first.body.conversationId);
    assert.equal(task.reservations[0].worker, from.agent.name, "it is offered to the agent who dialled");
    assert.deepEqual((await dial(from)).body, first.body);
    const other = await dial(from, { to: "+15551239999" });
    assert.equal(other.status, 409);
    assert.equal(other.body.taskSid, first.body.taskSid);
    assert.equal(callsOf(from).length, 1);
    // The call ends: the chat is free for another call at once, and what is only sent again gets the same answer still.
    await twilio.accept(task.reservations[0].sid, { base: `${edge.url}/voice` });
    await twilio.complete(task.sid);
    assert.deepEqual((await dial(from)).body, first.body);
    const next = await dial(from, { to: "+15551239999" });
    assert.equal(next.status, 201, JSON.stringify(next.body));
    assert.notEqual(next.body.taskSid, first.body.taskSid);
  });
}

test("e-mail and messenger have no number, until one is given", async () => {
  for (const [channel, customer] of [["email", "ana@example.com"], ["messenger", "messenger:1234567890"]]) {
    const from = chat({ channel, customer, attributes: { customers: {} } });
    const none = await dial(from);
    assert.equal(none.status, 422, JSON.stringify(none.body));
    const given = await dial(from, { to: "11 9999-8888" });
    assert.equal(given.status, 201, JSON.stringify(given.body));
    assert.equal(given.body.to, "+5511999998888", "as Lookup answers a number without the ninth digit");
  }
});

test("resolve-dial says whom and from where, and does nothing", async () => {
  const from = chat();
  const plan = await edge.postJson("/resolve-dial", { Token: from.agent.token, taskSid: from.taskSid });
  assert.equal(plan.status, 200, JSON.stringify(plan.body));
  assert.equal(plan.body.to, from.customer);
  assert.equal(plan.body.attributes.dialedFromTaskSid, from.taskSid);
  assert.equal(callsOf(from).length, 0);
});

test("agents without a reservation on the chat get 403, and nothing happens", async () => {
  const from = chat();
  const { agent } = chat();
  for (const path of ["/dial", "/resolve-dial"]) {
    assert.equal((await edge.post(path, agent.name, { taskSid: from.taskSid })).status, 403);
    assert.equal((await edge.post(path, "expired", { taskSid: from.taskSid })).status, 403);
  }
  assert.equal(callsOf(from).length, 0);
});

test("two tabs, two numbers, ten clicks each, at once: one call", async () => {
  const from = chat();
  const clicks = Array.from({ length: 20 }, (_, at) => dial(from, at % 2 ? { to: "+15551239999" } : {}));
  const answers = await Promise.all(clicks);
  const open = callsOf(from).filter(isOpen);
  assert.equal(open.length, 1);
  for (const { status, body } of answers) {
    assert.ok([201, 409].includes(status), JSON.stringify(body));
    assert.equal(body.taskSid, open[0].sid);
    if (status === 201) assert.equal(body.to, open[0].attributes.to);
  }
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
