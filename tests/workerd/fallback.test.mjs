// Nobody takes a customer: offers and workflows that run out of time, and the end of all patience. Workers of this Twilio have
// 5 s to take an invite, and the workflow gives up after 8.
import assert from "node:assert/strict";
import { test } from "node:test";

import { seed } from "../../standin/index.mjs";
import { inviteFields, T } from "./chats.mjs";
import { pause, until } from "./clock.mjs";
import { startEdge } from "./edge.mjs";
import { OPEN } from "./shared.mjs";

const IN_AN_HOUR = 3;

const edge = await startEdge({
  twilio: {
    connected: true,
    extend({ workspace }) {
      const workflow = workspace.workflows.get(seed.CHAT_TRANSFER_WORKFLOW_SID);
      workflow.reservationTimeout = 5;
      for (const { targets } of workflow.configuration.task_routing.filters) for (const target of targets) target.timeout = 8;
    },
  },
});
const { twilio } = edge;
const interaction = (it) => twilio.readInteraction(it.interactionSid);
const openInvites = (it) => interaction(it).invites.filter(({ assignment_status: status }) => OPEN.includes(status));

/** Alice has handed a customer's chat over to Bob, and is out of it. */
async function handedOver() {
  const chat = twilio.chat({ agent: "alice" });
  const it = { ...chat, a: "alice", b: "bob", aSid: seed.WORKERS.alice.sid, bSid: seed.WORKERS.bob.sid, taskAttributes: twilio.task(chat.taskSid).attributes };
  const { status, body } = await edge.post(T.invite, "alice", inviteFields(it, { cold: true }));
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(interaction(it).participants.every(({ type }) => type !== "agent"));
  return { ...it, invite: body.invitesTaskSid };
}

const last = (it) => interaction(it).invites.at(-1).taskSid;
/** The invite that was made because nobody took `lost`. */
const caught = (it, lost) => until(() => twilio.task(last(it)).attributes.fallbackFrom === lost && last(it), "the customer is caught");
/** What the log says of it. */
const stranded = () => edge.worker.lines.filter((line) => String(line).includes("stranded"));

test("an agent who does not answer leaves nobody alone", async () => {
  const it = await handedOver();
  const next = await caught(it, it.invite);
  const types = twilio.journal({ kind: "webhook", contains: it.invite }).entries.map(({ event }) => event);
  for (const type of ["reservation.timeout", "workflow.timeout", "task.canceled"]) assert.ok(types.includes(type), `${type}: ${types}`);
  assert.equal(twilio.task(it.invite).reservations[0].status, "timeout");
  assert.equal(twilio.task(next).attributes.transferTargetSid, undefined);
  assert.deepEqual(openInvites(it).map(({ taskSid }) => taskSid), [next]);
});

test("a conversation falls back three times an hour, and then the log says so", async () => {
  const [it, other] = [await handedOver(), await handedOver()];
  let lost = it.invite;
  for (let times = 0; times < IN_AN_HOUR; times += 1) {
    twilio.cancel(lost);
    lost = await caught(it, lost);
  }
  const before = stranded().length;
  twilio.cancel(lost);
  await until(() => stranded().length > before, "the log says that the customer is stranded");
  await twilio.settle({ contains: it.channelSid });
  await pause(30_000); // the gate's own watch finds nothing to do either
  assert.equal(stranded().length, before + 1);
  assert.deepEqual(openInvites(it), []);
  assert.equal(interaction(it).invites.length, 1 + IN_AN_HOUR);
  // Each conversation has turns of its own.
  await caught(other, other.invite);
});

test("every request was one that Twilio knows, every answer one that openapi.yaml describes", () => edge.assertValid());
