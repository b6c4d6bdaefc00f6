// A chat is parked, and comes back: by the customer's message or by the agent.
import { accept, message, notice, say } from "../screen.mjs";
import { until } from "../stage.mjs";

const NUMBER = "+15551230001";
const NAME = /555-?123-?0001/;

async function parked(stage, alice) {
  const { people, inside, picture } = stage;
  const chat = people.startChat({ channel: "sms", number: NUMBER, name: "Carol Customer", body: "I will write again", agent: "alice" });
  await accept(alice, NAME);
  await message(alice, "I will write again").waitFor();
  await alice.getByTestId("flex-edge-park").click();
  await notice(alice, "The chat is parked.").waitFor();
  await picture(alice, "park");
  const members = () => [...inside.rooms.find(chat.conversationSid).members.values()].map(({ identity }) => identity);
  await until(() => !members().includes("alice"), "Alice out of the conversation");
  await until(() => ["wrapping", "completed"].includes(inside.tasks.find(chat.taskSid).status), "the end of her task");
  const complete = alice.getByRole("button", { name: /complete/i }).first();
  if (inside.tasks.find(chat.taskSid).status === "wrapping") await complete.click();
  await alice.getByText("No active tasks").waitFor();
  return chat;
}

export const scenes = {
  async "the customer writes: the chat comes back with its history, once"(stage) {
    const { sit, people, inside, assert } = stage;
    const alice = await sit("alice");
    const chat = await parked(stage, alice);
    people.write({ conversationSid: chat.conversationSid, author: chat.author, body: "Here I am" });
    people.write({ conversationSid: chat.conversationSid, author: chat.author, body: "Hello?" });
    await accept(alice, NAME);
    await message(alice, "I will write again").waitFor();
    await message(alice, "Hello?").waitFor();
    await say(alice, "Welcome back");
    await until(() => people.messages(chat).messages.at(-1).body === "Welcome back", "Alice's answer");
    assert.equal(inside.interactions.find(chat.interactionSid).channel.invites.length, 2);
  },

  async "Alice takes it back from her list"(stage) {
    const { sit, picture, inside, assert } = stage;
    const alice = await sit("alice");
    const chat = await parked(stage, alice);
    await alice.getByRole("link", { name: "Parked" }).click();
    const back = alice.getByRole("button", { name: /Take back the chat with/ });
    await back.waitFor();
    await picture(alice, "parked");
    await back.click();
    await notice(alice, "The chat is on its way back to you.").waitFor();
    await alice.getByRole("link", { name: "Agent Desktop" }).click();
    await accept(alice, NAME);
    await message(alice, "I will write again").waitFor();
    assert.equal(inside.interactions.find(chat.interactionSid).channel.invites.length, 2);
  },

  async "Twilio refuses: Alice is told, with the request id, and keeps the chat"(stage) {
    const { sit, people, twilio, inside, picture, assert } = stage;
    const alice = await sit("alice");
    const chat = people.startChat({ channel: "sms", number: NUMBER, body: "I will write again", agent: "alice" });
    await accept(alice, NAME);
    await message(alice, "I will write again").waitFor();
    twilio.addFault({ operationId: "UpdateInteractionChannelParticipant", fault: "400", times: 0 });
    alice.expected.push(/status of [45]\d\d/);
    await alice.getByTestId("flex-edge-park").click();
    await notice(alice, /The chat was not parked\..*Request/).waitFor({ timeout: 20_000 });
    await picture(alice, "park-failure");
    assert.equal(inside.tasks.find(chat.taskSid).status, "assigned");
    assert.equal(inside.rooms.find(chat.conversationSid).webhooks.size, 0);
  },
};
