// The companion plugin beside the Worker: what the static files take from it and what not, and what the doctor says.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { build } from "../../dev/build.mjs";
import { headersOf, pluginVersion } from "../../dev/plugin.mjs";
import { ringback } from "../../dev/ringback.mjs";
import { settings, startWorker } from "../../dev/worker.mjs";
import { startFunctions } from "../../standin/functions.mjs";
import { complete, examine, provide, rest, twilio, write } from "./stage.mjs";

const SCRIPT = "/plugin/flex-edge.js";
const RINGBACK = "/voice/internal-call/ringback.wav";
const HERE = pluginVersion();

const listen = (handler) =>
  new Promise((resolve) => {
    const server = createServer(handler).listen(0, "127.0.0.1", () => resolve({ close: () => server.close(), url: `http://127.0.0.1:${server.address().port}` }));
  });

describe("the plugin as a static file of the Worker", () => {
  let worker, functions, folder;
  before(async () => {
    build();
    folder = mkdtempSync(join(tmpdir(), "flex-edge-assets-"));
    mkdirSync(join(folder, "plugin"));
    writeFileSync(join(folder, "_headers"), headersOf("9.8.7"));
    writeFileSync(join(folder, "README.md"), "a note");
    writeFileSync(join(folder, "plugin/flex-edge.js"), "window.here = true;");
    writeFileSync(join(folder, "plugin/other.js"), "window.other = true;");
    mkdirSync(join(folder, "voice/internal-call"), { recursive: true });
    writeFileSync(join(folder, RINGBACK), ringback());
    writeFileSync(join(folder, "voice/internal-call/left"), "a file where an endpoint is");
    functions = await startFunctions();
    const { url, close } = await listen(() => {});
    close();
    const vars = { ...settings("http://127.0.0.1:9"), FUNCTIONS_ORIGIN: functions.url };
    worker = await startWorker({ port: Number(new URL(url).port), persist: join(folder, "state"), vars, assets: folder });
  });
  after(async () => {
    await worker?.stop();
    functions?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = (path, init) => fetch(worker.url + path, { redirect: "manual", ...init });

  test("it has its version, is asked for again after some minutes, and may be loaded by any page", async () => {
    const answer = await ask(SCRIPT);
    assert.deepEqual([answer.status, await answer.text()], [200, "window.here = true;"]);
    assert.match(answer.headers.get("content-type"), /^text\/javascript/);
    assert.match(answer.headers.get("cache-control"), /max-age=300/);
    assert.equal(answer.headers.get("x-flex-edge-plugin"), "9.8.7");
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    const again = await ask(SCRIPT, { headers: { "If-None-Match": answer.headers.get("etag") } });
    assert.equal(again.status, 304);
    assert.equal((await ask(`${SCRIPT}?v=1`)).status, 200);
  });

  test("the ringing tone is audio to Twilio, which keeps it for a day", async () => {
    const answer = await ask(RINGBACK);
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "audio/wav"]);
    assert.equal(answer.headers.get("cache-control"), "public, max-age=86400");
    assert.equal(answer.headers.get("x-flex-edge-plugin"), null);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), ringback());
    assert.equal((await ask(RINGBACK, { headers: { "If-None-Match": answer.headers.get("etag") } })).status, 304);
    assert.equal((await ask("/voice/internal-call/left")).status, 403, "the endpoint beside it wants a signature");
  });

  test("the headers are there without the plugin too", () => {
    assert.match(headersOf(), new RegExp(`^${RINGBACK}\\n`));
    assert.doesNotMatch(headersOf(), /plugin/i);
    assert.ok(headersOf("9.8.7").startsWith(headersOf()));
  });

  test("every other path is the Worker's, files or not, and goes on to FUNCTIONS_ORIGIN as before", async () => {
    assert.equal((await (await ask("/health")).json()).features.twilio.configured, true);
    const refused = await ask("/internal-chat/open", { method: "POST", body: new URLSearchParams({ participant: "bob" }) });
    assert.deepEqual([refused.status, (await refused.json()).success], [403, false]);
    for (const path of ["/", "/README.md", "/_headers", "/plugin/other.js", "/plugin/flex-edge", "/features/x?a=1"]) {
      for (const method of ["GET", "POST"]) {
        functions.clear();
        const answer = await ask(path, { method, body: method === "POST" ? "a=1" : undefined });
        assert.equal(answer.status, 200, path);
        assert.deepEqual(functions.requests().map((one) => [one.method, one.url]), [[method, path]]);
      }
    }
  });
});

describe("the doctor", () => {
  /** What it says of the plugin, which this Worker serves like this. */
  async function found(answer) {
    const server = await listen((request, response) => (request.url === SCRIPT ? response.writeHead(...answer).end() : response.writeHead(404).end()));
    try {
      twilio.connect({ url: server.url });
      write({ ...complete(), WORKER_URL: server.url });
      const unreleased = (await examine(server.url)).plugin;
      assert.deepEqual(await provide({ plugin: true }), []);
      const elsewhere = (await examine("http://127.0.0.1:9")).plugin;
      return { unreleased, elsewhere, released: (await examine(server.url)).plugin };
    } finally {
      server.close();
    }
  }

  test("the plugin is released, and served in this version", async () => {
    const { unreleased, released, elsewhere } = await found([200, { "X-Flex-Edge-Plugin": HERE }]);
    assert.deepEqual([unreleased.state, released.state, released.message], ["none", "good", `${HERE}, released in Flex`]);
    assert.match(unreleased.message, /not released in Flex; npm run provision -- --plugin/);
    assert.deepEqual([elsewhere.state, elsewhere.mend], ["bad", "npm run provision -- --plugin"]);
  });

  test("the plugin is released, and is another version, or is not there", async () => {
    const old = (await found([200, { "X-Flex-Edge-Plugin": "0.0.1" }])).released;
    assert.deepEqual([old.state, old.mend], ["bad", "npm run deploy"]);
    assert.match(old.message, /0\.0\.1 is served; this checkout is/);
    twilio.reset();
    const gone = (await found([404])).released;
    assert.match(gone.message, /the Worker does not serve it/);
    assert.equal((await rest("GET", "/flex-api/v1/PluginService/Releases")).releases.length, 1);
  });
});
