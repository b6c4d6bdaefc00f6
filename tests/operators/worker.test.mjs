// The doctor at a Worker that really runs: in workerd, as `npx wrangler dev` runs it; and at what is no such Worker.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { build } from "../../dev/build.mjs";
import { settings, startWorker } from "../../dev/worker.mjs";
import { complete, examine, seed, twilio, write } from "./stage.mjs";

const WORKER_CHECKS = ["health", "version", "signature-accepted", "signature-refused"];
const states = (found) => WORKER_CHECKS.map((id) => found[id].state);

const listen = (handler) =>
  new Promise((resolve) => {
    const server = http.createServer(handler).listen(0, "127.0.0.1", () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }));
  });
async function freePort() {
  const { server, url } = await listen(() => {});
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}

let folder;
before(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), "flex-edge-worker-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function withWorker(vars, look) {
  const port = await freePort();
  const { TWILIO_API_KEY, TWILIO_API_SECRET, ALLOWED_ORIGINS } = complete();
  const given = { ...settings(twilio.url), TWILIO_API_KEY, TWILIO_API_SECRET, ALLOWED_ORIGINS, ...vars };
  const worker = await startWorker({ port, persist: folder, vars: given });
  try {
    write(complete());
    await look(await examine(worker.url), worker);
  } finally {
    await worker.stop();
  }
}

describe("a Worker that runs", () => {
  test("is healthy, takes a signed request and refuses a forged one, without asking Twilio anything", async () => {
    await withWorker({}, (found, worker) => {
      assert.deepEqual(states(found), ["good", "good", "good", "good"]);
      const logged = worker.lines.filter((line) => line.includes('"route"')).map((line) => JSON.parse(line.slice(line.indexOf("{"))));
      assert.ok(logged.some(({ route, status }) => route === "/voice/agent-join-conference" && status === 200));
      assert.match(found["last-event"].message, /none has come yet/);
      assert.deepEqual([found.ringback.state, found.ringback.message], ["good", "audio/wav, 48058 bytes"]);
      assert.ok(logged.every(({ twilioCalls }) => twilioCalls === 0));
    });
  });

  test("with another PUBLIC_URL refuses what Twilio signs, and that is said", async () => {
    await withWorker({ PUBLIC_URL: "https://other.example.com" }, (found, worker) => {
      assert.deepEqual(states(found), ["good", "good", "bad", "good"]);
      assert.match(found["signature-accepted"].message, /is refused \(403\)/);
      assert.ok(found["signature-accepted"].mend.includes(`PUBLIC_URL=${worker.url}`));
    });
  });

  test("with another auth token refuses it too, unless it is the secondary one", async () => {
    const other = "1".repeat(32);
    await withWorker({ TWILIO_AUTH_TOKEN: other }, (found) => assert.equal(found["signature-accepted"].state, "bad"));
    await withWorker({ TWILIO_AUTH_TOKEN: other, TWILIO_AUTH_TOKEN_SECONDARY: seed.AUTH_TOKEN }, (found) =>
      assert.equal(found["signature-accepted"].state, "good"),
    );
  });

  test("with a feature that is begun and cannot work is not healthy", async () => {
    const begun = { TWILIO_API_KEY: seed.API_KEY, TWILIO_API_SECRET: seed.API_SECRET, TWILIO_WEBCHAT_ADDRESS_SID: seed.WEBCHAT_ADDRESS_SID };
    await withWorker({ ...begun, ALLOWED_ORIGINS: "" }, (found) => assert.match(found.health.message, /^503: .*webchat lacks ALLOWED_ORIGINS/));
  });

  test("with a setting that cannot be read is not healthy", async () => {
    await withWorker({ TWILIO_FLEX_OUTBOUND_WORKFLOW_SID: "WW1" }, (found) => {
      assert.equal(found.health.state, "bad");
      assert.match(found.health.message, /TWILIO_FLEX_OUTBOUND_WORKFLOW_SID/);
    });
  });
});

describe("what is no such Worker", () => {
  async function at(handler) {
    const { server, url } = await listen(handler);
    write(complete());
    const found = await examine(url);
    server.close();
    return found;
  }
  const json = (response, status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));

  test("another server, and one that believes everybody", async () => {
    const page = await at((_, response) => response.end("<h1>Hello</h1>"));
    assert.match(page.health.message, /answers 200, but not as this Worker does/);
    assert.equal(page["signature-accepted"].state, "bad");
    assert.match(page["signature-refused"].message, /anybody can act as Twilio/);
    assert.deepEqual([page.ringback.state, page.ringback.mend], ["bad", "npm run deploy"]);
  });

  test("a Worker that says that it cannot work, and one of another version", async () => {
    const features = { "internal-call": { configured: false, missing: ["TWILIO_FLEX_WORKSPACE_SID"] }, dial: { configured: true, missing: [] } };
    const body = { success: false, version: "0.0.1", features, missing: ["TWILIO_FLEX_WORKSPACE_SID"], invalid: {} };
    const found = await at((request, response) => json(response, request.url === "/health" ? 503 : 403, body));
    assert.match(found.health.message, /503: a feature that is begun cannot work: internal-call lacks TWILIO_FLEX_WORKSPACE_SID/);
    assert.match(found.version.message, /0\.0\.1 runs; this checkout is \d/);
  });

  test("nobody at all", async () => {
    write(complete());
    const found = await examine(`http://127.0.0.1:${await freePort()}`);
    assert.deepEqual(states(found), ["bad", "none", "none", "none"]);
    assert.equal(found.ringback.state, "none");
  });
});
