// Conversations: users and the conversations they are in.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyOperationOf, get, post, remove, seed, twilio } from "./stage.mjs";

describe("users", () => {
  test("made, changed, deleted, and made by taking part", async () => {
    twilio.conversation({ uniqueName: "room", identities: ["alice", "bob"] });
    assert.equal((await post("/conversations/v1/Users", { Identity: "kim" })).status, 201);
    assert.equal((await post("/conversations/v1/Users", { Identity: "kim" })).status, 409);
    assert.equal((await post("/conversations/v1/Users/kim", { FriendlyName: "Kim" })).body.friendly_name, "Kim");
    assert.equal((await get("/conversations/v1/Users/kim")).body.identity, "kim");
    assert.equal((await get("/conversations/v1/Users")).body.users.length, 3);
    assert.equal((await remove("/conversations/v1/Users/kim")).status, 204);
    assert.equal((await get("/conversations/v1/Configuration")).body.default_chat_service_sid, seed.CHAT_SERVICE_SID);
  });

  test("their conversations", async () => {
    for (let count = 0; count < 55; count += 1) twilio.conversation({ uniqueName: `room${count}`, identities: ["alice"] });
    twilio.conversation({ uniqueName: "alice+bob", identities: ["bob"], addresses: ["+15557654321"] });
    const ofAlice = (await get("/conversations/v1/Users/alice/Conversations", { PageSize: "50" })).body;
    assert.deepEqual([ofAlice.conversations.length, ofAlice.meta.next_page_url !== null], [50, true]);
    const [one] = ofAlice.conversations;
    const at = `/conversations/v1/Users/alice/Conversations/${one.conversation_sid}`;
    assert.equal((await get(at)).body.unique_name, "room0");
    assert.equal((await post(at, { NotificationLevel: "muted", LastReadMessageIndex: "3" })).body.notification_level, "muted");
    assert.equal((await get(at)).body.last_read_message_index, 3);
    assert.equal((await get(at.replace("alice", "bob"))).status, 404);
    const of = async (query) => (await get("/conversations/v1/ParticipantConversations", query)).body.conversations;
    assert.equal((await of({ Address: "+15557654321" }))[0].conversation_unique_name, "alice+bob");
    assert.equal((await of({ Identity: "bob" }))[0].participant_identity, "bob");
    assert.equal((await get("/conversations/v1/ParticipantConversations")).status, 400);
  });
});

everyOperationOf("users");
