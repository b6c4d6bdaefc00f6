// A chat is handed over, by the plugin's button in its header.
import { accept, handChat, message, notice, reject, say, task } from "../screen.mjs";
import { until } from "../stage.mjs";

const NAME = "Carol Customer";

/** Alice has taken a customer's chat. */
async function taken({ people }, alice, more = {}) {
  const chat = people.startChat({ channel: "web", name: NAME, body: "Hi, my order is late", agent: "alice", ...more });
  await accept(alice, NAME);
  await message(alice, "Hi, my order is late").waitFor();
  return chat;
}

const agents = ({ inside }, chat) =>
  [...inside.interactions.find(chat.interactionSid).channel.participants.values()]
    .filter(({ type }) => type === "agent")
    .map(({ routing }) => inside.workspace.workers.get(routing.worker_sid).friendlyName);
const invites = ({ inside }, chat) => inside.interactions.find(chat.interactionSid).channel.invites.slice(1);

export const scenes = {
  async "cold, to an agent: Bob takes it with its history, Alice is out"(stage) {
    const { sit, people, inside, picture, assert } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    await picture(alice, "hand-over");
    await handChat(alice, "Bob Baker", "cold");
    await notice(alice, "The chat was handed over to Bob Baker.").waitFor();
    await picture(alice, "hand-over-done");
    await accept(bob, NAME);
    await message(bob, "Hi, my order is late").waitFor();
    await until(() => agents(stage, chat).join() === "bob", "Bob alone");
    await until(() => inside.tasks.find(chat.taskSid).status === "wrapping", "Alice's wrap-up");
    people.write({ conversationSid: chat.conversationSid, author: chat.author, body: "Are you still there?" });
    await message(bob, "Are you still there?").waitFor();
    await say(bob, "I am Bob, and I am");
    await until(() => people.messages(chat).messages.at(-1).author === "bob", "Bob's answer");
    assert.equal(invites(stage, chat).length, 1);
    await alice.bringToFront();
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await alice.getByText("No active tasks").waitFor();
    assert.equal(people.messages(chat).state, "active");
  },

  async "warm: both are in, then Alice leaves"(stage) {
    const { sit, people, picture, assert } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    await handChat(alice, "Bob Baker", "warm");
    await notice(alice, "Bob Baker is invited to the chat.").waitFor();
    await alice.getByRole("button", { name: "Others in this chat" }).click();
    await alice.getByText("Cancel the invitation of Bob Baker").waitFor();
    await picture(alice, "hand-over-invited");
    await alice.keyboard.press("Escape");
    await accept(bob, NAME);
    await until(() => agents(stage, chat).length === 2, "two agents");
    await say(bob, "Hello from Bob");
    await alice.bringToFront();
    await message(alice, "Hello from Bob").waitFor();
    await until(async () => {
      await alice.getByRole("button", { name: "Others in this chat" }).click();
      const leave = alice.getByRole("menuitem", { name: "Leave this chat" });
      if (await leave.isVisible()) return leave.click().then(() => true);
      await alice.keyboard.press("Escape");
      return false;
    }, "the way out");
    await until(() => agents(stage, chat).join() === "bob", "Bob alone");
    assert.equal(people.messages(chat).state, "active");
  },

  async "the invitation is canceled: Bob's offer goes away, the chat stays with Alice"(stage) {
    const { sit, assert } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    await handChat(alice, "Bob Baker", "warm");
    const offer = await task(bob, NAME);
    await alice.bringToFront();
    await alice.getByRole("button", { name: "Others in this chat" }).click();
    await alice.getByText("Cancel the invitation of Bob Baker").click();
    await notice(alice, "The invitation of Bob Baker is canceled.").waitFor();
    await offer.waitFor({ state: "detached" });
    assert.deepEqual(agents(stage, chat), ["alice"]);
  },

  async "warm, and Bob declines: Alice can invite him again"(stage) {
    const { sit } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    await handChat(alice, "Bob Baker", "warm");
    await reject(bob, NAME);
    await handChat(alice, "Bob Baker", "cold");
    await accept(bob, NAME);
    await until(() => agents(stage, chat).join() === "bob", "Bob alone");
  },

  async "cold, to a queue: whoever is free in it takes it, not Alice"(stage) {
    const { sit } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    await handChat(alice, "Support", "cold", { queue: true });
    await accept(bob, NAME);
    await until(() => agents(stage, chat).join() === "bob", "Bob alone");
  },

  async "Twilio refuses the invite: Alice is told, with the request id, and keeps the chat"(stage) {
    const { sit, twilio, picture, assert } = stage;
    const alice = await sit("alice");
    const chat = await taken(stage, alice);
    twilio.addFault({ operationId: "CreateInteractionChannelInvite", fault: "400", times: 0 });
    alice.expected.push(/status of [45]\d\d/);
    await handChat(alice, "Bob Baker", "cold");
    await notice(alice, /The chat was not handed over\..*Request/).waitFor({ timeout: 20_000 });
    await picture(alice, "hand-over-failure");
    assert.deepEqual(agents(stage, chat), ["alice"]);
    assert.equal(invites(stage, chat).length, 0);
  },

  async "the answer to the invite is lost: Bob is invited once"(stage) {
    const { sit, twilio, assert } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = await taken(stage, alice);
    twilio.addFault({ operationId: "CreateInteractionChannelInvite", fault: "lost-after" });
    alice.expected.push(/status of [45]\d\d/);
    await handChat(alice, "Bob Baker", "cold");
    await accept(bob, NAME);
    await until(() => agents(stage, chat).includes("bob"), "Bob in the chat");
    assert.equal(invites(stage, chat).length, 1);
  },
};
