// What the platform side must keep in plain workerd: a panic stays with its own request, none
// is mixed up with another, memory stays flat, bodies are limited, nothing but HTTP gets in,
// and the gate lets one through.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { LIMIT as MOST_BUSY, measureHeavy } from "../../bench/heavy.mjs";
import { ask, encodeRequest, openLoad } from "../../bench/load.mjs";
import { plugin, settings, sid, webhook } from "../../bench/requests.mjs";
import { edgeModules, startWorkerd } from "../../bench/workerd.mjs";
import { build } from "../../dev/build.mjs";
import { root } from "../../dev/setup.mjs";

const LIMIT = 256 * 1024;
const LEG = "/voice/agent-outbound-join";
const CALLBACK = "/voice/call-outbound-join";
const PROPERTIES = "/common/flex/programmable-voice/get-call-properties";
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A Twilio that says of every token and call what stands in the request, after a while.
const upstream = { delay: () => 0, isDown: () => false, created: 0, ended: 0, asked: 0, server: null, url: "" };

const nearlyFull = Object.fromEntries(Array.from({ length: 1_400 }, (_, n) => [`j${n}`, n % 10]));

async function answerFor(method, url, body) {
  if (url.includes("/Tokens/validate")) {
    const name = JSON.parse(body).token.replace("a.flex.token.of.", "");
    return { valid: true, identity: name, roles: ["supervisor"], worker_sid: sid("WK", 1) };
  }
  if (url.includes("/Tasks?")) return { tasks: [], meta: { next_page_url: null, key: "tasks" } };
  if (url.includes("/Participants.json")) return { participants: [{ call_sid: sid("CA", 5) }], next_page_uri: null };
  if (method === "POST" && url.includes("/Conferences/")) {
    upstream.ended += 1;
    return {};
  }
  const call = url.match(/\/Calls\/(CA\w+)\.json/)?.[1];
  if (call) return { sid: call, to: `client:${call}`, status: "in-progress" };
  const conversation = url.match(/\/Conversations\/(CH\w+)(\/Participants)?/);
  if (conversation?.[2]) return { participants: [], meta: { next_page_url: null, key: "participants" } };
  if (conversation) return { sid: conversation[1], state: "active", attributes: JSON.stringify(nearlyFull) };
  const attributes = { client_call: true, to: "client:bob", from: "client:alice", worker_call_sid: sid("CA", 5) };
  const task = { sid: url.match(/Tasks\/(WT\w+)/)?.[1], assignment_status: "assigned", attributes: JSON.stringify(attributes) };
  if (method === "POST" && url.endsWith("/Tasks")) {
    upstream.created += 1;
    await pause(200); // so that all the others come meanwhile
    return { ...task, sid: sid("WT", 0xca11ee), assignment_status: "pending" };
  }
  return task;
}

before(async () => {
  upstream.server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", async () => {
      upstream.asked += 1;
      await pause(upstream.delay());
      const isDown = upstream.isDown(request.method, request.url);
      const answer = isDown ? { status: 500 } : await answerFor(request.method, request.url, body);
      response.writeHead(isDown ? 500 : 200, { "Content-Type": "application/json", ETag: '"1"' }).end(JSON.stringify(answer));
    });
  });
  await new Promise((resolve) => upstream.server.listen(0, "127.0.0.1", resolve));
  upstream.url = `http://127.0.0.1:${upstream.server.address().port}`;
});
after(() => upstream.server.close() && upstream.server.closeAllConnections());

const vars = () => ({ ...settings, TWILIO_API_BASE: upstream.url });

// Runs `work` beside a Worker of its own.
async function withWorker(work, { modules = edgeModules(), more = {}, clock } = {}) {
  const lines = [];
  const process = await startWorkerd({ edge: { modules, vars: { ...vars(), ...clock }, gate: true }, ...more }, { log: (line) => lines.push(line) });
  try {
    await work(process.ports.edge, { process, lines });
  } finally {
    await process.stop();
  }
}

const joined = (n) => ({
  StatusCallbackEvent: "participant-join",
  FriendlyName: sid("WT", n),
  ConferenceSid: sid("CF", n),
  CallSid: sid("CA", 5),
});
const properties = (n, token = `a.flex.token.of.${n}`) => plugin(PROPERTIES, { callSid: sid("CA", n), Token: token });
function assertOwn(answer, n) {
  assert.equal(answer.status, 200, JSON.stringify(answer));
  assert.equal(answer.body.callProperties.sid, sid("CA", n));
  assert.equal(answer.body.callProperties.to, `client:${sid("CA", n)}`);
}

