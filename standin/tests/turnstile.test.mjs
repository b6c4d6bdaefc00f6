// Cloudflare Turnstile's siteverify.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyOperationOf, seed, twilio } from "./stage.mjs";

const verify = async (body, headers = {}) =>
  (await fetch(`${twilio.url}/turnstile/v0/siteverify`, { method: "POST", headers, body })).json();
const form = (fields) => verify(new URLSearchParams(fields));

test("an answer is valid once, as form and as JSON, without authorization", async () => {
  const secret = seed.TURNSTILE_SECRET;
  const first = await form({ secret, response: "turnstile-shop.example-1", remoteip: "192.0.2.1" });
  assert.deepEqual([first.success, first.hostname], [true, "shop.example"]);
  assert.deepEqual((await form({ secret, response: "turnstile-shop.example-1" }))["error-codes"], ["timeout-or-duplicate"]);
  const json = { "Content-Type": "application/json" };
  assert.equal((await verify(JSON.stringify({ secret, response: "turnstile-shop.example-2" }), json)).success, true);
  assert.deepEqual((await form({ secret, response: "nonsense" }))["error-codes"], ["invalid-input-response"]);
  assert.deepEqual((await form({ secret: "wrong", response: "turnstile-a-1" }))["error-codes"], ["invalid-input-secret"]);
  assert.equal((await form({ secret: "1x0000000000000000000000000000000AA", response: "any" })).success, true);
  assert.equal((await form({ secret: "2x0000000000000000000000000000000AA", response: "any" })).success, false);
  assert.ok(!JSON.stringify(twilio.journal()).includes(secret), "no secret in the journal");
});

test("it fails when told to", async () => {
  twilio.addFault({ operationId: "Siteverify", fault: 503 });
  const response = await fetch(`${twilio.url}/turnstile/v0/siteverify`, {
    method: "POST",
    body: new URLSearchParams({ secret: "a", response: "b" }),
  });
  assert.equal(response.status, 503);
});

everyOperationOf("turnstile");
