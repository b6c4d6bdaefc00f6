// The Flex API: interactions, channels, invites, web chats.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alice, attributes, bob, dave, everyOperationOf, get, post, QUEUES, refusal, seed, twilio } from "./stage.mjs";

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
    assert.deepEqual((await agents())[0].routing_properties, {
      task_sid: chat.taskSid,
      worker_sid: alice,
      reservation_sid: chat.reservationSid,
    });
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

  test("what the documents leave open: closed participants, attributes as an object", async () => {
    const chat = twilio.chat({ agent: "alice" });
    const channel = `/flex-api/v1/Interactions/${chat.interactionSid}/Channels/${chat.channelSid}`;
    twilio.setOptions({ listClosedParticipants: true, inviteAttributes: "object", listAttributes: false });
    const { attributes: given } = (await invite(chat)).body.routing.properties;
    assert.equal(given.transferTargetSid, bob);
    const [listed] = (await get(`${channel}/Invites`)).body.invites;
    assert.equal(listed.routing.properties.attributes.transferTargetSid, bob);
    const close = () => post(`${channel}/Participants/${chat.participantSid}`, { Status: "closed" });
    assert.equal((await close()).status, 200);
    assert.deepEqual(refusal(await close()), [400, 20001]);
    assert.ok((await get(`${channel}/Participants`)).body.participants.some(({ sid }) => sid === chat.participantSid));
    const tasks = `/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}/Tasks`;
    assert.deepEqual(
      (await get(tasks)).body.tasks.map((task) => task.attributes),
      [null, null],
    );
    assert.equal(typeof (await get(`${tasks}/${chat.taskSid}`)).body.attributes, "string");
  });

  test("every channel, interactions over REST, and web chats", async () => {
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
    const web = await post("/flex-api/v2/WebChats", {
      AddressSid: seed.WEBCHAT_ADDRESS_SID,
      CustomerFriendlyName: "Kim",
      PreEngagementData: '{"a":1}',
    });
    assert.deepEqual([web.status, twilio.readConversation(web.body.conversation_sid).participants[0].identity], [201, web.body.identity]);
  });
});

everyOperationOf("flex");
