// TwiML applications.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { account, everyOperationOf, get, post, remove, seed, twilio, workerUrl } from "./stage.mjs";

describe("applications", () => {
  const root = `${account}/Applications`;
  test("made, read, changed, listed, deleted", async () => {
    const made = await post(`${root}.json`, { FriendlyName: "Another", VoiceUrl: "https://example.com/voice" });
    assert.deepEqual(
      [made.status, made.body.voice_url, made.body.voice_method, made.body.sms_url],
      [201, "https://example.com/voice", "POST", null],
    );
    const at = `${root}/${made.body.sid}.json`;
    assert.equal((await post(at, { VoiceMethod: "GET", VoiceUrl: "" })).body.voice_url, null);
    assert.equal((await get(at)).body.voice_method, "GET");
    assert.equal((await get(`${root}.json`)).body.applications.length, 2);
    assert.deepEqual(
      (await get(`${root}.json`, { FriendlyName: "Another" })).body.applications.map(({ sid }) => sid),
      [made.body.sid],
    );
    assert.equal((await remove(at)).status, 204);
    assert.equal((await get(at)).status, 404);
  });

  test("the seed's leads to the Worker once it is connected", async () => {
    const url = async () => (await get(`${root}/${seed.INTERNAL_CALL_APP_SID}.json`)).body.voice_url;
    assert.equal(await url(), null);
    twilio.connect();
    assert.equal(await url(), workerUrl("/voice/internal-call"));
  });
});

everyOperationOf("applications");
