// A customer writes, is parked, writes again, and is caught when nobody takes them: in workerd, behind the answers.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as seed from "../../standin/accounts.mjs";
import { startEdge } from "./edge.mjs";

const edge = await startEdge();
const { twilio } = edge;
const CUSTOMER = "+15551112222";
const authorization = `Basic ${Buffer.from(`${seed.ACCOUNT_SID}:${seed.AUTH_TOKEN}`).toString("base64")}`;
const get = async (path) => (await fetch(twilio.url + path, { headers: { authorization } })).json();

/** Waits until the tasks of a conversation are as `is` wants them: the work goes on behind the answers. */
async function tasks(conversationSid, is) {
  for (let tries = 0; tries < 100; tries += 1) {
    await twilio.settle();
    const found = twilio.naming(conversationSid).tasks;
    if (is(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`the tasks are ${JSON.stringify(twilio.naming(conversationSid).tasks.map((task) => task.assignment_status))}`);
}

test("ten messages at once are one task; parked, it comes back; taken by nobody, it falls back", async () => {
  twilio.connect({ url: edge.url });
  const [{ conversationSid }] = Array.from({ length: 10 }, () => twilio.inbound({ from: CUSTOMER }));
  const [task] = await tasks(conversationSid, (all) => all.length > 0 && twilio.readConversation(conversationSid).webhooks === 0);
  assert.equal(twilio.naming(conversationSid).tasks.length, 1);

  const [{ sid: reservation, worker: agent }] = task.reservations;
  await twilio.accept(reservation);
  await twilio.settle();
  const { flexInteractionSid: interactionSid, flexInteractionChannelSid: channelSid } = task.attributes;
  const { participants } = await get(`/flex-api/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants`);
  const own = participants.find(({ type }) => type === "agent");
  const parked = await edge.post("/features/park-interaction/flex/park-interaction", agent, {
    channelSid,
    interactionSid,
    participantSid: own.sid,
    conversationSid,
    channelType: "sms",
    taskSid: task.sid,
    workflowSid: seed.INBOUND_WORKFLOW_SID,
    taskChannelUniqueName: "sms",
    queueName: "Everyone",
    queueSid: "WQ00000000000000000000000000000001",
    taskAttributes: "{}",
    workerSid: own.routing_properties.worker_sid,
    createUpdateSyncMapItem: "true",
  });
  assert.equal(parked.status, 200);
  const list = await edge.post("/parked/list", agent);
  assert.deepEqual(list.body.parked.map((entry) => entry.webhookSid), [parked.body.webhook.sid]);

  twilio.inbound({ from: CUSTOMER });
  const back = (all) => all.find((found) => found.attributes.parkId);
  const returned = back(await tasks(conversationSid, back));
  await tasks(conversationSid, () => twilio.readConversation(conversationSid).webhooks === 0);
  assert.deepEqual(twilio.readConversation(conversationSid).attributes, {});

  await twilio.cancel(returned.sid);
  const caught = (all) => all.find((found) => found.attributes.fallbackFrom === returned.sid);
  const all = await tasks(conversationSid, caught);
  assert.equal(all.length, 3);
  assert.ok((await edge.get("/health")).body.lastTaskRouterEvent);
  edge.assertValid();
});
