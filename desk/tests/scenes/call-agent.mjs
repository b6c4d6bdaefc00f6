// An agent calls another as the well-known plugins do it, by a conference of the Worker's own TwiML.
import { accept, callAgent, notice, reject, task, withoutNativeCalls } from "../screen.mjs";
import { until } from "../stage.mjs";

const PATH = "/features/internal-call/common/agent-outbound-join";

/** The room of a plugins' call, with how many are in it. */
const room = (inside) => [...inside.conferences.all.values()].findLast(({ status }) => status !== "completed");
const inRoom = (inside) => room(inside)?.participants.size ?? 0;

async function seated(sit) {
  const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
  await withoutNativeCalls(alice);
  return [alice, bob];
}

export const scenes = {
  async "Alice calls Bob, both hold, Bob hangs up"({ sit, inside, picture, assert, twilio }) {
    const [alice, bob] = await seated(sit);
    await callAgent(alice, "Bob Baker", (page) => picture(page, "call-agent"));
    await task(bob, "Alice Archer");
    await picture(bob, "call-agent-incoming");
    await accept(bob, "Alice Archer");
    await until(() => inRoom(inside) === 2, "both in the room");
    await alice.bringToFront();
    await alice.getByRole("button", { name: "Hold the call" }).click();
    await until(() => [...room(inside).participants.values()].some(({ hold }) => hold), "the hold");
    await picture(alice, "call-agent-live");
    await alice.getByRole("button", { name: "Take the call off hold" }).click();
    await until(() => [...room(inside).participants.values()].every(({ hold }) => !hold), "the end of the hold");
    await bob.bringToFront();
    await bob.getByTestId("hangup-footer").click();
    await until(() => room(inside) === undefined, "the end of the room");
    await until(() => [...inside.tasks.all.values()].every(({ status }) => ["wrapping", "completed", "canceled"].includes(status)), "the end of both tasks");
    assert.ok(twilio.journal({ contains: PATH }).entries.length > 0);
  },

  async "Bob declines: Alice's call ends, and she is free to call again"({ sit, inside }) {
    const [alice, bob] = await seated(sit);
    await callAgent(alice, "Bob Baker");
    await reject(bob, "Alice Archer");
    await until(() => room(inside) === undefined, "the end of the room");
    await until(() => [...inside.calls.all.values()].every((call) => !inside.calls.alive(call)), "the end of the legs");
    await bob.getByText("No active tasks").waitFor();
  },

  async "Alice gives up while it rings: Bob's offer goes away"({ sit, inside }) {
    const [alice, bob] = await seated(sit);
    await callAgent(alice, "Bob Baker");
    const offer = await task(bob, "Alice Archer");
    await alice.bringToFront();
    await alice.getByTestId("hangup-footer").click();
    await offer.waitFor({ state: "detached" });
    await until(() => room(inside) === undefined, "the end of the room");
  },

  async "Bob declines while Twilio fails: he is told, with the request id, and can decline again"({ sit, inside, twilio, picture }) {
    const [alice, bob] = await seated(sit);
    await callAgent(alice, "Bob Baker");
    await task(bob, "Alice Archer");
    twilio.addFault({ fault: "500", times: 0 });
    bob.expected.push(/status of 50\d/);
    await reject(bob, "Alice Archer");
    await notice(bob, /The call could not be declined.*Request/).waitFor({ timeout: 15_000 });
    await picture(bob, "call-agent-failure");
    twilio.removeFault();
    await reject(bob, "Alice Archer");
    await until(() => room(inside) === undefined, "the end of the room");
    await until(() => [...inside.calls.all.values()].every((call) => !inside.calls.alive(call)), "the end of the legs");
  },
};
