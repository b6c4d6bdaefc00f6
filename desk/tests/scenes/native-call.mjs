// An agent calls another by application dialing: Flex runs both sides, with its own hold, transfer and hang-up.
import { accept, addNumber, callAgent, hand, notice, reject, task } from "../screen.mjs";
import { until } from "../stage.mjs";

const isNative = ({ attributes }) => JSON.parse(attributes).internal_call === "native";
const natives = ({ inside }) => [...inside.tasks.all.values()].filter(isNative);
const ownTask = ({ inside }, name) => natives({ inside }).find(({ reservations }) => reservations.some(({ worker }) => worker.friendlyName === name));
const size = ({ inside }, found) => inside.conferences.live(found.sid)?.participants.size ?? 0;
const nobodyOnTheLine = ({ inside }) =>
  until(() => [...inside.calls.all.values()].every((leg) => !inside.calls.alive(leg)), "the end of every leg");
const held = ({ inside }, found) => [...inside.conferences.live(found.sid).participants.values()].some(({ hold }) => hold);

/** Alice has called Bob, and it rings at his; others are there to be asked. */
async function ringing(stage, more = []) {
  for (const name of more) stage.people.setActivity(name, "Available");
  const [alice, bob, ...others] = await Promise.all(["alice", "bob", ...more].map((name) => stage.sit(name)));
  await callAgent(alice, "Bob Baker");
  await task(bob, "Alice Archer");
  return [alice, bob, ...others];
}

/** Both are talking. */
async function talking(stage, more) {
  const pages = await ringing(stage, more);
  await accept(pages[1], "Alice Archer");
  await until(() => ["alice", "bob"].every((name) => size(stage, ownTask(stage, name)) === 2), "two conferences of two");
  return pages;
}

/** Somebody whom Flex shows as being in the call. */
const inCall = (page, name) => page.getByTestId("participant-name").filter({ hasText: name });
const assertTalking = (stage) => ["alice", "bob"].forEach((name) => stage.assert.equal(size(stage, ownTask(stage, name)), 2, name));

/** Flex may be writing to the conference of a call that somebody else has just ended; it gets a 404. */
const LATE_WRITE = [/status of 404 .*\/wschannels/, /Request failed with +404 .*participant/, /^page error: $/];

/** TaskRouter takes Bob's offer back after its time. */
function timeOut(stage) {
  const [offer] = ownTask(stage, "bob").reservations.filter(({ status }) => status === "pending");
  stage.inside.tasks.moveReservation(offer, "timeout");
}

