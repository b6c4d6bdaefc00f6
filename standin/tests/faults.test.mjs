// Faults on demand, and how often webhooks are delivered.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTwilio } from "../index.mjs";
import {
  alice,
  answer,
  answers,
  AUTHORIZATION,
  bob,
  conference,
  events,
  get,
  post,
  received,
  seed,
  twilio,
  workerUrl,
  workspace,
} from "./stage.mjs";

describe("faults and deliveries", () => {
  const path = () => `${workspace}/Tasks`;
  const create = (value) =>
    post(path(), { WorkflowSid: seed.OUTBOUND_WORKFLOW_SID, Attributes: JSON.stringify({ value }), RoutingTarget: alice });
  const made = (value) => twilio.state().tasks.filter((task) => task.attributes.value === value).length;

  test("statuses, once, from the nth on, and only where they belong", async () => {
    twilio.addFault({ operationId: "CreateTask", contains: '"value":"x"', fault: 503, retryAfter: 2 });
    twilio.addFault({ operationId: "CreateTask", contains: '"value":"y"', fault: 429, nth: 2, times: 0 });
    const [y1, x1, x2, y2, y3] = [await create("y"), await create("x"), await create("x"), await create("y"), await create("y")];
    assert.deepEqual([x1.status, x1.retryAfter, x1.body.code, x2.status], [503, "2", 20503, 201]);
    assert.deepEqual([y1.status, y2.status, y3.status], [201, 429, 429]);
    assert.deepEqual([made("x"), made("y")], [1, 1]);
    assert.equal(twilio.journal({ contains: '"value":"x"' }).entries[0].fault, "503");
    twilio.removeFault();
    assert.equal((await create("y")).status, 201);
  });

  test("lost before and after, no answer, slow", async () => {
    for (const [fault, effects] of [
      ["lost-before", 0],
      ["lost-after", 1],
    ]) {
      twilio.addFault({ contains: fault, fault });
      await assert.rejects(create(fault));
      assert.equal(made(fault), effects);
    }
    twilio.addFault({ contains: "no-answer", fault: "no-answer" });
    await assert.rejects(
      fetch(`${twilio.url}${path()}?x=no-answer`, { headers: { Authorization: AUTHORIZATION }, signal: AbortSignal.timeout(50) }),
    );
    twilio.addFault({ contains: "slow", fault: "slow:80" });
    const started = performance.now();
    assert.equal((await create("slow")).status, 201);
    assert.ok(performance.now() - started >= 75);
    assert.throws(() => twilio.addFault({ fault: "explode" }), /fault/);
  });

  test("latency counts round trips", async () => {
    twilio.setOptions({ latencyMs: 40 });
    const started = performance.now();
    await Promise.all([get(path()), get(path())]);
    await get(path());
    assert.ok(performance.now() - started >= 78 && performance.now() - started < 400);
  });

  test("webhooks once more on 5xx when the URL asks for it, and twice when told to", async () => {
    answers["/voice/agent-outbound-join"] = (_, url) =>
      conference(url.searchParams.get("taskSid"), 'statusCallback="call-outbound-join#rc=2&amp;rp=5xx" statusCallbackEvent="join end"');
    answers["/voice/call-outbound-join"] = () => ({ status: 500 });
    await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    const tries = received.filter(({ path: where }) => where === "/voice/call-outbound-join");
    assert.equal(tries.length, 3);
    assert.equal(new Set(tries.map(({ token }) => token)).size, 1);
    assert.ok(tries.every(({ signed, url }) => signed && !url.includes("#")));

    received.splice(0);
    answer({ "/voice/call-outbound-join": () => ({ status: 500 }) });
    await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    assert.equal(events().length, 1);

    for (const mode of ["twice", "simultaneous"]) {
      received.splice(0);
      twilio.webhookMode({ mode, contains: "participant-join" });
      await twilio.internalCall({ from: "alice", to: "bob" });
      await twilio.settle();
      assert.deepEqual(events(), ["participant-join", "participant-join"]);
      assert.equal(new Set(received.slice(1).map(({ token }) => token)).size, 1);
    }
  });

  test("an answer that takes too long is asked for again when the URL says so", async () => {
    answers["/voice/agent-outbound-join"] = () => ({ late: true });
    const base = workerUrl("/voice");
    const {
      reservations: [{ sid }],
    } = twilio.createTask({ workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, attributes: { client_call: true, targetWorker: "client:bob" } });
    const path = (await get(`${workspace}/Workers/${bob}/Reservations`)).body.reservations.find((reservation) => reservation.sid === sid);
    const at = `${workspace}/Tasks/${path.task_sid}/Reservations/${sid}`;
    assert.equal(
      (
        await post(at, {
          Instruction: "call",
          CallFrom: "client:alice",
          CallAccept: "true",
          CallUrl: `${base}/agent-outbound-join#rt=100&rc=1&rp=rt`,
        })
      ).body.reservation_status,
      "pending",
    );
    await twilio.settle();
    assert.deepEqual(
      twilio.journal({ kind: "webhook" }).entries.map(({ error }) => error),
      ["rt", "rt"],
    );
  });

  test("never, and held back until they are wanted, in any order", async () => {
    twilio.webhookMode({ mode: "never", contains: "never-honoured" });
    twilio.webhookMode({ mode: "held", contains: "participant-" });
    const calls = [await twilio.internalCall({ from: "alice", to: "bob" }), await twilio.internalCall({ from: "carol", to: "bob" })];
    await twilio.settle();
    assert.deepEqual(events(), []);
    assert.equal((await twilio.releaseWebhooks({ contains: "participant-join", reverse: true })).released, 2);
    const joined = received.filter(({ fields }) => fields.StatusCallbackEvent).map(({ fields }) => fields.CallSid);
    assert.deepEqual(joined, [calls[1].callSid, calls[0].callSid]);
    assert.equal((await twilio.releaseWebhooks()).released, 0);
    assert.throws(() => twilio.webhookMode({ mode: "often" }), /mode/);
  });

  test("all tries together have 15 s, a conversation's webhook 5", async () => {
    const fast = await startTwilio({ timeScale: 20, workerUrl: workerUrl() });
    try {
      answers["/voice/agent-outbound-join"] = () => ({ late: true });
      const real = async (work) => {
        const started = performance.now();
        await work();
        return (performance.now() - started) * 20;
      };
      const base = `${workerUrl("/voice")}`;
      const url = `${base}/agent-outbound-join#rt=6000&rc=5&rp=rt`;
      const {
        reservations: [{ sid }],
      } = fast.createTask({ workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID, attributes: { client_call: true, targetWorker: "client:bob" } });
      const path = `${fast.url}/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}/Workers/${bob}/Reservations/${sid}`;
      const body = new URLSearchParams({ Instruction: "call", CallFrom: "client:alice", CallUrl: url });
      const took = await real(async () => {
        await fetch(path, { method: "POST", headers: { Authorization: AUTHORIZATION }, body });
        await fast.settle();
      });
      assert.ok(took >= 14_500 && took < 40_000, `${took}`);
      assert.equal(fast.journal({ kind: "webhook" }).entries.length, 3, "6 + 6 + 3 s");
      const chat = fast.chat({ agent: "alice" });
      answers["/hook"] = () => ({ late: true });
      const hook = { Target: "webhook", "Configuration.Url": workerUrl("/hook"), "Configuration.Filters": "onMessageAdded" };
      const at = `${fast.url}/conversations/v1/Conversations/${chat.conversationSid}/Webhooks`;
      await fetch(at, { method: "POST", headers: { Authorization: AUTHORIZATION }, body: new URLSearchParams(hook) });
      const spent = await real(async () => {
        fast.message({ conversationSid: chat.conversationSid });
        await fast.settle();
      });
      assert.ok(spent >= 4_800 && spent < 14_000, `${spent}`);
    } finally {
      await fast.close();
    }
  });

  test("a connection that fails is tried once more", async () => {
    const { callStatus } = await twilio.internalCall({ from: "alice", to: "bob", base: "http://127.0.0.1:1/voice" });
    assert.equal(callStatus, "completed");
    assert.deepEqual(
      twilio.journal({ kind: "webhook" }).entries.map(({ error, attempt }) => [error, attempt]),
      [
        ["ct", 1],
        ["ct", 2],
      ],
    );
  });
});
