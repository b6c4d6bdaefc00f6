// Internal chats end to end: pins in local KV, the directory of 5,000 workers, opening, the clean-up by cron.
import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "./clock.mjs";
import { startEdge } from "./edge.mjs";
import { FAULTS } from "./faults.mjs";

const edge = await startEdge({ twilio: { workers: 5000 }, vars: { INTERNAL_CHAT_CLEANUP_CALLS: "60" } });
const MARKED = { internalChat: "internalChat" };
const DAY = 24 * 60 * 60 * 1000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();

const ask = (agent, path, fields) => edge.post(`/internal-chat/${path}`, agent, fields);
const pinsOf = async (agent) => (await ask(agent, "list-pins")).body.pins;
const room = (sid) => edge.twilio.readConversation(sid);
const listings = () => edge.twilio.journal({ kind: "request", operationId: "ListWorker" }).entries.length;

test("pins hammered from 20 clients at once: nothing lost", async () => {
  const names = Array.from({ length: 100 }, (_, number) => `alice+mate${String(number).padStart(3, "0")}`);
  const clients = Array.from({ length: 20 }, (_, client) => names.filter((_, number) => number % 20 === client));
  await Promise.all(
    clients.map(async (own) => {
      for (const name of own) assert.equal((await ask("alice", "pin", { conversation: name })).status, 200);
    }),
  );
  assert.deepEqual((await pinsOf("alice")).toSorted(), names);
  const full = await ask("alice", "pin", { conversation: "alice+one-more" });
  assert.deepEqual([full.status, full.body.limit], [422, 100]);
  // Half of the clients unpin what is theirs, the others pin the same again.
  await Promise.all(
    clients.map(async (own, client) => {
      for (const name of own) await ask("alice", client % 2 ? "unpin" : "pin", { conversation: name });
    }),
  );
  assert.deepEqual((await pinsOf("alice")).toSorted(), names.filter((_, number) => number % 2 === 0));
});

test("names of every kind, in their order, in real KV", async () => {
  const others = ["%2B+x", "100%", "名前 👋", '"q\\', "a/b?c#d e", "ü".repeat(200), "👋".repeat(200), "x".repeat(200)];
  const names = others.map((other) => ["bob", other].sort().join("+"));
  for (const name of names) assert.equal((await ask("bob", "pin", { conversation: name })).status, 200, name);
  assert.deepEqual(await pinsOf("bob"), names);
  for (const name of names) assert.equal((await ask("bob", "unpin", { conversation: name })).status, 200);
  assert.deepEqual(await pinsOf("bob"), []);
  assert.equal((await ask("bob", "pin", { conversation: `bob+${"x".repeat(2000)}` })).status, 400);
  assert.equal((await ask("bob", "pin", { conversation: "alice+carol" })).status, 403);
});

test("what a browser has kept moves in, the agent's own only", async () => {
  const conversations = JSON.stringify(["erin+frank", "alice+bob", "dave+erin", "erin+frank"]);
  const { body } = await ask("erin", "pin", { conversations });
  assert.deepEqual(body, { success: true, pins: ["erin+frank", "dave+erin"], skipped: ["alice+bob"] });
  assert.deepEqual(await pinsOf("erin"), ["erin+frank", "dave+erin"]);
});