// A panic takes the instance with it, and what was going on in it; whoever waited for that is told so, as after any failure.
function assertLost({ status, origin, body }) {
  assert.deepEqual([status, origin, body.success, typeof body.message, typeof body.requestId], [500, "*", false, "string", "string"]);
}

test("a body that breaks off harms nobody else", async () => {
  await withWorker(async (port, { lines }) => {
    upstream.delay = () => 300;
    const inFlight = [1, 2, 3].map((n) => ask(port, properties(n)));
    await pause(60);
    const rest = connect(port, "127.0.0.1");
    const { headers, path } = webhook(LEG, {});
    const head = Object.entries({ ...headers, "Content-Length": 1000 }).map((header) => header.join(": "));
    rest.write([`POST ${path} HTTP/1.1`, ...head, "", "taskSid="].join("\r\n"));
    await pause(60);
    rest.destroy();
    (await Promise.all(inFlight)).forEach((answer, at) => assertOwn(answer, at + 1));
    upstream.delay = () => 0;
    assert.equal((await ask(port, webhook(LEG, { taskSid: sid("WT", 1) }))).status, 200);
    assert.ok(lines.some((line) => line.includes("lost: ")), lines.join("\n"));
  });
});

test("a panic is answered, who was waiting is answered, and the next request is served", async (t) => {
  const out = join(root, "target/panic-probe");
  build({ out, features: ["panic-probe"] });
  await withWorker(
    async (port, { lines }) => {
      const leg = webhook(LEG, { taskSid: sid("WT", 1) });
      let lost = 0;
      assert.equal((await ask(port, leg)).status, 200);
      for (let round = 0; round < 5; round++) {
        upstream.delay = () => 150;
        const first = 100 * (round + 1);
        const inFlight = Array.from({ length: 30 }, (_, n) => ask(port, properties(first + n)));
        await pause(60);
        const panics = await Promise.all([ask(port, webhook(round % 2 ? "/panic/later" : "/panic", {})), ask(port, webhook("/panic", {}))]);
        panics.forEach(assertLost);
        const later = Array.from({ length: 30 }, (_, n) => ask(port, properties(first + 50 + n)));
        assert.equal((await ask(port, leg)).status, 200, "the next request is served");
        for (const [n, answer] of (await Promise.all(inFlight)).entries()) {
          if (answer.status !== 200) assertLost(answer);
          else assertOwn(answer, first + n);
          lost += answer.status !== 200;
        }
        (await Promise.all(later)).forEach((answer, n) => assertOwn(answer, first + 50 + n));
      }
      assertLost(await ask(port, webhook("/panic/later", {})));
      assert.equal((await ask(port, leg)).status, 200, "the next request is served after a later panic");
      // The gate may be the first to need the instance that comes after a panic.
      const joining = ask(port, webhook(CALLBACK, joined(99)));
      await pause(60);
      assert.equal((await ask(port, webhook("/panic", {}))).status, 500);
      const answer = await joining;
      if (answer.status !== 200) assertLost(answer);
      assert.equal((await ask(port, webhook(CALLBACK, joined(99)))).status, 200, "and delivered again");
      assert.equal((await ask(port, leg)).status, 200);
      assert.ok(lines.length > 0);
      t.diagnostic(`${lost} of 150 requests in flight were lost in a panic`);
    },
    { modules: edgeModules(out) },
  );
});

test("hundreds of requests in flight are not mixed up", () =>
  withWorker(async (port) => {
    upstream.delay = () => Math.random() * 80;
    for (let round = 0; round < 3; round++) {
      const numbers = Array.from({ length: 400 }, (_, n) => round * 1000 + n + 1);
      const answers = await Promise.all(numbers.map((n) => ask(port, properties(n))));
      answers.forEach((answer, at) => assertOwn(answer, numbers[at]));
    }
  }));

