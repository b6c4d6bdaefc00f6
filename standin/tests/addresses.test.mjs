// Conversations addresses.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyOperationOf, get, post, refusal, remove, seed, twilio, workerUrl } from "./stage.mjs";

describe("addresses", () => {
  const root = "/conversations/v1/Configuration/Addresses";

  test("made, read, changed, deleted", async () => {
    const address = { Type: "sms", Address: "+15550006666", FriendlyName: "Second line" };
    const made = await post(root, { ...address, "AutoCreation.Enabled": "true", "AutoCreation.Type": "default" });
    assert.deepEqual([made.status, made.body.auto_creation.enabled, made.body.auto_creation.type], [201, true, "default"]);
    assert.deepEqual(refusal(await post(root, address)), [409, 50438]);
    const at = `${root}/${made.body.sid}`;
    assert.deepEqual(refusal(await post(at, { "AutoCreation.Type": "webhook" })), [400, 20001]);
    const webhook = {
      "AutoCreation.Type": "webhook",
      "AutoCreation.WebhookUrl": "https://example.com/in",
      "AutoCreation.WebhookMethod": "post",
      "AutoCreation.WebhookFilters": "onConversationAdded",
    };
    assert.deepEqual(refusal(await post(at, webhook)), [400, 20001]);
    assert.equal((await get(at)).body.auto_creation.type, "default", "what was refused changed nothing");
    assert.deepEqual((await post(at, { ...webhook, "AutoCreation.WebhookFilters": "onMessageAdded" })).body.auto_creation, {
      enabled: true,
      type: "webhook",
      conversation_service_sid: seed.CHAT_SERVICE_SID,
      webhook_url: "https://example.com/in",
      webhook_method: "POST",
      webhook_filters: ["onMessageAdded"],
    });
    assert.equal((await get(`${root}/${encodeURIComponent("+15550006666")}`)).body.sid, made.body.sid);
    assert.equal((await remove(at)).status, 204);
    assert.equal((await get(at)).status, 404);
  });

  test("the seed's lead to the Worker once they are connected", async () => {
    const hooks = async () => (await get(root)).body.address_configurations.map(({ auto_creation: made }) => made.webhook_url);
    assert.deepEqual(await hooks(), [undefined, undefined, undefined, undefined]);
    twilio.connect();
    assert.deepEqual(await hooks(), Array(4).fill(workerUrl("/conversations/inbound")));
    assert.deepEqual(
      (await get(root, { Type: "chat" })).body.address_configurations.map(({ sid }) => sid),
      [seed.WEBCHAT_ADDRESS_SID],
    );
  });
});

everyOperationOf("addresses");
