// The wire of Flex UI without a browser: frames, events, rights.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createFlexUi } from "../flexui/index.mjs";
import { seed, startTwilio } from "../index.mjs";

const wait = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms));
const W = `Workspaces/${seed.WORKSPACE_SID}`;
const { alice, bob } = seed.WORKERS;

class Socket extends EventEmitter {
  readyState = 1;
  frames = [];
  send(frame) {
    this.frames.push(frame);
  }
  close(code) {
    this.code = code;
    this.readyState = 3;
    this.emit("close");
  }
}

describe("the wire of Flex UI", () => {
  let twilio, inside, flexUi, opened;

  beforeEach(async () => {
    twilio = await startTwilio({ extend: (parts) => (inside = parts) });
    flexUi = createFlexUi(inside, { handleUpgrade: (request, socket, head, use) => use(opened) });
  });
  afterEach(async () => {
    flexUi.close();
    await twilio.close();
  });

  function socket(host, path) {
    opened = new Socket();
    flexUi.upgrade({}, null, null, { host: `${host}.twilio.com`, path });
    return opened;
  }

  /** One request over the bridge: `{status, payload}`. */
  function ask(token, method, url, params) {
    let answer;
    const response = { writeHead: (status) => (answer = { status }), end: (body) => Object.assign(answer, JSON.parse(body)) };
    const text = JSON.stringify({ token, method, url, params });
    flexUi.request({ method: "POST", headers: {} }, response, { host: "event-bridge.twilio.com", path: "/v1/wschannels", text });
    return answer;
  }

  const events = ({ frames }) => frames.filter((frame) => frame.trim()).map((frame) => JSON.parse(frame));

  /** Twilsock's frames, as the SDKs read and write them. */
  const frame = (header, body = "") => {
    const head = JSON.stringify({ ...header, payload_size: body.length });
    return Buffer.from(`TWILSOCK V3.0 ${head.length}\r\n${head}\r\n${body}`);
  };
  function read(buffer) {
    const text = buffer.toString();
    const [, length] = /^TWILSOCK V3\.0 (\d+)\r\n/.exec(text);
    const start = text.indexOf("\r\n") + 2;
    const header = JSON.parse(text.slice(start, start + Number(length)));
    const body = text.slice(start + Number(length) + 2);
    return { header, body: body && JSON.parse(body) };
  }
  let serial = 0;
  function sdk(token) {
    const made = socket("tsock.us1", "/v3/wsconnect");
    const reply = (id) => made.frames.map(read).find(({ header }) => header.method === "reply" && header.id === id);
    made.emit("message", frame({ method: "init", id: "TMinit", token, registrations: [] }));
    made.notices = () => made.frames.map(read).filter(({ header }) => header.method === "notification");
    made.ready = reply("TMinit").header.status.code;
    made.ask = async (method, host, path, body) => {
      const id = `TM${(serial += 1)}`;
      made.emit("message", frame({ method: "message", id, http_request: { host: `${host}.us1.twilio.com`, path, method } }, body && JSON.stringify(body)));
      await wait(5);
      const { header, body: answer } = reply(id);
      return { status: header.http_status.code, body: answer };
    };
    return made;
  }

  test("a worker is told of their reservation from the offer to the end, and nobody else is", async () => {
    const [own, other] = [socket("event-bridge", "/v1/wschannels?token=a.flex.token.of.alice"), socket("event-bridge", "/v1/wschannels?token=a.flex.token.of.bob")];
    const task = inside.tasks.create({ workflowSid: seed.INBOUND_WORKFLOW_SID, routingTarget: alice.sid, channel: "chat", attributes: '{"a":1}' });
    inside.tasks.route(task);
    await wait();
    const [{ sid }] = task.reservations;
    const at = `${W}/Workers/${alice.sid}/Reservations/${sid}`;
    assert.equal(ask("a.flex.token.of.alice", "POST", at, { ReservationStatus: "accepted" }).payload.reservation_status, "accepted");
    await wait();
    ask("a.flex.token.of.alice", "POST", `${W}/Tasks/${task.sid}`, { Attributes: { b: 2 } });
    await wait();
    ask("a.flex.token.of.alice", "POST", at, { ReservationStatus: "wrapping" });
    await wait();
    ask("a.flex.token.of.alice", "POST", at, { ReservationStatus: "completed" });
    await wait();
    const told = events(own);
    assert.deepEqual(
      told.map(({ event_type: type }) => type),
      ["init", "reservation.created", "reservation.accepted", "task.updated", "reservation.wrapup", "reservation.completed"],
    );
    assert.equal(told[1].payload.task.attributes, '{"a":1}');
    assert.equal(typeof told[1].payload.date_created, "number");
    assert.equal(told[3].payload.attributes, '{"b":2}');
    assert.deepEqual(events(other).map(({ event_type: type }) => type), ["init"]);
  });

  test("nobody acts for another, and a stranger not at all", () => {
    const task = inside.tasks.create({ workflowSid: seed.INBOUND_WORKFLOW_SID, routingTarget: alice.sid, channel: "chat" });
    inside.tasks.route(task);
    const [{ sid }] = task.reservations;
    const at = `${W}/Workers/${alice.sid}/Reservations/${sid}`;
    assert.equal(ask("a.flex.token.of.bob", "POST", at, { ReservationStatus: "accepted" }).status, 403);
    assert.equal(ask("a.flex.token.of.bob", "POST", `${W}/Tasks/${task.sid}`, { Attributes: {} }).status, 403);
    assert.equal(ask("a.flex.token.of.bob", "POST", `${W}/Workers/${alice.sid}`, { ActivitySid: seed.ACTIVITIES.Break.sid }).status, 403);
    assert.equal(ask("a.flex.token.of.bob", "POST", `${W}/Tasks`, { RoutingTarget: alice.sid, WorkflowSid: seed.OUTBOUND_WORKFLOW_SID }).status, 403);
    assert.equal(ask("nobody's", "GET", `${W}/Activities`).status, 403);
    assert.equal(socket("event-bridge", "/v1/wschannels?token=nobodys").code, 4401);
    assert.equal(task.reservations[0].status, "pending");
  });

  test("what is not known is 404, and noted", () => {
    assert.equal(ask("a.flex.token.of.alice", "GET", `${W}/Nothing`).status, 404);
    assert.deepEqual(flexUi.unanswered, [`event bridge GET ${W}/Nothing`]);
  });

  test("a transfer is told in events, and not in the answers to changes of its reservation", async () => {
    const call = twilio.customerCall({ agent: "alice" });
    const [from, to] = [socket("event-bridge", "/v1/wschannels?token=a.flex.token.of.alice"), socket("event-bridge", "/v1/wschannels?token=a.flex.token.of.bob")];
    const started = ask("a.flex.token.of.alice", "POST", `${W}/Workers/${alice.sid}/Transfers`, {
      TaskSid: call.taskSid,
      ReservationSid: call.reservationSid,
      To: bob.sid,
      Mode: "WARM",
    });
    assert.equal(started.payload.transfer_status, "initiated");
    await wait();
    const offer = events(to).find(({ event_type: type }) => type === "reservation.created").payload;
    assert.equal(offer.task_transfer.initiating_worker_sid, alice.sid);
    const refused = ask("a.flex.token.of.bob", "POST", `${W}/Workers/${bob.sid}/Reservations/${offer.sid}`, { ReservationStatus: "rejected" });
    assert.equal(refused.payload.task_transfer, undefined);
    await wait();
    const types = events(from).map(({ event_type: type }) => type);
    assert.ok(types.includes("task.transfer-initiated") && types.includes("task.transfer-failed"), types.join());
    const participants = ask("a.flex.token.of.alice", "GET", `v1/Interactions/KD${call.taskSid.slice(2)}/Channels/UO${call.taskSid.slice(2)}/Participants`).payload;
    assert.deepEqual(participants.participants.map(({ type, media_properties: { Hold } }) => [type, ...Hold]).sort(), [["agent", "false"], ["customer", "false"]]);
  });

  test("two agents' SDKs see one conversation; what was missed is replayed; strangers see nothing of it", async () => {
    const [one, two, third] = [sdk("a.flex.token.of.alice"), sdk("a.flex.token.of.bob"), sdk("a.flex.token.of.dave")];
    assert.equal(sdk("nobody's").ready, 401);
    const made = await one.ask("POST", "aim", "/Client/v2/Conversations", { unique_name: "alice+bob", friendly_name: "Alice and Bob" });
    assert.equal(made.status, 201);
    const { sid } = made.body;
    const members = `/Client/v2/Conversations/${sid}/Participants`;
    assert.deepEqual([(await one.ask("POST", "aim", members, { identity: "alice" })).status, (await one.ask("POST", "aim", members, { identity: "bob" })).status], [201, 201]);
    assert.deepEqual((await two.ask("GET", "aim", "/Client/v2/my")).body.conversations.map((found) => found.sid), [sid]);
    const list = await two.ask("GET", "cds", `/v3/Lists/${sid}.messages`);
    await one.ask("POST", "aim", `/Client/v2/Conversations/${sid}/Messages`, { body: "hello" });
    assert.equal((await third.ask("POST", "aim", `/Client/v2/Conversations/${sid}/Messages`, { body: "me too" })).status, 403);
    const subscribe = (since) => ({
      action: "establish",
      correlation_id: 1,
      requests: [{ object_sid: list.body.sid, object_type: "list", last_event_id: since }],
    });
    await two.ask("POST", "cds", "/v4/Subscriptions", subscribe(list.body.last_event_id));
    await wait();
    const added = () => two.notices().filter(({ body }) => body.event_type === "list_item_added").map(({ body }) => body.events[0].item_data.text);
    assert.deepEqual(added(), ["hello"], "written before the subscription stood");
    await one.ask("POST", "aim", `/Client/v2/Conversations/${sid}/Messages`, { body: "again" });
    await wait();
    assert.deepEqual(added(), ["hello", "again"]);
    await one.ask("POST", "aim", "/Client/v2/typing", { ChannelSid: sid });
    assert.ok(two.notices().some(({ header, body }) => header.message_type === "twilio.ipmsg.typing_indicator" && body.identity === "alice"));
    const unread = await two.ask("POST", "aim", `/Client/v2/my/${sid}`, { last_read_message_index: 0 });
    assert.equal(unread.body.unread_messages_count, 1);
  });

  test("a browser's telephone rings, answers and is hung up", async () => {
    const telephone = socket("voice-js.roaming", "/signal");
    const say = (type, payload) => telephone.emit("message", JSON.stringify({ type, payload }));
    const heard = (name) => events(telephone).find(({ type }) => type === name);
    say("listen", { token: "a.flex.token.of.alice" });
    say("register", {});
    assert.ok(heard("ready"));
    const leg = inside.calls.create({ to: "client:alice", from: seed.CALLER_ID });
    const rung = inside.calls.ring(leg);
    await wait(5);
    assert.equal(heard("invite").payload.parameters.CallSid, leg.sid);
    assert.equal(leg.status, "ringing");
    say("answer", { callsid: leg.sid });
    assert.equal(await rung, true);
    inside.calls.hangup(leg);
    await wait(5);
    assert.equal(heard("hangup").payload.callsid, leg.sid);
    assert.equal(await inside.calls.ring(inside.calls.create({ to: "client:bob", from: seed.CALLER_ID })), false, "nobody sits there");
  });
});
