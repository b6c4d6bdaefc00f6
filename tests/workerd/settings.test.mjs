// Settings of every TOML type reach the Worker as they are meant: `0` and `false` are no texts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { startEdge } from "./edge.mjs";

const vars = { FLEX_TOKEN_CACHE_SECONDS: 0, ACCESS_CHECKS: false, INTERNAL_CHAT_IDLE_DAYS: 90, DEFAULT_COUNTRY: { is: "BR" } };
const edge = await startEdge({ vars });

test("a number: a token is asked for each time", async () => {
  for (let count = 0; count < 3; count++) assert.equal((await edge.post("/taskrouter/get-queues", "alice")).status, 200);
  const { entries } = edge.twilio.journal({ kind: "request" });
  assert.equal(entries.filter(({ operationId }) => operationId === "ValidateFlexToken").length, 3);
});

test("a truth value: without access checks anybody writes to a task", async () => {
  const { taskSid } = edge.twilio.chat({ agent: "alice" });
  const fields = { taskSid, attributesUpdate: JSON.stringify({ seen: true }) };
  const { status, body } = await edge.post("/common/flex/taskrouter/update-task-attributes", "bob", fields);
  assert.equal(status, 200, JSON.stringify(body));
});

test("what cannot be read is named, and nothing else", async () => {
  const { body } = await edge.get("/health");
  assert.deepEqual(Object.keys(body.invalid), ["DEFAULT_COUNTRY"]);
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
