// Calls that Flex runs by itself: what the local Twilio must know before any plugin is tried.
import { accept, hand, reject, task } from "../screen.mjs";
import { until } from "../stage.mjs";

export const scenes = {
  async "a customer calls in, is held, talks again, is hung up"({ sit, people, inside, assert }) {
    const alice = await sit("alice");
    const call = people.call({ number: "+15551230077", name: "Carol Caller", agent: "alice" });
    await accept(alice, "Carol Caller");
    await until(() => people.callStatus(call).talking, "the conversation");
    await alice.getByTestId("hold-participant").click();
    await until(() => people.callStatus(call).onHold, "the hold");
    await alice.getByText("On Hold").waitFor();
    await alice.getByTestId("hold-participant").click();
    await until(() => !people.callStatus(call).onHold, "the end of the hold");
    await alice.getByTestId("hangup-footer").click();
    await until(() => people.callStatus(call).status === "completed", "the end of the call");
    assert.equal(inside.tasks.find(call.taskSid).status, "wrapping");
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await until(() => inside.tasks.find(call.taskSid).status === "completed", "completion");
  },

  async "a customer hangs up while it rings: the offer goes away"({ sit, people, inside }) {
    const alice = await sit("alice");
    const call = people.call({ name: "Carol Caller", agent: "alice" });
    const item = await task(alice, "Carol Caller");
    people.hangUp(call);
    await item.waitFor({ state: "detached" });
    await until(() => inside.tasks.find(call.taskSid).status === "canceled", "the task's end");
  },

  async "a call is dialled from the dialpad"({ sit, inside, assert }) {
    const alice = await sit("alice");
    await alice.evaluate(() => window.Twilio.Flex.Actions.invokeAction("StartOutboundCall", { destination: "+15551230088" }));
    await task(alice, "+1 555-123-0088");
    const made = await until(() => [...inside.tasks.all.values()].find(({ status }) => status === "assigned"), "the call");
    await until(() => inside.conferences.live(made.sid)?.participants.size === 2, "two in the conference");
    assert.equal(JSON.parse(made.attributes).outbound_to, "+15551230088");
    await alice.getByTestId("hold-participant").waitFor();
  },

  async "a call is handed over: cold to an agent, warm to another who declines, warm again"({ sit, people, inside, assert }) {
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const call = people.call({ name: "Carol Caller", agent: "alice" });
    await accept(alice, "Carol Caller");
    await alice.getByTestId("hold-participant").waitFor();
    const legs = () => inside.conferences.live(call.taskSid)?.participants.size ?? 0;
    await hand(alice, "Bob Baker", "warm");
    await reject(bob, "Carol Caller");
    await until(() => legs() === 2, "Alice and the customer alone");
    await hand(alice, "Bob Baker", "warm");
    await accept(bob, "Carol Caller");
    await until(() => legs() === 3, "three in the conference");
    // Flex sees to it that the call goes on without Alice.
    const ending = () => [...inside.conferences.live(call.taskSid).participants.values()].filter(({ endOnExit }) => endOnExit);
    await until(() => ending().every(({ call: leg }) => leg.to === "+15550009999"), "a call that goes on");
    await alice.bringToFront();
    await alice.getByTestId("hangup-footer").click();
    await until(() => legs() === 2, "Bob and the customer");
    assert.equal(people.callStatus(call).talking, true);
    await until(() => inside.tasks.find(call.taskSid).reservations.find(({ worker }) => worker.friendlyName === "alice").status === "wrapping", "Alice's wrap-up");
    assert.equal(inside.tasks.find(call.taskSid).status, "assigned");
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await alice.getByText("No active tasks").waitFor();
    await hand(bob, "Alice Archer", "cold");
    await accept(alice, "Carol Caller");
    await until(() => people.callStatus(call).talking && legs() === 2, "Alice and the customer again");
    people.hangUp(call);
    await until(() => inside.tasks.find(call.taskSid).status === "wrapping", "wrap-up");
  },
};
