// KV and the gate when they refuse or do not answer, in plain workerd: the platform itself has no time limit for them, and KV
// takes one write a second for each key.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { ask } from "../../bench/load.mjs";
import { plugin, settings, sid, webhook } from "../../bench/requests.mjs";
import { edgeModules, startWorkerd } from "../../bench/workerd.mjs";

const CALLBACK = "/voice/call-outbound-join";
// A Durable Object that says nothing for a minute.
const SILENT = `export class Gate {
    fetch() {
      return new Promise((resolve) => setTimeout(() => resolve(new Response("")), 60_000));
    }
  }
  export default { fetch: () => new Response("") };`;

const servers = [];
const listen = (handler) =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk)).on("end", () => handler(request, response, body));
    });
    servers.push(server);
    server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${server.address().port}`));
  });

/** A Twilio that knows every token's agent, and one task: an agent calls another. */
function twilio({ url }, response, body) {
  const attributes = JSON.stringify({ client_call: true, to: "client:bob", from: "client:alice", worker_call_sid: sid("CA", 5) });
  const validation = () => ({ valid: true, identity: JSON.parse(body).token.replace("a.flex.token.of.", ""), roles: ["agent"], worker_sid: sid("WK", 1) });
  const answer = url.endsWith("/Tokens/validate") ? validation() : { sid: sid("WT", 1), assignment_status: "assigned", attributes };
  response.writeHead(200, { "Content-Type": "application/json", ETag: '"1"' }).end(JSON.stringify(answer));
}

/** KV as workerd asks for it, empty; how often it refuses changes, and whether it answers at all, is up to the agent's name. */
const changes = [];
function keep({ method, url }, response) {
  const { pathname, searchParams } = new URL(url, "http://kv");
  const key = decodeURIComponent(searchParams.get("prefix") ?? pathname);
  if (key.includes("silent")) return;
  if (method === "GET") return void response.writeHead(200).end(JSON.stringify({ keys: [], list_complete: true, cacheStatus: null }));
  const before = changes.filter((change) => change.key === key && change.method === method).length;
  changes.push({ method, key, at: performance.now() });
  response.writeHead(before < (key.includes("twice") ? 2 : 1) ? 429 : 200).end("Too many requests");
}

let worker;
before(async () => {
  const [api, kv] = [await listen(twilio), await listen(keep)];
  const vars = { ...settings, TWILIO_API_BASE: `http://${api}` };
  const silent = { modules: [{ name: "silent.js", source: SILENT }], gate: true };
  worker = await startWorkerd({ edge: { modules: edgeModules(), vars, kv, gate: "silent" }, silent });
});
after(async () => {
  await worker.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const ofChat = (name, agent) => ask(worker.ports.edge, plugin(`/internal-chat/${name}`, { conversation: `${agent}+zoe`, Token: `a.flex.token.of.${agent}` }));
const madeFor = (agent) => changes.filter(({ key }) => key.includes(agent));

test("a change that KV refuses is made again, after its second", async () => {
  for (const name of ["pin", "unpin"]) {
    changes.length = 0;
    const { status, body } = await ofChat(name, "alice");
    assert.equal(status, 200, JSON.stringify(body));
    const [first, second, ...more] = madeFor("alice");
    assert.deepEqual([first.method, second.method, more], name === "pin" ? ["PUT", "PUT", []] : ["DELETE", "DELETE", []]);
    assert.ok(second.at - first.at >= 1_000, `${second.at - first.at} ms`);
  }
});

test("what KV refuses twice has failed, and is not tried on and on", async () => {
  changes.length = 0;
  const { status, body } = await ofChat("pin", "twice");
  assert.deepEqual([status, body.success, madeFor("twice").length], [500, false, 2]);
});

test("nobody waits for ever for KV or the gate", { timeout: 50_000 }, async () => {
  const timed = async (asked) => {
    const began = performance.now();
    const { status, body } = await asked;
    assert.deepEqual([status, body.success], [500, false], JSON.stringify(body));
    return performance.now() - began;
  };
  const joined = { StatusCallbackEvent: "participant-join", FriendlyName: sid("WT", 1), ConferenceSid: sid("CF", 1), CallSid: sid("CA", 5) };
  const [kv, gate] = await Promise.all([timed(ofChat("list-pins", "silent")), timed(ask(worker.ports.edge, webhook(CALLBACK, joined)))]);
  assert.ok(kv >= 4_900 && kv < 8_000, `KV: ${kv} ms`);
  assert.ok(gate >= 2_900 && gate < 15_000, `the gate: ${gate} ms`);
});
