// The Worker in workerd beside the local Twilio, and a plugin's way of asking it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { settings } from "../../dev/worker.mjs";
import { startTwilio } from "../../standin/index.mjs";
import { violations } from "./answers.mjs";
import { FACTOR, watch } from "./clock.mjs";
import { startMiniflare } from "./miniflare.mjs";

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts both; they are stopped when all tests are over. */
export async function startEdge({ vars = {}, twilio: options = {}, assets = false } = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const wrong = new Set(); // what no answer, and no request to Twilio, may be
  const note = (found) => found.forEach((violation) => wrong.add(violation));

  function described(method, target, { status, type, text, cors }) {
    note(violations({ path: new URL(target).pathname, method, status, type, text }));
    if (!cors) note([`${method} ${new URL(target).pathname} answered ${status} without CORS`]);
  }
  const delivered = ({ method, url: target, status, headers, body }) => {
    if (status === undefined || !target.startsWith(url)) return;
    described(method, target, { status, type: headers["content-type"], text: body, cors: headers["access-control-allow-origin"] });
  };
  const twilio = await startTwilio({ workerUrl: url, timeScale: FACTOR, delivered, ...options });
  // Every key of the gate is a file.
  const persist = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "flex-edge-"));
  const clock = FACTOR === 1 ? {} : { TEST_CLOCK: twilio.clock.setting };
  const worker = await startMiniflare({ port, persist, assets, vars: { ...settings(twilio.url), ...clock, ...vars } });

  // Not `fetch`, which costs several times as much.
  const agent = new Agent({ keepAlive: true, timeout: 3_000 }); // workerd lets idle connections go after 5 s
  const send = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
      const sent = request(url + path, { method, agent, headers: { ...headers, ...length } }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text })).on("error", reject);
      });
      sent.on("error", reject).end(body);
    });

  async function ask(path, init = {}) {
    const past = watch();
    const { status, headers, text } = await send(path, init);
    const type = headers["content-type"];
    described(init.method ?? "GET", url + path, { status, type, text, cors: headers["access-control-allow-origin"] });
    return { status, body: type?.includes("json") ? JSON.parse(text) : text, headers, took: past() };
  }

  const edge = {
    url,
    twilio,
    worker,
    ask,
    get: (path) => ask(path),
    /** A form POST with the token of `agent`; absent values are left out, as the plugins do. */
    post(path, agent, fields = {}) {
      const form = new URLSearchParams(agent ? { Token: `a.flex.token.of.${agent}` } : {});
      for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, String(value));
      return ask(path, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: form.toString() });
    },
    postJson: (path, body) =>
      ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    /** Every request to Twilio is one that Twilio knows, every answer one that openapi.yaml describes. */
    assertValid() {
      note(twilio.violations().violations);
      twilio.clearJournal();
      assert.deepEqual([...wrong], []);
    },
    async stop() {
      await worker.stop();
      await twilio.close();
      rmSync(persist, { recursive: true, force: true });
    },
  };
  after(() => edge.stop());
  return edge;
}