test("memory stays flat over 100,000 requests", () =>
  withWorker(async (port, { process }) => {
    upstream.delay = () => 0;
    const legs = [webhook(LEG, { taskSid: sid("WT", 1) }), webhook(LEG, { taskSid: sid("WT", 2), Called: "a".repeat(2000) })];
    const own = legs.map((request) => encodeRequest(request));
    // Every tenth asks Twilio, for another call than the last time.
    const asking = Array.from({ length: 3000 }, (_, n) => encodeRequest(properties(n, "a.flex.token.of.7")));
    let sent = 0;
    const next = () => (++sent % 10 ? own[sent % 2] : asking[(sent / 10) % asking.length]);
    const load = await openLoad(port);
    const run = (count) => load.run(next, (answered) => answered >= count);
    await run(60_000); // V8 takes what it likes at first
    const before = process.memory();
    const asked = upstream.asked;
    const answered = await run(100_000);
    const grown = (process.memory() - before) / 2 ** 20;
    load.close();
    assert.ok(answered >= 100_000 && upstream.asked - asked >= 9_000, `${answered} answered, ${upstream.asked - asked} asked`);
    console.log(`memory: ${(before / 2 ** 20).toFixed(1)} MiB, ${grown.toFixed(1)} MiB more after ${answered} requests`);
    assert.ok(grown < 64, `${grown.toFixed(1)} MiB more: over 600 bytes a request`);
  }));

test("a body is read up to 256 KiB", () =>
  withWorker(async (port) => {
    const sized = (bytes) => {
      const room = bytes - new URLSearchParams({ taskSid: sid("WT", 1), x: "" }).toString().length;
      return webhook(LEG, { taskSid: sid("WT", 1), x: "x".repeat(room) });
    };
    for (const chunked of [false, true]) {
      const fits = sized(LIMIT);
      assert.equal(fits.body.length, LIMIT);
      assert.equal((await ask(port, { ...fits, chunked })).status, 200, `chunked: ${chunked}`);
      const { status, origin, body } = await ask(port, { ...sized(LIMIT + 1), chunked });
      assert.equal(status, 413, `chunked: ${chunked}`);
      assert.equal(origin, "*");
      assert.equal(body.success, false);
    }
  }));

test("nothing but HTTP gets in from another Worker", () => {
  const source = `export default {
    async fetch(request, env) {
      const tried = {};
      for (const name of ["handle", "tick", "gate", "alarm", "start", "memory", "default"]) {
        try {
          tried[name] = { answer: String(await env.EDGE[name](1, 2, "GET\\nhttps://a/health", "")) };
        } catch (error) {
          tried[name] = { error: error.message };
        }
      }
      const health = await env.EDGE.fetch("https://a/health");
      return Response.json({ tried, health: health.status });
    }
  };`;
  const other = { modules: [{ name: "other.js", source }], services: { EDGE: "edge" } };
  return withWorker(
    async (_port, { process }) => {
      const { body } = await ask(process.ports.other, { method: "GET", path: "/" });
      assert.ok([200, 500, 503].includes(body.health), `GET /health by the binding: ${body.health}`);
      for (const [name, { error, answer }] of Object.entries(body.tried)) {
        assert.equal(answer, undefined, `${name} can be called`);
        assert.match(error, /does not implement the method|is a reserved method|not a function/, name);
      }
    },
    { more: { other } },
  );
});

test("the gate lets one of twenty deliveries through", () =>
  withWorker(async (port, { lines }) => {
    upstream.delay = () => 0;
    for (let round = 1; round <= 3; round++) {
      upstream.created = 0;
      const deliver = () => ask(port, webhook(CALLBACK, joined(round)));
      const answers = await Promise.all(Array.from({ length: 20 }, deliver));
      answers.push(await deliver()); // one that is late
      for (const answer of answers) assert.equal(answer.status, 200, JSON.stringify(answer));
      assert.equal(upstream.created, 1, lines.slice(-21).join("\n"));
    }
  }));

// Until then the Worker's clock stands still while its timers go on: what is due in 20 s has its alarm after one.
test("an alarm of the gate that rings too early rings again", () =>
  withWorker(
    async (port) => {
      upstream.isDown = (method, url) => method === "POST" && url.endsWith("/Tasks");
      const { status } = await ask(port, webhook(CALLBACK, joined(7)));
      assert.ok(status >= 500, `${status}: nobody could be called`);
      assert.equal(upstream.ended, 0);
      for (const end = Date.now() + 20_000; upstream.ended === 0 && Date.now() < end; ) await pause(50);
      upstream.isDown = () => false;
      assert.equal(upstream.ended, 1, "the caller hears music for ever");
    },
    { clock: { TEST_CLOCK: `20@${Date.now() + 10_000}` } },
  ));

test("no request keeps the instance busy for long, whatever is in it", () =>
  withWorker(async (port, { process }) => {
    upstream.delay = () => 0;
    const found = await measureHeavy(process, port, 5);
    const slow = Object.entries(found).filter(([, { milliseconds }]) => milliseconds > MOST_BUSY);
    assert.deepEqual(slow, []);
    for (const [name, { status }] of Object.entries(found)) assert.ok(status < 500 || status === 502, `${name}: ${status}`);
  }));
