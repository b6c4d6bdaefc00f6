// An internal call as the plugins make it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import twilioPackage from "twilio";
import { account, answer, answers, attributes, events, get, post, received, refusal, seed, twilio } from "./stage.mjs";

describe("an internal call", () => {
  test("from the dialpad to the last status callback", async () => {
    const call = await twilio.internalCall({ from: "alice", to: "bob" });
    await twilio.settle();
    assert.ok(received.every(({ signed }) => signed));
    assert.deepEqual(
      received.map(({ path }) => path),
      ["/voice/agent-outbound-join", "/voice/call-outbound-join"],
    );
    const [twiml, join] = received.map(({ fields }) => fields);
    assert.deepEqual(
      [twiml.To, twiml.From, twiml.CallStatus, twiml.Direction],
      ["client:alice", "client:alice", "in-progress", "outbound-api"],
    );
    assert.deepEqual(
      [join.StatusCallbackEvent, join.FriendlyName, join.CallSid, join.SequenceNumber, join.EndConferenceOnExit],
      ["participant-join", call.taskSid, call.callSid, "1", "true"],
    );
    assert.deepEqual(
      { ...attributes(call.taskSid) },
      {
        to: "client:bob",
        direction: "outbound",
        name: "Bob Baker",
        fromName: "Alice Archer",
        targetWorker: "client:alice",
        autoAnswer: "true",
        client_call: true,
        outbound_to: "client:bob",
        from: "client:alice",
        worker_call_sid: call.callSid,
      },
    );
    assert.equal((await get(`${account}/Calls/${call.callSid}.json`)).body.to, "client:alice");
    assert.equal(
      (await get(`${account}/Conferences.json`, { FriendlyName: call.taskSid, Status: "in-progress" })).body.conferences.length,
      0,
    );
    assert.equal(
      (await get(`${account}/Conferences.json`, { FriendlyName: call.taskSid, Status: "init" })).body.conferences[0].sid,
      call.conferenceSid,
    );

    const callee = twilio.createTask({
      workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
      channel: "voice",
      attributes: {
        client_call: true,
        targetWorker: "client:bob",
        from: "client:alice",
        conference: { sid: call.conferenceSid, friendlyName: call.taskSid },
      },
    });
    const accepted = await twilio.accept(callee.reservations[0].sid);
    await twilio.settle();
    assert.equal(accepted.conferenceSid, call.conferenceSid);
    assert.deepEqual(events(), ["participant-join", "participant-join", "conference-start"]);
    assert.equal((await get(`${account}/Conferences/${call.conferenceSid}.json`)).body.status, "in-progress");

    const at = `${account}/Conferences/${call.conferenceSid}/Participants`;
    assert.equal((await post(`${at}/${accepted.callSid}.json`, { Hold: "true", HoldUrl: "https://example.com/hold.mp3" })).body.hold, true);
    assert.equal(
      (await post(`${at}/${accepted.callSid}.json`, { Hold: "false", Muted: "true", EndConferenceOnExit: "false" })).body.muted,
      true,
    );
    assert.equal((await get(`${at}/${accepted.callSid}.json`)).body.end_conference_on_exit, false);
    assert.deepEqual(
      (await get(`${at}.json`, { Muted: "true" })).body.participants.map(({ call_sid: sid }) => sid),
      [accepted.callSid],
    );
    assert.deepEqual(
      refusal(await post(`${account}/Conferences/${call.taskSid}/Participants/${accepted.callSid}.json`, { Hold: "true" })),
      [404, 20404],
    );

    twilio.hangup(call.callSid);
    await twilio.settle();
    // Deliveries may overtake one another; SequenceNumber tells the order.
    const told = received
      .filter(({ fields }) => fields.SequenceNumber)
      .sort((a, b) => a.fields.SequenceNumber - b.fields.SequenceNumber)
      .map(({ fields }) => fields);
    assert.deepEqual(
      told.map(({ StatusCallbackEvent: event }) => event),
      [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-hold",
        "participant-mute",
        "participant-unhold",
        "participant-modify",
        "participant-leave",
        "participant-leave",
        "conference-end",
      ],
    );
    assert.deepEqual(
      [told.at(-1).ReasonConferenceEnded, told.at(-1).CallSidEndingConference],
      ["participant-with-end-conference-on-exit-left", call.callSid],
    );
    assert.equal((await get(`${account}/Calls/${accepted.callSid}.json`)).body.status, "completed");
    assert.equal((await get(`${at}.json`)).status, 404);
  });

  test("TwiML asked with GET, signed with the secondary token", async () => {
    twilio.setOptions({ callMethod: "GET", signWith: "secondary" });
    const { callSid, taskSid } = await twilio.internalCall({ from: "alice", to: "bob" });
    const [{ url, fields, signed, header }] = received;
    assert.deepEqual(
      [new URL(url).searchParams.get("taskSid"), new URL(url).searchParams.get("CallSid"), fields, signed],
      [taskSid, callSid, {}, false],
    );
    assert.ok(twilioPackage.validateRequest("secondary", header, url, {}));
  });

  test("queues, SIP agents and the plugins' dialects", async () => {
    answers["/features/internal-call/common/agent-outbound-join"] = answers["/voice/agent-outbound-join"];
    const queue = await twilio.internalCall({ from: "alice", queue: "Support", dialect: "T" });
    assert.deepEqual(
      [attributes(queue.taskSid).to, attributes(queue.taskSid).callToQueue, attributes(queue.taskSid).name],
      ["queue:Support", "Support", undefined],
    );
    const sip = await twilio.internalCall({ from: "carol", to: "bob", dialect: "T" });
    const { to, from } = (await get(`${account}/Calls/${sip.callSid}.json`)).body;
    assert.deepEqual([to, from], ["sip:carol@example.sip.twilio.com", seed.CALLER_ID]);
  });

  test("worker_call_sid may come late", async () => {
    const call = await twilio.internalCall({ from: "alice", to: "bob", workerCallSidDelayMs: 60 });
    assert.equal(attributes(call.taskSid).worker_call_sid, undefined);
    await twilio.settle();
    assert.equal(attributes(call.taskSid).worker_call_sid, call.callSid);
  });

  test("TwiML that cannot be played ends the leg", async () => {
    for (const answer of [
      "<Response><Dial>",
      "<Response><Dial><Conference/></Dial></Response>",
      { status: 403 },
      "<Response><Teleport/></Response>",
    ]) {
      answers["/voice/agent-outbound-join"] = () => answer;
      const { callStatus, conferenceSid } = await twilio.internalCall({ from: "alice", to: "bob" });
      assert.deepEqual([callStatus, conferenceSid], ["completed", null]);
    }
    assert.equal(twilio.journal({ kind: "alert" }).entries.length, 4);
  });

  test("Dial's action is asked when the conference is over", async () => {
    answers["/voice/agent-outbound-join"] = () => '<Response><Dial action="after"><Conference>room</Conference></Dial></Response>';
    answers["/voice/after"] = () => "<Response><Hangup/></Response>";
    const call = await twilio.internalCall({ from: "alice", to: "bob" });
    assert.equal(
      (await post(`${account}/Conferences/${call.conferenceSid}.json`, { Status: "completed" })).body.reason_conference_ended,
      "conference-ended-via-api",
    );
    await twilio.settle();
    assert.deepEqual(
      [received.at(-1).path, received.at(-1).fields.DialCallStatus, received.at(-1).signed],
      ["/voice/after", "completed", true],
    );
    assert.equal((await get(`${account}/Calls/${call.callSid}.json`)).body.status, "completed");
  });

  test("rejecting, each plugin's way", async () => {
    for (const [dialect, status] of [
      [undefined, "pending"],
      ["IL", "completed"],
      ["T", "reserved"],
    ]) {
      const {
        reservations: [{ sid }],
      } = twilio.createTask({
        workflowSid: seed.INTERNAL_CALL_WORKFLOW_SID,
        attributes: { client_call: true, targetWorker: "client:bob" },
      });
      assert.equal(twilio.reject(sid, { dialect }).assignmentStatus, status);
    }
  });
});
