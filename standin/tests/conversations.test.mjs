// Conversations: members, messages, timers, scoped webhooks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTwilio } from "../index.mjs";
import { AUTHORIZATION, everyOperationOf, get, post, received, refusal, remove, seed, twilio, workerUrl } from "./stage.mjs";

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
        await post(`${at}/Participants`, {
          "MessagingBinding.Address": "+15557654321",
          "MessagingBinding.ProxyAddress": seed.MESSAGING_NUMBER,
        }),
      ),
      [409, 50416],
    );
    assert.equal((await get(`${at}/Participants/alice`)).body.sid, member.body.sid);
    assert.equal((await post(`${at}/Participants/${member.body.sid}`, { Attributes: '{"a":1}' })).body.attributes, '{"a":1}');
    const message = await post(`${at}/Messages`, { Author: "alice", Body: "Hi" });
    assert.deepEqual([message.body.index, message.body.participant_sid], [0, member.body.sid]);
    assert.equal((await get(`${at}/Messages`, { Order: "desc" })).body.messages[0].body, "Hi");
    assert.equal((await get(`${at}/Messages/${message.body.sid}`)).status, 200);
    assert.equal((await post(`${at}/Messages/${message.body.sid}`, { Body: "Hi there" })).body.body, "Hi there");
    assert.equal((await remove(`${at}/Messages/${message.body.sid}`)).status, 204);
    assert.equal((await get(`${at}/Messages/${message.body.sid}`)).status, 404);
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

  test("pages of at most 100, and members at creation", async () => {
    for (let count = 0; count < 105; count += 1)
      twilio.conversation({ uniqueName: `room${count}`, identities: ["alice", "bob"], updated: "2020-01-01T00:00:00Z" });
    const page = (await get(root, { PageSize: "100" })).body;
    assert.deepEqual([page.conversations.length, page.conversations[0].date_updated], [100, "2020-01-01T00:00:00Z"]);
    const next = new URL(page.meta.next_page_url);
    assert.equal((await get(`/conversations${next.pathname}${next.search}`)).body.conversations.length, 5);
    const made = await post("/conversations/v1/ConversationWithParticipants", {
      UniqueName: "both",
      Participant: ['{"identity":"a"}', '{"identity":"b"}'],
    });
    assert.equal(made.status, 202);
    assert.equal((await get(`/conversations/v1/Services/${seed.CHAT_SERVICE_SID}/Conversations/both`)).body.sid, made.body.sid);
    assert.equal((await get(`/conversations/v1/Services/IS${"9".repeat(32)}/Conversations/both`)).status, 404);
  });

  test("timers put a conversation to sleep and end it", async () => {
    const fast = await startTwilio({ timeScale: 200, workerUrl: workerUrl() });
    try {
      const body = new URLSearchParams({ "Timers.Inactive": "PT1M", "Timers.Closed": "PT10M", State: "active" });
      const { sid } = await (await fetch(fast.url + root, { method: "POST", headers: { Authorization: AUTHORIZATION }, body })).json();
      const hook = { Target: "webhook", "Configuration.Url": workerUrl("/hook"), "Configuration.Filters": "onConversationStateUpdated" };
      const form = { method: "POST", headers: { Authorization: AUTHORIZATION }, body: new URLSearchParams(hook) };
      assert.equal((await fetch(`${fast.url}${root}/${sid}/Webhooks`, form)).status, 201);
      await fast.clock.later(70_000);
      assert.equal(fast.readConversation(sid).state, "inactive");
      fast.message({ conversationSid: sid, author: "somebody" });
      assert.equal(fast.readConversation(sid).state, "active");
      await fast.clock.later(670_000);
      assert.equal(fast.readConversation(sid).state, "closed");
      await fast.settle();
      const told = fast.journal({ kind: "webhook" }).entries.filter(({ attempt }) => attempt === 1);
      assert.deepEqual(
        told.map(({ event }) => event),
        Array(4).fill("onConversationStateUpdated"),
      );
    } finally {
      await fast.close();
    }
  });

  test("a change of state is told with what it was", async () => {
    const { conversationSid } = twilio.conversation({ identities: ["alice"] });
    const hook = { Target: "webhook", "Configuration.Url": workerUrl("/hook"), "Configuration.Filters": "onConversationStateUpdated" };
    await post(`${root}/${conversationSid}/Webhooks`, hook);
    twilio.setState(conversationSid, { state: "inactive" });
    await twilio.settle();
    twilio.message({ conversationSid });
    await twilio.settle();
    await post(`${root}/${conversationSid}`, { State: "closed" }, { "X-Twilio-Webhook-Enabled": "true" });
    await twilio.settle();
    assert.deepEqual(
      received.map(({ fields }) => [fields.StateFrom, fields.StateTo, fields.Reason, fields.State]),
      [
        ["active", "inactive", "EVENT", undefined],
        ["inactive", "active", "EVENT", undefined],
        ["active", "closed", "API", undefined],
      ],
    );
  });

  test("scoped webhooks", async () => {
    const chat = twilio.chat({ agent: "alice" });
    const at = `${root}/${chat.conversationSid}/Webhooks`;
    const url = workerUrl("/hook");
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

everyOperationOf("conversations");
