// What the doctor makes of workflows, without Twilio.
import assert from "node:assert/strict";
import { test } from "node:test";

import { freshConfiguration, mended, needsOf, problemOf, readConfiguration } from "../../dev/doctor/routing.mjs";

const QUEUES = ["Everyone", "Sales", `O'Neil's "own"`, "Line'1"].map((friendlyName, number) => ({
  sid: `WQ${String(number).padStart(32, "0")}`,
  friendlyName,
  targetWorkers: number === 0 ? "1==1" : "routing.skills HAS 'x'",
}));
const everyone = QUEUES[0].sid;
const needs = (kind, native = true) => needsOf(kind, { everyone, queues: QUEUES, native });
const problems = (configuration, kind) => needs(kind).filter((need) => need.filter !== null && problemOf(configuration, need, QUEUES));

test("what is made new is good, and what is good is not mended", () => {
  for (const kind of ["internalCall", "chatTransfer"]) {
    const fresh = freshConfiguration(needs(kind), everyone);
    assert.deepEqual(problems(fresh, kind), []);
    assert.deepEqual(mended(fresh, needs(kind), QUEUES), fresh);
  }
});

test("a queue whose name no expression can say has no filter, and the others do", () => {
  const [odd] = needs("chatTransfer").filter((need) => need.filter === null);
  assert.equal(odd.title, `a transfer to the queue O'Neil's "own"`);
  assert.ok(needs("chatTransfer").some(({ filter }) => filter?.expression.includes(`"Line'1"`)));
});

test("every one of our filters alone, and every pair, is put back where it helps", () => {
  for (const kind of ["internalCall", "chatTransfer"]) {
    const fresh = freshConfiguration(needs(kind), everyone);
    const { filters } = fresh.task_routing;
    for (const first of filters) {
      for (const second of filters) {
        const left = filters.filter((one) => one !== first && one !== second);
        for (const foreign of [[], [{ expression: "1==1", targets: [{ queue: everyone, priority: 9999 }] }]]) {
          const broken = { task_routing: { ...fresh.task_routing, filters: [...foreign, ...left] } };
          const again = mended(broken, needs(kind), QUEUES);
          assert.deepEqual(problems(again, kind), []);
          assert.ok(foreign.every((one) => again.task_routing.filters.includes(one)));
          assert.ok(again.task_routing.filters.length <= filters.length + foreign.length);
          assert.deepEqual(mended(again, needs(kind), QUEUES), again);
        }
      }
    }
  }
});

test("the ways that plugins' own guides write these filters are as good", () => {
  const filter = (expression, target) => ({ expression, targets: [{ queue: everyone, ...target }] });
  const transfers = (target) => [filter("transferTargetType == 'worker'", target)];
  const [toAgent] = needs("chatTransfer");
  for (const target of [{ known_worker_sid: "task.transferTargetSid" }, { expression: "task.transferTargetSid==worker.sid" }, { expression: "(worker.sid = task.transferTargetSid)" }]) {
    assert.equal(problemOf({ task_routing: { filters: transfers(target) } }, toAgent, QUEUES), null);
  }
  const call = needs("internalCall", false).at(-1);
  const everything = [filter("1==1", { expression: "task.targetWorker==worker.contact_uri", priority: "1000" })];
  assert.equal(problemOf({ task_routing: { filters: everything } }, call, QUEUES), null);
});

test("what cannot be understood is said, not guessed", () => {
  const [need] = needs("chatTransfer");
  const odd = { task_routing: { filters: [{ expression: "task.when ~ 'now'", targets: [{ queue: everyone }] }] } };
  assert.match(problemOf(odd, need, QUEUES), /is not understood/);
  assert.match(problemOf({}, need, QUEUES), /TaskRouter cancels it/);
  assert.match(problemOf({ task_routing: { filters: [{ expression: "1==1" }] } }, need, QUEUES), /has no target/);
  assert.match(problemOf({ task_routing: { default_filter: { queue: `WQ${"f".repeat(32)}` } } }, need, QUEUES), /a queue that does not exist/);
  for (const text of [null, "", "{", "null", "3"]) assert.equal(readConfiguration(text), null);
});
