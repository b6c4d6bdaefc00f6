// The stand-in for a team's own Functions.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { startFunctions } from "../functions.mjs";

describe("Functions", () => {
  let functions;
  before(async () => void (functions = await startFunctions()));
  after(() => functions.close());
  beforeEach(() => functions.clear());
  const ask = (path, options) => fetch(functions.url + path, { redirect: "manual", ...options });

  test("any path is an echo, and is kept", async () => {
    const headers = { Authorization: "Bearer x", "Content-Type": "application/x-www-form-urlencoded" };
    const echo = await (await ask("/features/callback?x=1%202", { method: "PUT", headers, body: "a=%2B1&b=ü" })).json();
    assert.deepEqual(
      [echo.method, echo.path, echo.query, echo.body, echo.bytes],
      ["PUT", "/features/callback", { x: "1 2" }, "a=%2B1&b=ü", 11],
    );
    assert.equal(echo.headers.authorization, "Bearer x");
    assert.equal(echo.sha256, createHash("sha256").update("a=%2B1&b=ü").digest("hex"));
    assert.deepEqual(functions.requests(), [echo]);
  });

  test("statuses, types, redirects, headers, nothing", async () => {
    const asked = await ask("/functions/status?status=418&type=text/html&body=%3Cb%3E");
    assert.deepEqual([asked.status, asked.headers.get("content-type"), await asked.text()], [418, "text/html", "<b>"]);
    const moved = await ask("/functions/redirect?status=307&to=https://example.com/x");
    assert.deepEqual([moved.status, moved.headers.get("location")], [307, "https://example.com/x"]);
    assert.deepEqual((await ask("/functions/cookies")).headers.getSetCookie().length, 2);
    assert.equal((await ask("/functions/empty")).status, 204);
    assert.equal((await ask("/functions/status", { method: "HEAD" })).status, 200);
  });

  test("a stream comes piece by piece, a big body whole", async () => {
    const started = performance.now();
    const reader = (await ask("/functions/stream?chunks=3&everyMs=400")).body.getReader();
    const first = await reader.read();
    assert.match(new TextDecoder().decode(first.value), /^data: 0\n\n/);
    while (!(await reader.read()).done);
    assert.ok(performance.now() - started >= 790);
    const big = await ask("/functions/big?bytes=3000001");
    const body = Buffer.from(await big.arrayBuffer());
    assert.deepEqual([body.length, createHash("sha256").update(body).digest("hex")], [3_000_001, big.headers.get("x-sha256")]);
  });

  test("failures of the connection", async () => {
    await assert.rejects(ask("/functions/lost"));
    const broken = await ask("/functions/broken");
    assert.equal(broken.status, 200);
    await assert.rejects(broken.text());
    await assert.rejects(ask("/functions/silent", { signal: AbortSignal.timeout(50) }));
    assert.deepEqual(await (await ask("/functions/slow?ms=10")).json(), { slow: true });
    assert.equal(functions.requests().length, 4);
  });
});
