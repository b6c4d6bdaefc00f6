// What the end-to-end tests share: the Worker in workerd, beside the Twilio stand-in.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { settings, startWorker } from "../../dev/worker.mjs";
import { startTwilio } from "../../standin/index.mjs";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

// Starts both; `post` asks the Worker as a plugin does.
export async function startEdge({ vars = {}, twilio: options = {} } = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const twilio = await startTwilio({ workerUrl: url, ...options });
  const persist = mkdtempSync(join(tmpdir(), "flex-edge-"));
  const worker = await startWorker({ port, persist, vars: { ...settings(twilio.url), ...vars } });

  const answer = async (response) => {
    const text = await response.text();
    assert.ok(response.headers.get("access-control-allow-origin"), `no CORS header: ${text}`);
    return { status: response.status, body: text ? JSON.parse(text) : null, headers: response.headers };
  };
  return {
    url,
    twilio,
    worker,
    // A form POST with the token of `agent`; absent values are left out, as the plugins do.
    async post(path, agent, fields = {}) {
      const form = new URLSearchParams(agent ? { Token: `token-${agent}` } : {});
      for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, String(value));
      return answer(await fetch(url + path, { method: "POST", body: form }));
    },
    async postJson(path, body) {
      const headers = { "Content-Type": "application/json" };
      return answer(await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) }));
    },
    async get(path) {
      return answer(await fetch(url + path));
    },
    // Every request of the Worker must be one that Twilio knows.
    assertValid() {
      assert.deepEqual(twilio.violations(), { violations: [] });
    },
    async stop() {
      await worker.stop();
      await twilio.close();
      rmSync(persist, { recursive: true, force: true });
    },
  };
}
