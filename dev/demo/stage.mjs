// The local Twilio and the Worker beside it, and a listener that writes down who asked whom.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startTwilio } from "../../standin/index.mjs";
import { EVENTS } from "../doctor/places.mjs";
import { settings, startWorker } from "../worker.mjs";

export class Broken extends Error {}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** SIDs are long; their kind and their end tell them apart. */
export const short = (text) => text.replace(/\b([A-Z]{2})[0-9a-f]{28}([0-9a-f]{4})\b/g, "$1…$2");
const wrapped = (text) => text.match(/.{1,108}(?:, |$)/g).map((line, at) => (at > 0 ? `    ${line}` : line).trimEnd());
const tidy = (body) => body.replace(/<\?xml.*?\?>/, "").replace(/http:\/\/127\.0\.0\.1:\d+/g, "").replace(/\s+/g, " ");
const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
const pathOf = (url) => decodeURIComponent(url.replace(/^https?:\/\/[^/]+/, "").split("#")[0]);

/** Starts both; `write(kind, text)` gets each line: "ask", "answer", "twilio", "good". */
export async function startStage(write, more = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const delivered = ({ method, url: target, status, body }) => {
    if (target.startsWith(url)) exchange("Twilio", method, pathOf(target), "", status ?? "no answer", body ?? "");
  };
  const twilio = await startTwilio({ workerUrl: url, workers: 12, connected: true, delivered });
  // As `npm run provision` sets it: other events are no concern of the Worker's.
  const { ACCOUNT_SID, AUTH_TOKEN, WORKSPACE_SID } = twilio.seed;
  const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString("base64")}`;
  const filter = new URLSearchParams({ EventsFilter: EVENTS.join(",") });
  await fetch(`${twilio.url}/taskrouter/v1/Workspaces/${WORKSPACE_SID}`, { method: "POST", headers: { authorization }, body: filter });
  const folder = mkdtempSync(join(tmpdir(), "flex-edge-demo-"));
  const worker = await startWorker({ port, persist: folder, vars: { ...settings(twilio.url), DEFAULT_COUNTRY: "US" }, ...more });
  let seen = 0;

  function exchange(who, method, path, fields, status, body) {
    write("ask", `${who} → ${cut(short(`${method} ${path}${fields}`), 96)}`);
    write(Number(status) < 400 ? "answer" : "refusal", `  ${status} ${cut(short(tidy(body)), 96)}`);
  }

  /** What the Worker has asked Twilio since the last time, in one line. */
  function asked() {
    const entries = twilio.journal({ kind: "request", since: seen }).entries;
    seen = twilio.journal({}).entries.at(-1)?.seq ?? seen;
    const list = entries.map(({ operationId, status, fault }) => `${operationId} ${fault ?? status}`);
    if (list.length > 0) for (const line of wrapped(`Worker → Twilio: ${list.join(", ")}`)) write("twilio", line);
  }

  return {
    twilio,
    url,
    /** A plugin's request, as its agent's browser sends it; answers its JSON. */
    async post(agent, path, fields, { promised = 200 } = {}) {
      const form = new URLSearchParams({ Token: `a.flex.token.of.${agent}`, ...fields });
      const response = await fetch(url + path, { method: "POST", body: form });
      const text = await response.text();
      const shown = Object.keys(fields).length > 0 ? ` ${Object.entries(fields).map((pair) => pair.join("=")).join(" ")}` : "";
      exchange(`${agent[0].toUpperCase()}${agent.slice(1)}'s browser`, "POST", path, shown, response.status, text);
      await this.settle();
      if (response.status !== promised) throw new Broken(`${path} answered ${response.status}, not ${promised}: ${text}`);
      return JSON.parse(text);
    },
    /** Waits until nothing is under way any more, and tells what the Worker asked. */
    async settle() {
      await twilio.settle({ timeoutMs: 10_000 });
      asked();
    },
    async until(check, what) {
      for (const end = Date.now() + 10_000; Date.now() < end; await pause(20)) {
        const found = await check();
        if (found) return found;
      }
      throw new Broken(`never came: ${what}`);
    },
    /** A promise: kept, or the demo ends. */
    promise(kept, what) {
      if (!kept) throw new Broken(`not as promised: ${what}`);
      write("good", `✔ ${short(what)}`);
    },
    async stop() {
      await worker.stop();
      await twilio.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
