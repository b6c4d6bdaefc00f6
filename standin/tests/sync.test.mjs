// Sync: maps and their items.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTwilio } from "../index.mjs";
import { ask, AUTHORIZATION, everyOperationOf, get, post, refusal, remove, seed } from "./stage.mjs";

const maps = `/sync/v1/Services/${seed.SYNC_SERVICE_SID}/Maps`;

describe("Sync", () => {
  test("maps by SID and unique name, items with revisions", async () => {
    const made = await post(maps, { UniqueName: "ParkedInteractions_WK1" });
    assert.deepEqual([made.status, made.body.date_expires], [201, null]);
    assert.deepEqual(refusal(await post(maps, { UniqueName: "ParkedInteractions_WK1" })), [409, 54301]);
    assert.equal((await get(`${maps}/ParkedInteractions_WK1`)).body.sid, made.body.sid);
    assert.equal((await get(maps)).body.maps.length, 1);
    const items = `${maps}/ParkedInteractions_WK1/Items`;
    const item = await post(items, { Key: "CH1", Data: '{"a":1}', Ttl: "0" });
    assert.deepEqual([item.status, item.body.data, item.body.date_expires], [201, { a: 1 }, null]);
    assert.deepEqual(refusal(await post(items, { Key: "CH1", Data: "{}" })), [409, 54208]);
    assert.deepEqual(refusal(await post(items, { Key: "CH2", Data: "[1]" })), [400, 20001]);
    assert.deepEqual(refusal(await post(items, { Key: "CH2", Data: JSON.stringify({ big: "x".repeat(17_000) }) })), [413, 54006]);
    assert.deepEqual(refusal(await post(`${items}/CH1`, { Data: "{}" }, { "If-Match": "9" })), [412, 54103]);
    const changed = await post(`${items}/CH1`, { Data: '{"a":2}', ItemTtl: "60" }, { "If-Match": item.body.revision });
    assert.deepEqual([changed.body.data, changed.body.date_expires !== null], [{ a: 2 }, true]);
    await post(items, { Key: "CH0", Data: "{}" });
    assert.deepEqual(
      (await get(items)).body.items.map(({ key }) => key),
      ["CH0", "CH1"],
    );
    assert.equal((await ask("DELETE", `${items}/CH1`, undefined, { "If-Match": item.body.revision })).status, 412);
    assert.equal((await remove(`${items}/CH1`)).status, 204);
    assert.deepEqual(refusal(await get(`${items}/CH1`)), [404, 20404]);
    assert.equal((await get(`${items}/CH0`)).status, 200);
    assert.equal((await remove(`${maps}/${made.body.sid}`)).status, 204);
    assert.equal((await get(items)).status, 404);
    assert.equal((await get(maps.replace(seed.SYNC_SERVICE_SID, `IS${"9".repeat(32)}`))).status, 404);
  });

  test("an item's time to live", async () => {
    const fast = await startTwilio({ timeScale: 1000 });
    try {
      const send = async (path, form) => {
        const body = form && new URLSearchParams(form);
        return (await fetch(fast.url + path, { method: form ? "POST" : "GET", headers: { Authorization: AUTHORIZATION }, body })).status;
      };
      await send(maps, { UniqueName: "m" });
      assert.equal(await send(`${maps}/m/Items`, { Key: "k", Data: "{}", Ttl: "300" }), 201);
      assert.equal(await send(`${maps}/m/Items/k`), 200);
      await fast.clock.later(301_000);
      assert.equal(await send(`${maps}/m/Items/k`), 404);
      assert.equal(await send(`${maps}/m/Items`, { Key: "k", Data: "{}" }), 201);
    } finally {
      await fast.close();
    }
  });
});

everyOperationOf("sync");
