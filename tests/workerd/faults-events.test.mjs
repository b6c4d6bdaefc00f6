// The fault matrix of what Twilio tells of by itself, and of webchat: the Worker and its Twilio are connected here.
// `ONLY="park" npm test -- faults` plays a part of it.
import "./connected.mjs"; // first

import assert from "node:assert/strict";
import { test } from "node:test";

import { playedAll, unnamed } from "./faults.mjs";
import { connectedScenes as scenes } from "./scenes/connected.mjs";
import { edge } from "./shared.mjs";

/** As many cases of each kind there have to be at least: who takes one away says so here. */
const LEAST = { inbound: 240, park: 984, webchat: 276, events: 300, "native call": 192 };

test("every call to Twilio that a flow makes fails in its turn", async () => {
  for (const [kind, played] of Object.entries(scenes)) assert.deepEqual(await unnamed(played), [], `${kind}: no scene names`);
});

test("the fault matrix", (t) => playedAll(t, scenes, LEAST));

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
