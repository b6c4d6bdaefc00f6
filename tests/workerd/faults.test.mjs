// The fault matrix of all flows. `ONLY="dial: CreateTask" npm test -- faults` plays a part of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { customerCall, lookAt } from "./calls.mjs";
import { playedAll, unnamed } from "./faults.mjs";
import { scenes } from "./scenes/index.mjs";
import { edge, twilio } from "./shared.mjs";

/** As many cases of each kind there have to be at least: who takes one away says so here. */
const LEAST = { "internal call": 486, transfer: 1518, helpers: 1833, dial: 462, "internal chat": 297 };

test("every call to Twilio that a flow makes fails in its turn", async () => {
  for (const [kind, played] of Object.entries(scenes)) assert.deepEqual(await unnamed(played), [], `${kind}: no scene names`);
});

test("the fault matrix", async (t) => {
  const victim = customerCall(); // somebody else's call
  const customer = twilio.chat({ agent: "bob" }); // and chat
  const look = () => [lookAt(victim), twilio.readConversation(customer.conversationSid)];
  const before = look();
  await playedAll(t, scenes, LEAST);
  assert.deepEqual(look(), before, "what belongs to somebody else has changed");
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
