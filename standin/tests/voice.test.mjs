// Programmable Voice: calls, conferences, participants, numbers.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { account, alice, attributes, everyOperationOf, get, post, received, refusal, remove, seed, twilio, workerUrl } from "./stage.mjs";

describe("voice", () => {
  test("participants are added, fail, are kicked and transferred", async () => {
    const { conferenceSid, customerCallSid, callSid } = twilio.customerCall({ agent: "alice" });
    const at = `${account}/Conferences/${conferenceSid}/Participants`;
    const added = await post(`${at}.json`, {
      From: seed.CALLER_ID,
      To: "+15551239999",
      Label: "guest",
      EarlyMedia: "true",
      StatusCallback: workerUrl("/leg"),
      StatusCallbackEvent: ["ringing", "completed"],
    });
    assert.deepEqual([added.status, added.body.status, added.body.end_conference_on_exit], [201, "queued", false]);
    await twilio.settle();
    assert.equal((await get(`${at}/guest.json`)).body.status, "connected");
    assert.equal((await remove(`${at}/guest.json`)).status, 204);
    await twilio.settle();
    assert.deepEqual(
      received.map(({ fields }) => fields.CallStatus),
      ["ringing", "completed"],
    );
    assert.deepEqual(refusal(await post(`${at}.json`, { From: seed.CALLER_ID, To: "not a number" })), [400, 13223]);
    assert.deepEqual(
      refusal(await post(`${account}/Conferences/CF${"0".repeat(32)}/Participants.json`, { From: seed.CALLER_ID, To: "+15551239999" })),
      [404, 20404],
    );
    twilio.setPhone({ number: "+15551230000", answer: "busy" });
    await post(`${at}.json`, { From: seed.CALLER_ID, To: "+15551230000" });
    await twilio.settle();
    assert.equal(twilio.state().conferences[0].participants.length, 2);
    assert.equal(
      (await post(`${account}/Calls/${callSid}.json`, { Twiml: '<Response><Dial callerId="+15550009999">+15551230007</Dial></Response>' }))
        .status,
      200,
    );
    await twilio.settle();
    assert.equal((await get(`${account}/Calls.json`, { ParentCallSid: callSid })).body.calls[0].to, "+15551230007");
    assert.deepEqual(
      twilio.state().conferences[0].participants.map(({ callSid: sid }) => sid),
      [customerCallSid],
    );
    assert.equal((await post(`${account}/Calls/${customerCallSid}.json`, { Status: "completed" })).body.status, "completed");
    assert.deepEqual(refusal(await post(`${account}/Calls/${customerCallSid}.json`, { Status: "completed" })), [400, 21220]);
    assert.equal(twilio.state().conferences[0].status, "completed");
    const named = await post(`${account}/Conferences/My%20Room/Participants.json`, { From: seed.CALLER_ID, To: "client:bob" });
    assert.equal(named.status, 201);
  });

  test("a dialled call ends with its customer, or when nobody answers", async () => {
    const dial = async () => {
      const task = twilio.createTask({
        workflowSid: seed.OUTBOUND_WORKFLOW_SID,
        routingTarget: alice,
        channel: "voice",
        attributes: { direction: "outbound", outbound_to: "+15551230009", from: seed.CALLER_ID },
      });
      return twilio.accept(task.reservations[0].sid);
    };
    const call = await dial();
    assert.equal(attributes(call.taskSid).conference.sid, call.conferenceSid);
    twilio.hangup(call.customerCallSid);
    await twilio.settle();
    assert.equal(twilio.task(call.taskSid).assignment_status, "wrapping");
    twilio.setPhone({ number: "+15551230009", answer: "no-answer" });
    const silent = await dial();
    await twilio.settle();
    assert.deepEqual([silent.callStatus, twilio.task(silent.taskSid).assignment_status], ["no-answer", "wrapping"]);
  });

  test("a customer's call, read and ended", async () => {
    const { conferenceSid, callSid, customerCallSid } = twilio.customerCall({ agent: "alice" });
    const at = `${account}/Conferences/${conferenceSid}`;
    assert.equal((await get(`${at}.json`)).body.status, "in-progress");
    assert.equal((await post(`${at}/Participants/${customerCallSid}.json`, { Hold: "true" })).body.hold, true);
    assert.deepEqual(
      (await get(`${at}/Participants.json`, { Hold: "false" })).body.participants.map(({ call_sid: sid }) => sid),
      [callSid],
    );
    assert.equal((await post(`${at}.json`, { Status: "completed" })).body.status, "completed");
    await twilio.settle();
    assert.equal((await get(`${account}/Calls/${customerCallSid}.json`)).body.status, "completed");
  });

  test("numbers, lists and pages", async () => {
    assert.equal((await get(`${account}/IncomingPhoneNumbers.json`)).body.incoming_phone_numbers[0].phone_number, seed.CALLER_ID);
    assert.equal((await get(`${account}/OutgoingCallerIds.json`)).body.outgoing_caller_ids.length, 1);
    for (const name of ["a", "b", "c"]) twilio.joinConference({ name });
    const page = (await get(`${account}/Conferences.json`, { PageSize: "2", Status: "init" })).body;
    assert.match(page.next_page_uri, /^\/2010-04-01\//);
    assert.deepEqual(
      (await get(`/api${page.next_page_uri}`)).body.conferences.map(({ friendly_name: name }) => name),
      ["a"],
    );
  });
});

everyOperationOf("voice");
