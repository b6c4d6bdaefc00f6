// A clock of its own: everything that has a time has it from there.
import assert from "node:assert/strict";
import http from "node:http";
import { describe, test } from "node:test";
import { createClock } from "../clock.mjs";
import { seed, startTwilio } from "../index.mjs";
import { AUTHORIZATION, twilio, workspace } from "./stage.mjs";

const real = async (work) => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

describe("the clock", () => {
  test("is real time, when nothing else is said", () => {
    const before = Date.now();
    const now = twilio.clock.now();
    assert.ok(now >= before && now <= Date.now());
    assert.match(twilio.clock.setting, /^1@\d+$/);
  });

  test("goes on faster from its origin, and keeps dates that go back", () => {
    const origin = Date.now() - 1000;
    const clock = createClock({ timeScale: 100, timeOrigin: origin });
    const [before, now, after] = [Date.now(), clock.now(), Date.now()];
    assert.ok(now >= origin + (before - origin) * 100 && now <= origin + (after - origin) * 100, `${now - origin}`);
    assert.equal(clock.setting, `100@${origin}`);
  });

  test("waits the scaled time, and takes back what has not begun", async () => {
    const clock = createClock({ timeScale: 50 });
    assert.equal(await clock.later(0, () => 7), 7);
    const took = await real(() => clock.later(3000));
    assert.ok(took >= 58 && took < 1000, `${took}`);
    let ran = false;
    clock.later(500, () => (ran = true)).cancel();
    clock.later(500, () => (ran = true));
    clock.stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(ran, false);
    await assert.rejects(clock.later(0, () => assert.fail("told to whoever waits")));
  });

  test("dates, slow answers and the limits of webhooks all go by it", async () => {
    const silent = http.createServer(() => {});
    await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const fast = await startTwilio({ timeScale: 20, workerUrl: `http://127.0.0.1:${silent.address().port}` });
    try {
      fast.addFault({ contains: "Tasks", fault: "slow:6000" });
      const before = fast.clock.now();
      let task;
      const took = await real(async () => {
        const body = new URLSearchParams({ WorkflowSid: seed.OUTBOUND_WORKFLOW_SID, Attributes: "{}" });
        task = await (
          await fetch(`${fast.url}${workspace}/Tasks`, { method: "POST", headers: { Authorization: AUTHORIZATION }, body })
        ).json();
      });
      assert.ok(took >= 298 && took < 5000, `${took}`);
      assert.ok(Date.parse(task.date_created) >= before + 5000, "six virtual seconds have gone by");
      // Nobody answers the leg's request for TwiML: 15 virtual seconds, then the leg ends.
      const waited = await real(() => fast.internalCall({ from: "alice", to: "bob" }));
      assert.ok(waited >= 740 && waited < 10_000, `${waited}`);
      const [entry] = fast.journal({ kind: "webhook" }).entries;
      assert.equal(entry.error, "rt");
      assert.ok(Math.abs(Date.parse(entry.time) - fast.clock.now()) < 60_000);
    } finally {
      await fast.close();
      silent.closeAllConnections();
      silent.close();
    }
  });
});
