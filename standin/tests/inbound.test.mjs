// What comes in: messages to the account's addresses, web chats, and the interactions that are made of them.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { get, post, received, refusal, seed, twilio, workerUrl } from "./stage.mjs";

const HOOK = "/conversations/inbound";
const messages = () => received.filter(({ path }) => path === HOOK).map(({ fields }) => fields);
const interactionOf = (conversationSid, type = "sms", more = {}) =>
  post("/flex-api/v1/Interactions", {
    Channel: JSON.stringify({ type, initiated_by: "customer", properties: { media_channel_sid: conversationSid } }),
    Routing: JSON.stringify({
      properties: {
        workspace_sid: seed.WORKSPACE_SID,
        workflow_sid: seed.INBOUND_WORKFLOW_SID,
        task_channel_unique_name: type === "sms" ? "sms" : "chat",
        attributes: { from: "+15551112222", ...more },
      },
    }),
  });

describe("what comes in", () => {
  beforeEach(() => twilio.connect());

  test("a customer's messages open one conversation, with a webhook of its own", async () => {
    const first = twilio.inbound({ from: "+15551112222", body: "Hello" });
    const second = twilio.inbound({ from: "+15551112222", body: "Anybody?" });
    await twilio.settle();
    assert.deepEqual([first.created, second.created, second.conversationSid], [true, false, first.conversationSid]);
    assert.ok(received.every(({ signed }) => signed));
    const told = messages().toSorted((a, b) => a.Index - b.Index);
    assert.deepEqual(
      told.map(({ EventType, Source, Author, Body, ConversationSid }) => [EventType, Source, Author, Body, ConversationSid]),
      ["Hello", "Anybody?"].map((body) => ["onMessageAdded", "SMS", "+15551112222", body, first.conversationSid]),
    );
    const { webhooks } = (await get(`/conversations/v1/Conversations/${first.conversationSid}/Webhooks`)).body;
    assert.deepEqual([webhooks.length, webhooks[0].target, webhooks[0].sid], [1, "webhook", told[0].WebhookSid]);
    const [{ messaging_binding: binding }] = (await get(`/conversations/v1/Conversations/${first.conversationSid}/Participants`)).body
      .participants;
    assert.deepEqual(binding, { type: "sms", address: "+15551112222", proxy_address: seed.MESSAGING_NUMBER });
  });

  test("WhatsApp with a profile name, Messenger, and who is unknown", async () => {
    twilio.inbound({ channel: "whatsapp", from: "+15551112222", name: "Kim" });
    twilio.inbound({ channel: "messenger", from: "123456" });
    await twilio.settle();
    const [whatsapp, messenger] = messages().toSorted((a, b) => (a.Author > b.Author ? -1 : 1));
    assert.deepEqual(
      [whatsapp.Author, whatsapp.Source, whatsapp.ProfileName, JSON.parse(whatsapp.ChannelMetadata).data.context.ProfileName],
      ["whatsapp:+15551112222", "WHATSAPP", "Kim", "Kim"],
    );
    assert.deepEqual([messenger.Author, messenger.Source, messenger.ProfileName], ["messenger:123456", "MESSENGER", undefined]);
    assert.throws(() => twilio.inbound({ channel: "fax" }), /channel/);
  });

  test("a closed conversation is followed by a new one, a sleeping one wakes up", async () => {
    const first = twilio.inbound({ from: "+15551112222" });
    twilio.setState(first.conversationSid, { state: "inactive" });
    assert.equal(twilio.inbound({ from: "+15551112222" }).conversationSid, first.conversationSid);
    assert.equal(twilio.readConversation(first.conversationSid).state, "active");
    twilio.setState(first.conversationSid, { state: "closed" });
    assert.notEqual(twilio.inbound({ from: "+15551112222" }).conversationSid, first.conversationSid);
  });

  test("an address without auto-creation lets nobody in; without a webhook nobody is told", async () => {
    const { body } = await get("/conversations/v1/Configuration/Addresses", { Type: "sms" });
    const at = `/conversations/v1/Configuration/Addresses/${body.address_configurations[0].sid}`;
    await post(at, { "AutoCreation.Type": "default" });
    assert.equal(twilio.readConversation(twilio.inbound({ from: "+15551112222" }).conversationSid).webhooks, 0);
    await post(at, { "AutoCreation.Enabled": "false" });
    assert.throws(() => twilio.inbound({ from: "+15553334444" }), /makes no conversations/);
  });

  test("an interaction is accepted, comes up later, and takes its customer's messages", async () => {
    const { conversationSid } = twilio.inbound({ from: "+15551112222" });
    twilio.setOptions({ interactionDelayMs: 500 });
    const made = await interactionOf(conversationSid);
    assert.equal(made.status, 200);
    const channel = `/flex-api/v1/Interactions/${made.body.sid}/Channels/${made.body.channel.sid}`;
    assert.equal((await get(channel)).body.status, "setup");
    await twilio.settle();
    assert.equal((await get(channel)).body.status, "active");
    const task = twilio.task(made.body.routing.properties.sid);
    assert.deepEqual(
      [task.channel, task.attributes.conversationSid, task.attributes.flexInteractionSid, task.attributes.direction],
      ["sms", conversationSid, made.body.sid, "inbound"],
    );
    const accepted = await twilio.accept(task.reservations[0].sid);
    assert.equal(accepted.conversationSid, conversationSid);
  });

  test("a channel that fails has no task, and says why", async () => {
    const { conversationSid } = twilio.inbound({ from: "+15551112222" });
    twilio.failChannels({ contains: conversationSid, code: 19025 });
    const failed = await interactionOf(conversationSid);
    assert.deepEqual([failed.status, failed.body.routing], [200, null]);
    await twilio.settle();
    const channel = `/flex-api/v1/Interactions/${failed.body.sid}/Channels/${failed.body.channel.sid}`;
    const { status, error_code: code } = (await get(channel)).body;
    assert.deepEqual([status, code, twilio.state().tasks.length], ["failed", 19025, 0]);
    assert.equal((await interactionOf(conversationSid)).body.routing.properties.assignment_status, "pending", "only once");
  });

  test("a web chat, with what was asked before it, in a conversation that tells the Worker", async () => {
    const form = { AddressSid: seed.WEBCHAT_ADDRESS_SID, CustomerFriendlyName: "Kim", PreEngagementData: '{"email":"k@example.com"}' };
    const { status, body } = await post("/flex-api/v2/WebChats", form, { "Ui-Version": "1.0" });
    assert.equal(status, 201);
    const at = `/conversations/v1/Conversations/${body.conversation_sid}`;
    assert.deepEqual(JSON.parse((await get(at)).body.attributes), { pre_engagement_data: { email: "k@example.com" } });
    assert.equal((await get(`/conversations/v1/Users/${body.identity}`)).body.friendly_name, "Kim");
    await post(`${at}/Messages`, { Author: body.identity, Body: "My question" }, { "X-Twilio-Webhook-Enabled": "true" });
    twilio.message({ conversationSid: body.conversation_sid, body: "Are you there?" });
    await twilio.settle();
    assert.deepEqual(
      messages()
        .toSorted((a, b) => a.Index - b.Index)
        .map(({ Author, Source, ClientIdentity }) => [Author, Source, ClientIdentity]),
      [
        [body.identity, "API", undefined],
        [body.identity, "SDK", body.identity],
      ],
    );
    assert.deepEqual(refusal(await post("/flex-api/v2/WebChats", { AddressSid: `IG${"9".repeat(32)}` })), [404, 20404]);
    const own = await post("/flex-api/v2/WebChats", { ...form, Identity: "kim" });
    assert.equal(own.body.identity, "kim");
  });

  test("parked: the agent is out, the customer writes, an invite brings an agent back", async () => {
    const chat = twilio.chat({ agent: "alice", customer: "+15551112222" });
    const channel = `/flex-api/v1/Interactions/${chat.interactionSid}/Channels/${chat.channelSid}`;
    const webhooks = `/conversations/v1/Conversations/${chat.conversationSid}/Webhooks`;
    const hook = { Target: "webhook", "Configuration.Url": workerUrl("/unpark"), "Configuration.Filters": "onMessageAdded" };
    assert.equal((await post(webhooks, hook)).status, 201);
    assert.equal((await post(`${channel}/Participants/${chat.participantSid}`, { Status: "closed" })).status, 200);
    assert.deepEqual(
      [twilio.task(chat.taskSid).assignment_status, twilio.readConversation(chat.conversationSid).participants.length],
      ["wrapping", 1],
    );
    assert.equal(twilio.inbound({ from: "+15551112222" }).conversationSid, chat.conversationSid);
    const invited = await post(`${channel}/Invites`, {
      Routing: JSON.stringify({
        properties: {
          workspace_sid: seed.WORKSPACE_SID,
          workflow_sid: seed.INBOUND_WORKFLOW_SID,
          queue_sid: seed.QUEUES.Everyone.sid,
          worker_sid: seed.WORKERS.alice.sid,
          task_channel_unique_name: "sms",
          attributes: {},
        },
      }),
    });
    await twilio.accept(twilio.task(invited.body.routing.properties.sid).reservations[0].sid);
    assert.equal(twilio.readConversation(chat.conversationSid).participants.length, 2);
  });

  test("who wraps up stays a participant until closed", async () => {
    const chat = twilio.chat({ agent: "alice" });
    const at = `/flex-api/v1/Interactions/${chat.interactionSid}/Channels/${chat.channelSid}/Participants`;
    assert.equal((await post(`${at}/${chat.participantSid}`, { Status: "wrapup" })).status, 200);
    const agents = async () => (await get(at)).body.participants.filter(({ type }) => type === "agent").length;
    assert.deepEqual([twilio.task(chat.taskSid).assignment_status, await agents()], ["wrapping", 1]);
    assert.equal((await post(`${at}/${chat.participantSid}`, { Status: "closed" })).status, 200);
    assert.equal(await agents(), 0);
  });
});
