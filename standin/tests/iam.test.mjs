// Flex tokens.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alice, AUTHORIZATION, everyOperationOf, seed, twilio } from "./stage.mjs";

describe("tokens", () => {
  const validate = async (token) => {
    const response = await fetch(`${twilio.url}/iam/v1/Accounts/${seed.ACCOUNT_SID}/Tokens/validate`, {
      method: "POST",
      headers: { Authorization: AUTHORIZATION, "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    return { status: response.status, ...(await response.json()) };
  };
  test("known, unknown, expired and made ones", async () => {
    const { status, valid, worker_sid: workerSid, roles } = await validate("a.flex.token.of.alice");
    assert.deepEqual([status, valid, workerSid, roles], [200, true, alice, ["agent"]]);
    assert.deepEqual((await validate("a.flex.token.of.dave")).roles, ["supervisor"]);
    twilio.setOptions({ invalidTokenStatus: 401 });
    const { status: refused, code } = await validate("nonsense");
    assert.deepEqual([refused, code], [401, 20003]);
    twilio.setOptions({ invalidTokenStatus: 200 });
    assert.deepEqual([(await validate("a.flex.token.of.expired")).valid, (await validate("nonsense")).valid], [false, false]);
    const { token, workerSid: zoe } = twilio.addWorker({ name: "zoe", roles: ["admin"] });
    const made = await validate(token);
    assert.deepEqual([made.worker_sid, made.roles, made.identity], [zoe, ["admin"], "zoe"]);
    assert.ok(!JSON.stringify(twilio.journal()).includes(token));
    assert.equal(twilio.journal({ contains: token }).entries.length, 1);
  });
});

everyOperationOf("iam");