test("the directory's pages are all 5,000 workers once, and typing costs Twilio nothing", async () => {
  const before = listings();
  // Twenty agents open their directories at once: one reads, the others wait for it.
  const first = await Promise.all(Array.from({ length: 20 }, () => ask("alice", "list-agents", { limit: 1 })));
  assert.equal(new Set(first.map(({ body }) => body.nextCursor)).size, 1);
  const seen = [];
  let cursor;
  do {
    const { status, body } = await ask("alice", "list-agents", { limit: 170, cursor });
    assert.equal(status, 200);
    seen.push(...body.agents);
    cursor = body.nextCursor ?? undefined;
  } while (cursor);
  assert.equal(seen.length, 5000);
  assert.equal(new Set(seen.map(({ workerSid }) => workerSid)).size, 5000);
  assert.ok(seen.some(({ contactUri }) => contactUri === null) && seen.every(({ name }) => name));
  assert.equal(listings() - before, 10);
  for (const text of ["a", "al", "ali", "alic", "alice"]) await ask("bob", "list-agents", { search: text });
  const find = async (search) => (await ask("bob", "list-agents", { search })).body.agents;
  assert.deepEqual(await find("ALICE ARCH"), [
    {
      workerSid: edge.twilio.seed.WORKERS.alice.sid,
      name: "Alice Archer",
      contactUri: "client:alice",
      image: "https://example.com/alice.png",
      email: "alice@example.com",
      activity: "Available",
      available: true,
    },
  ]);
  assert.deepEqual(await find("agent00042@"), seen.filter(({ email }) => email === "agent00042@example.com"));
  assert.ok((await find("o'brien")).length > 0 && (await find('d"arc')).length > 0 && (await find("chloé")).length > 0);
  for (const hostile of ['" OR 1==1 OR "', "' OR '1'=='1", "\\", ")", "friendly_name CONTAINS", "\u001e\u001f"])
    assert.deepEqual(await find(hostile), [], hostile);
  assert.equal(listings() - before, 10, "searched in memory");
});

test("opening in workerd: the chat that the plugin looks for", async () => {
  const [one, two] = await Promise.all([ask("alice", "open", { participant: "bob" }), ask("bob", "open", { participant: "alice" })]);
  assert.deepEqual([one.status, one.body], [200, two.body]);
  const found = await room("alice+bob");
  assert.equal(found.sid, one.body.conversationSid);
  assert.deepEqual(found.attributes, MARKED);
  assert.equal(found.friendlyName, "internal-chat");
  assert.deepEqual(found.participants.map(({ identity }) => identity).sort(), ["alice", "bob"]);
  for (const participant of ["nobody", "alice", "grace", "carol", 'x" OR 1==1 OR "', "a+b", undefined]) {
    const { status, body } = await ask("alice", "open", { participant });
    assert.deepEqual([status, body.field], [400, "participant"], participant);
  }
});

const tick = async () => assert.equal((await fetch(`${edge.url}/cdn-cgi/local/scheduled`)).status, 200);
const reports = () => edge.worker.lines.filter((line) => line.includes('"route":"cron"')).map((line) => JSON.parse(line.slice(line.indexOf("{"))));
async function run() {
  const before = reports().length;
  await tick();
  await until(() => reports().length > before, "the run's line in the log");
  return reports().at(-1);
}
// Runs until a whole round has found nothing to close.
async function rounds(most = 60) {
  for (let turn = 0, closed = 0; turn < most; turn += 1) {
    const { internalChats: report } = await run();
    closed += report.closed;
    if (report.complete && closed === 0 && report.failed === 0) return;
    if (report.complete) closed = 0;
  }
  assert.fail("the clean-up does not come to an end");
}

function oldChat(one, other, more = {}) {
  const uniqueName = [one, other].sort().join("+");
  const dates = { created: ago(90), updated: ago(60), lastMessage: ago(45) };
  return edge.twilio.conversation({ uniqueName, friendlyName: "internal-chat", attributes: MARKED, identities: [one, other], ...dates, ...more }).conversationSid;
}

