// What is none of ours goes to the team's own Functions (`FUNCTIONS_ORIGIN`), and comes back as it is.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { after, beforeEach, test } from "node:test";

import { startFunctions } from "../../standin/functions.mjs";
import { paths } from "./answers.mjs";
import { FACTOR } from "./clock.mjs";
import { startEdge } from "./edge.mjs";

const LIMIT = 256 * 1024;
const ORIGIN = "https://flex.twilio.com";

const functions = await startFunctions();
const edge = await startEdge({ vars: { FUNCTIONS_ORIGIN: functions.url } });
const strict = await startEdge({ vars: { FUNCTIONS_ORIGIN: functions.url, ALLOWED_ORIGINS: ORIGIN } });
after(() => functions.close());
beforeEach(() => functions.clear());

const ask = (path, init = {}, at = edge) => fetch(at.url + path, { redirect: "manual", ...init });
const got = () => {
  const requests = functions.requests();
  assert.equal(requests.length, 1, `the Functions got ${requests.length} requests`);
  return requests[0];
};
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const passedOn = (at = edge) => at.worker.lines.map((line) => line && JSON.parse(line)).filter((line) => line?.route === "passed on");

/** A request whose body has no length. */
function chunked(path, chunks) {
  return new Promise((resolve, reject) => {
    const request = http.request(edge.url + path, { method: "POST", headers: { "Content-Type": "application/octet-stream" } }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += chunk;
      resolve({ status: answer.statusCode, headers: answer.headers, text });
    });
    request.on("error", reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

test("it arrives as it was sent: method, path, query, headers, body", async () => {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]) {
    functions.clear();
    const body = ["GET", "HEAD"].includes(method) ? undefined : "Token=a%2Bb&x=%20";
    const headers = { "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", Authorization: "Bearer x", "X-Own": "1", Cookie: "a=1" };
    const answer = await ask("/features/callbacks/flex/create-callback?a=%20b&c=%2F&a=2", { method, headers, body });
    assert.equal(answer.status, 200, method);
    const request = got();
    assert.equal(request.method, method);
    assert.equal(request.url, "/features/callbacks/flex/create-callback?a=%20b&c=%2F&a=2");
    assert.equal(request.body, body ?? "");
    for (const [name, value] of Object.entries(headers)) assert.equal(request.headers[name.toLowerCase()], value, name);
    assert.equal(request.headers["x-forwarded-host"], new URL(edge.url).host);
    assert.equal(request.headers.host, new URL(functions.url).host);
    if (method !== "HEAD") assert.equal((await answer.json()).method, method);
  }
});

test("bytes stay bytes, up to 256 KiB; what is larger is refused here, however it is sent", async () => {
  const body = randomBytes(LIMIT);
  assert.equal((await ask("/upload", { method: "POST", body })).status, 200);
  assert.deepEqual([got().bytes, got().sha256], [LIMIT, sha256(body)]);
  functions.clear();
  assert.equal((await chunked("/upload", [body.subarray(0, 1000), body.subarray(1000)])).status, 200);
  assert.deepEqual([got().bytes, got().sha256], [LIMIT, sha256(body)]);
  functions.clear();
  const refused = await ask("/upload", { method: "POST", body: randomBytes(LIMIT + 1) });
  assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin")], [413, "*"]);
  const { success, requestId } = await refused.json();
  assert.ok(success === false && requestId);
  const streamed = await chunked("/upload", [body, Buffer.from("x")]);
  assert.deepEqual([streamed.status, JSON.parse(streamed.text).success], [413, false]);
  assert.equal(functions.requests().length, 0);
});

test("a large answer comes whole", async () => {
  const answer = await ask("/functions/big?bytes=5000000");
  const body = Buffer.from(await answer.arrayBuffer());
  assert.deepEqual([body.length, sha256(body)], [5_000_000, answer.headers.get("x-sha256")]);
  assert.equal(answer.headers.get("content-type"), "application/octet-stream");
});

test("an answer is streamed: its beginning is there before its end is made", async () => {
  const answer = await ask("/functions/stream?chunks=2&everyMs=1500");
  const reader = answer.body.getReader();
  const began = Date.now();
  const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
  assert.equal(await read(), "data: 0\n\n");
  const first = Date.now() - began;
  assert.equal(await read(), "data: 1\n\n");
  assert.ok(Date.now() - began - first > 1000, "both came at once");
  assert.equal((await reader.read()).done, true);
});

test("a stream may go on for longer than its beginning is waited for", async () => {
  const patience = 30_000 / FACTOR;
  const answer = await ask(`/functions/stream?chunks=4&everyMs=${Math.ceil(patience / 2.5)}`);
  assert.equal(await answer.text(), [0, 1, 2, 3].map((n) => `data: ${n}\n\n`).join(""));
});

test("statuses, types, cookies and redirects are handed on", async () => {
  for (const status of [200, 201, 400, 403, 404, 409, 429, 500, 503]) {
    const answer = await ask(`/functions/status?status=${status}&type=plain/text&body=as%20it%20is`);
    assert.deepEqual([answer.status, answer.headers.get("content-type"), await answer.text()], [status, "plain/text", "as it is"]);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  }
  for (const status of [301, 302, 303, 307, 308]) {
    functions.clear();
    const answer = await ask(`/functions/redirect?status=${status}&to=https://example.com/x`, { method: "POST", body: "a=1" });
    assert.deepEqual([answer.status, answer.headers.get("location")], [status, "https://example.com/x"]);
    assert.equal(functions.requests().length, 1, "nobody has followed it");
  }
  const { headers } = await ask("/functions/cookies");
  assert.deepEqual(headers.getSetCookie(), ["a=1; Path=/", "b=2; HttpOnly"]);
  assert.deepEqual([headers.get("etag"), headers.get("x-function")], ['"7"', "yes"]);
  const empty = await ask("/functions/empty");
  assert.deepEqual([empty.status, await empty.text()], [204, ""]);
});

test("no answer, and one that breaks off, are failures that a client can read", async () => {
  for (const name of ["lost", "silent"]) {
    const answer = await ask(`/functions/${name}`, { headers: { Origin: ORIGIN } });
    assert.equal(answer.status, 502, name);
    assert.deepEqual([answer.headers.get("access-control-allow-origin"), answer.headers.get("content-type")], ["*", "application/json"]);
    const { success, message, requestId } = await answer.json();
    assert.equal(success, false);
    assert.match(message, /FUNCTIONS_ORIGIN/);
    assert.ok(requestId);
    const line = passedOn().find(({ request }) => request === requestId);
    assert.deepEqual([line?.status, line?.error, line?.asked], [502, "no answer", `/functions/${name}`]);
  }
  const broken = await ask("/functions/broken");
  assert.equal(broken.status, 200);
  await assert.rejects(broken.text());
  assert.equal((await ask("/after")).status, 200);
});

test("ours is never shadowed, whoever asks and however", async () => {
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const answer = await ask(path, { method, body: method === "GET" ? undefined : "x=1" });
      await answer.arrayBuffer();
      const isOwn = answer.status === 405 || answer.status === 403 || (path === "/health" && operations.get);
      assert.ok(isOwn, `${method} ${path} answered ${answer.status}`);
    }
  }
  assert.deepEqual(functions.requests(), []);
});