export const scenes = {
  async "Alice calls Bob; either holds the other; Alice hangs up"(stage) {
    const { picture, assert } = stage;
    const [alice, bob] = await talking(stage);
    await picture(bob, "native-call-callee");
    await alice.bringToFront();
    await alice.getByTestId("hold-participant").click();
    await until(() => held(stage, ownTask(stage, "alice")), "the caller's hold");
    await picture(alice, "native-call-caller");
    assert.equal(held(stage, ownTask(stage, "bob")), false);
    await alice.getByText("On Hold").waitFor();
    await alice.getByTestId("hold-participant").click();
    await until(() => !held(stage, ownTask(stage, "alice")), "the end of it");
    await bob.bringToFront();
    await bob.getByTestId("hold-participant").click();
    await until(() => held(stage, ownTask(stage, "bob")), "the called agent's hold");
    await bob.getByText("On Hold").waitFor();
    await bob.getByTestId("hold-participant").click();
    await until(() => !held(stage, ownTask(stage, "bob")), "the end of it");
    await alice.bringToFront();
    await alice.getByTestId("hangup-footer").click();
    await nobodyOnTheLine(stage);
    await until(() => natives(stage).every(({ status }) => status === "wrapping"), "wrap-up on both sides");
  },

  async "Bob hangs up"(stage) {
    const [, bob] = await talking(stage);
    await bob.bringToFront();
    await bob.getByTestId("hangup-footer").click();
    await nobodyOnTheLine(stage);
    await until(() => natives(stage).every(({ status }) => status === "wrapping"), "wrap-up on both sides");
  },

  async "Bob declines: Alice's call ends, and she can call again"(stage) {
    const [alice, bob] = await ringing(stage);
    alice.expected.push(...LATE_WRITE);
    await reject(bob, "Alice Archer");
    await nobodyOnTheLine(stage);
    await until(() => natives(stage).every(({ status }) => ["wrapping", "completed", "canceled"].includes(status)), "the end of both tasks");
    await alice.bringToFront();
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await alice.getByText("No active tasks").waitFor();
    await callAgent(alice, "Bob Baker");
    await task(bob, "Alice Archer");
  },

  async "Alice gives up while it rings: Bob's offer goes away"(stage) {
    const [alice, bob] = await ringing(stage);
    await alice.bringToFront();
    await alice.getByTestId("hangup-footer").click();
    await bob.bringToFront();
    await bob.getByText("No active tasks").waitFor();
    await nobodyOnTheLine(stage);
  },

  async "Bob does not answer: his offer goes away, Alice's call ends"(stage) {
    const [alice, bob] = await ringing(stage);
    alice.expected.push(...LATE_WRITE);
    timeOut(stage);
    await bob.bringToFront();
    await bob.getByText("No active tasks").waitFor();
    await nobodyOnTheLine(stage);
    await alice.bringToFront();
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await alice.getByText("No active tasks").waitFor();
  },

  async "Bob's browser is closed while it rings: Alice is not left with the ringing"(stage) {
    const [, bob] = await ringing(stage);
    await bob.close();
    timeOut(stage);
    await nobodyOnTheLine(stage);
  },

  async "Alice's browser is closed while they talk: Bob is not left alone"(stage) {
    const [alice, bob] = await talking(stage);
    await alice.close();
    await nobodyOnTheLine(stage);
    await bob.bringToFront();
    await bob.getByRole("button", { name: /complete/i }).first().waitFor();
  },

  async "Bob is not available: Alice is told at once"(stage) {
    const { sit, people } = stage;
    const alice = await sit("alice");
    await alice.getByRole("button", { name: "Outbound Dialpad" }).click();
    const call = alice.getByRole("button", { name: "Call Bob Baker" });
    await call.waitFor();
    people.setActivity("bob", "Break");
    alice.expected.push(/status of 409/);
    await call.click();
    await notice(alice, "Bob Baker is not available now.").waitFor();
  },

  async "no microphone: Alice is told that the call did not start"(stage) {
    const { sit } = stage;
    const alice = await sit("alice", "&microphone=none");
    alice.expected.push(/Microphone issue|no audio input device/);
    await callAgent(alice, "Bob Baker");
    await notice(alice, "The call did not start.").waitFor();
  },

  async "warm to a third agent, who stays with Bob"(stage) {
    const [alice, , erin] = await talking(stage, ["erin"]);
    const call = ownTask(stage, "alice");
    await hand(alice, "Erin Ellis", "warm");
    await accept(erin, "Bob Baker");
    await until(() => size(stage, call) === 3, "three in Alice's conference");
    await alice.bringToFront();
    await inCall(alice, "Erin Ellis").waitFor();
    await stage.picture(alice, "native-call-three");
    // Flex sees to it that the call goes on without Alice.
    const ending = () => [...stage.inside.conferences.live(call.sid).participants.values()].filter(({ endOnExit }) => endOnExit);
    await until(() => ending().every(({ call: leg }) => leg.seat.type === "customer"), "a call that goes on");
    await alice.bringToFront();
    await alice.getByTestId("hangup-footer").click();
    await until(() => size(stage, call) === 2, "Erin and Bob");
    await until(() => size(stage, ownTask(stage, "bob")) === 2, "Bob's side goes on");
  },

  async "cold to a third agent: Alice is out, Bob goes on"(stage) {
    const [alice, , erin] = await talking(stage, ["erin"]);
    const call = ownTask(stage, "alice");
    await hand(alice, "Erin Ellis", "cold");
    await until(() => size(stage, call) === 1, "Alice is out at once");
    await accept(erin, "Bob Baker");
    await until(() => size(stage, call) === 2 && !held(stage, call), "Erin and Bob");
    await until(() => size(stage, ownTask(stage, "bob")) === 2, "Bob's side goes on");
    await erin.getByTestId("hangup-footer").click();
    await nobodyOnTheLine(stage);
  },

  async "cold to a queue"(stage) {
    const [alice, , erin] = await talking(stage, ["erin"]);
    const call = ownTask(stage, "alice");
    await hand(alice, "Sales", "cold", { queue: true });
    await accept(erin, "Bob Baker");
    await until(() => size(stage, call) === 2, "Erin and Bob");
    await until(() => size(stage, ownTask(stage, "bob")) === 2, "Bob's side goes on");
  },

  async "the called agent hands over: warm to a queue, which stays with Alice"(stage) {
    const [, bob, erin] = await talking(stage, ["erin"]);
    const call = ownTask(stage, "bob");
    await hand(bob, "Sales", "warm", { queue: true });
    await accept(erin, "Alice Archer");
    await until(() => size(stage, call) === 3, "three in Bob's conference");
    const ending = () => [...stage.inside.conferences.live(call.sid).participants.values()].filter(({ endOnExit }) => endOnExit);
    await until(() => ending().every(({ call: leg }) => leg.seat.type === "customer"), "a call that goes on");
    await bob.bringToFront();
    await bob.getByTestId("hangup-footer").click();
    await until(() => size(stage, call) === 2, "Erin and Alice");
    await until(() => size(stage, ownTask(stage, "alice")) === 2, "Alice's side goes on");
  },

  async "a transfer is declined, another taken back: the call goes on"(stage) {
    const [alice, , erin] = await talking(stage, ["erin"]);
    const call = ownTask(stage, "alice");
    await hand(alice, "Erin Ellis", "warm");
    await reject(erin, "Bob Baker");
    await until(() => call.reservations.some(({ status }) => status === "rejected"), "Erin's refusal");
    await hand(alice, "Erin Ellis", "warm");
    await task(erin, "Bob Baker");
    await alice.bringToFront();
    await alice.getByRole("button", { name: /cancel/i }).first().click();
    await erin.bringToFront();
    await erin.getByText("No active tasks").waitFor();
    assertTalking(stage);
  },

  async "a number outside joins, and is shown"(stage) {
    const [alice] = await talking(stage);
    const call = ownTask(stage, "alice");
    await addNumber(alice, "+15551239999");
    await until(() => size(stage, call) === 3, "three in Alice's conference");
    await inCall(alice, "+15551239999").waitFor();
    await alice.getByText("Calling...").waitFor({ state: "detached" });
    await stage.picture(alice, "native-call-external");
    stage.inside.calls.hangup([...stage.inside.calls.all.values()].find(({ to }) => to === "+15551239999"));
    await until(() => size(stage, call) === 2, "Alice and Bob again");
    await inCall(alice, "+15551239999").waitFor({ state: "detached" });
    assertTalking(stage);
  },
};