// What the clean-up must not touch, mixed with what it must close.
async function crowd(tag, idle) {
  const keep = [];
  const close = [];
  for (let number = 0; number < idle; number += 1) close.push(oldChat(`${tag}x${number}`, `${tag}y${number}`));
  keep.push(oldChat(`${tag}f1`, `${tag}f2`, { updated: ago(3) })); // changed lately
  keep.push(oldChat(`${tag}g1`, `${tag}g2`, { lastMessage: ago(2) })); // written in lately
  keep.push(oldChat(`${tag}h1`, `${tag}h2`, { attributes: {} })); // not marked
  keep.push(oldChat(`${tag}i1`, `${tag}i2`, { addresses: [`+1555${tag.length}${Math.random().toString().slice(2, 8)}`] })); // a customer in it
  keep.push(oldChat(`${tag}j1`, `${tag}j2`, { identities: [`${tag}j1`, `${tag}j2`, "visitor"] })); // a third one in it
  keep.push(oldChat(`${tag}k1`, `${tag}k2`, { uniqueName: `${tag}-no-pair` }));
  keep.push(edge.twilio.chat({ agent: "bob", conversationAttributes: MARKED }).conversationSid);
  for (const who of ["p", "q"]) {
    edge.twilio.addWorker({ name: `${tag}${who}1` });
    const pinned = oldChat(`${tag}${who}1`, `${tag}${who}2`);
    assert.equal((await ask(`${tag}${who}1`, "pin", { conversation: room(pinned).uniqueName })).status, 200);
    keep.push(pinned);
  }
  const before = JSON.stringify(keep.map(room));
  const untouched = () => assert.equal(JSON.stringify(keep.map(room)), before, "kept ones changed");
  return { close, untouched };
}

test("the clean-up closes what is idle, in batches, and nothing else", async () => {
  const { close, untouched } = await crowd("batch", 130);
  close.push(oldChat("restx", "resty", { state: "inactive" }));
  let most = 0;
  for (let turn = 0; close.some((sid) => room(sid).state !== "closed"); turn += 1) {
    const { twilioCalls } = await run();
    most = Math.max(most, twilioCalls);
    assert.ok(turn < 15, "too many runs");
  }
  assert.ok(most > 40 && most <= 60, `${most} calls`);
  await rounds();
  untouched();
  // The name is free: the plugin, or the Worker, makes a new chat.
  for (const agent of ["batchx0", "batchy0"]) edge.twilio.addWorker({ name: agent });
  const { body } = await ask("batchx0", "open", { participant: "batchy0" });
  assert.equal(body.created, true);
  assert.equal(room(close[0]).uniqueName, `closed-${close[0]}`);
});

test("two runs at once do each chat once", async () => {
  const { close, untouched } = await crowd("twice", 10);
  const since = edge.twilio.journal({}).entries.at(-1).seq;
  for (let turn = 0; turn < 4; turn += 1) await Promise.all([tick(), tick(), tick()]);
  await rounds();
  for (const sid of close) assert.equal(room(sid).state, "closed");
  const updates = edge.twilio.journal({ kind: "request", operationId: "UpdateConversation", since }).entries;
  assert.equal(updates.length, close.length);
  assert.ok(reports().some(({ internalChats }) => internalChats.busy), "none was turned away");
  untouched();
});

test("a failing run loses nothing and the next one goes on", async (t) => {
  const isSlow = (fault) => String(fault).startsWith("no-answer");
  const cases = ["ListConversationMessage", "ListConversationParticipant", "UpdateConversation"].flatMap((operationId) =>
    FAULTS.flatMap((fault) => (isSlow(fault) ? [1] : [1, 3]).map((times) => ({ operationId, fault, times, retryAfter: 1 }))),
  );
  const { close, untouched } = await crowd("fault", cases.length);
  const rules = cases.map((rule, at) => edge.twilio.addFault({ ...rule, contains: close[at] }));
  const listing = [...FAULTS];
  for (let turn = 0; turn < 200 && close.some((sid) => room(sid).state !== "closed"); turn += 1) {
    const fault = listing.pop();
    if (fault) edge.twilio.addFault({ operationId: "ListConversation", fault, retryAfter: 1, times: isSlow(fault) ? 1 : 1 + (turn % 2) * 2 });
    await run();
    untouched();
  }
  for (const sid of close) assert.equal(room(sid).state, "closed");
  assert.deepEqual(rules.filter(({ applied }) => applied === 0), []);
  assert.ok(cases.length + FAULTS.length >= 74);
  t.diagnostic(`the clean-up's part of the fault matrix: ${cases.length + FAULTS.length} cases`);
  edge.twilio.removeFault();
  await rounds();
  untouched();
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