test("the browser's question is answered here, and the answer is for the asking page", async () => {
  const preflight = { method: "OPTIONS", headers: { Origin: ORIGIN, "Access-Control-Request-Method": "POST" } };
  for (const at of [edge, strict]) {
    const answer = await ask("/features/callbacks/x", preflight, at);
    assert.equal(answer.status, 204);
    assert.match(answer.headers.get("access-control-allow-methods"), /POST/);
  }
  assert.deepEqual(functions.requests(), []);
  for (const origin of [ORIGIN, "https://evil.example"]) {
    const { headers } = await ask("/features/callbacks/x", { headers: { Origin: origin } }, strict);
    assert.deepEqual([headers.get("access-control-allow-origin"), headers.get("vary")], [ORIGIN, "Origin"]);
  }
});

test("nothing goes round in a circle", async () => {
  const path = "/features/callbacks/x";
  assert.equal((await ask(path, { headers: { "X-Flex-Edge-Via": "another.example.com" } })).status, 200);
  const { headers } = got();
  functions.clear();
  const back = await ask(path, { headers: { "X-Flex-Edge-Via": headers["x-flex-edge-via"] } });
  assert.deepEqual([back.status, (await back.json()).success], [404, false]);
  assert.deepEqual(functions.requests(), []);
});

test("a proxy in front, which says what host it was asked for, changes nothing", async () => {
  const { host } = new URL(edge.url);
  assert.equal((await ask("/features/callbacks/x", { headers: { "X-Forwarded-Host": host } })).status, 200);
  assert.equal(got().headers["x-forwarded-host"], host);
});

test("the log and /health name what was passed on, and nobody's secrets", async () => {
  await ask("/features/canned-responses/flex/chat-responses?Token=secret-1", { method: "POST", body: "Token=secret-2" });
  await ask("/call/+4917012345678");
  const { notOurs } = await (await ask("/health")).json();
  assert.ok(notOurs["/features/canned-responses/flex/chat-responses"] >= 1 && notOurs["(not shown)"] >= 1, JSON.stringify(notOurs));
  const lines = edge.worker.lines.join("\n");
  assert.ok(passedOn().some(({ asked, status }) => asked === "/features/canned-responses/flex/chat-responses" && status === 200));
  assert.ok(!lines.includes("secret-") && !lines.includes("4917012345678"));
});
