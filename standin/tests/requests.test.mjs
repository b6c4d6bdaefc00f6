// Requests and answers against Twilio's OpenAPI documents.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkRequest, checkResponse } from "../openapi.mjs";
import { account, ask, get, post, refusal, seed, twilio, workspace } from "./stage.mjs";

describe("requests", () => {
  test("what the documents do not allow is named", () => {
    const violations = (method, url, body = "", headers = {}) =>
      checkRequest({ method, url, body, headers: { ...(body && { "Content-Type": "application/x-www-form-urlencoded" }), ...headers } })
        .violations;
    const tasks = `https://taskrouter.twilio.com/v1/Workspaces/${seed.WORKSPACE_SID}/Tasks`;
    assert.deepEqual(violations("POST", tasks, "Attributes=%7B%7D&Priority=1"), []);
    assert.match(violations("POST", tasks, "Attributes=%7B")[0], /is not JSON/);
    assert.match(violations("POST", tasks, "Atributes=%7B%7D")[0], /no such form parameter/);
    assert.match(violations("POST", tasks, "Priority=high")[0], /not a number/);
    assert.match(violations("POST", tasks, "Priority=1&Priority=2")[0], /2 times/);
    assert.match(violations("POST", tasks, "Priority=%zz")[0], /percent-encoding/);
    assert.match(violations("POST", tasks, "Priority=1", { "Content-Type": "application/json" })[0], /Content-Type/);
    assert.match(violations("GET", `${tasks}/WTshort`)[0], /does not match/);
    assert.match(violations("GET", `${tasks}/WT${"0".repeat(32)}`, "", { "If-Match": "1" })[0], /takes no such header/);
    assert.match(violations("PUT", tasks)[0], /only (POST|GET), (POST|GET)/);
    assert.match(violations("GET", "https://taskrouter.twilio.com/v1/Elsewhere")[0], /no such path/);
    assert.match(
      violations(
        "POST",
        `https://flex-api.twilio.com/v1/Interactions/KD${"0".repeat(32)}/Channels/UO${"0".repeat(32)}/Invites`,
        "a=b",
      ).join(),
      /Routing: required/,
    );
    const iam = `https://iam.twilio.com/v1/Accounts/${seed.ACCOUNT_SID}/Tokens/validate`;
    assert.deepEqual(violations("POST", iam, '{"token":"x"}', { "Content-Type": "application/json" }), []);
    assert.match(violations("POST", iam, '{"Token":"x"}', { "Content-Type": "application/json" })[0], /token: missing/);
  });

  test("both spellings of a URL name the same operation", () => {
    const path = `2010-04-01/Accounts/${seed.ACCOUNT_SID}/Conferences.json?FriendlyName=a%20b&DateCreated%3E=2024-01-01`;
    for (const url of [
      `https://api.twilio.com/${path}`,
      `http://127.0.0.1:4010/api/${path}`,
      `https://api.dublin.ie1.twilio.com/${path}`,
    ]) {
      const { operationId, service, params, violations } = checkRequest({ method: "GET", url });
      assert.deepEqual(
        [operationId, service, params.FriendlyName, params["DateCreated>"], violations],
        ["ListConference", "api/2010-04-01", "a b", "2024-01-01", []],
      );
    }
  });

  test("answers are held against their schemas", () => {
    const about = { operationId: "FetchCall", service: "api/2010-04-01" };
    assert.match(checkResponse({ ...about, status: 200, body: "{}" })[0], /missing/);
    assert.match(checkResponse({ ...about, status: 201, body: "{}" })[0], /not in the document/);
    assert.deepEqual(
      checkResponse({
        ...about,
        status: 404,
        body: { code: 20404, message: "m", more_info: "https://www.twilio.com/docs/errors/20404", status: 404 },
      }),
      [],
    );
    assert.match(checkResponse({ ...about, status: 404, body: { message: "m" } })[0], /missing/);
  });

  test("refusals are worded as Twilio words them", async () => {
    assert.deepEqual(refusal(await get(`${workspace}/Tasks/WT${"0".repeat(32)}`)), [404, 20404]);
    assert.deepEqual(refusal(await get(`${workspace}/Tasks/nonsense`)), [404, 20404]);
    assert.deepEqual(refusal(await post(`${workspace}/Tasks`, { Nonsense: "1" })), [400, 20001]);
    assert.deepEqual(refusal(await ask("GET", `${workspace}/Tasks`, undefined, { Authorization: "Basic eDp5" })), [401, 20003]);
    assert.deepEqual(refusal(await get("/taskrouter/v1/Nothing")), [404, 20404]);
    assert.deepEqual(refusal(await get(`/api/2010-04-01/Accounts/AC${"1".repeat(32)}/Calls.json`)), [404, 20404]);
    assert.equal((await get(`${account}/Queues.json`)).status, 501);
    const key = Buffer.from(`${seed.API_KEY}:${seed.API_SECRET}`).toString("base64");
    assert.equal((await ask("GET", `${workspace}/Tasks`, undefined, { Authorization: `Basic ${key}` })).status, 200);
    assert.match(twilio.violations().violations.join("\n"), /Nonsense: no such form parameter/);
  });
});
