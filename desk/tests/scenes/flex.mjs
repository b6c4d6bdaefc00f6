// Flex itself at the desk: what the local Twilio must know before any plugin is tried.
import { accept, message, reject, say } from "../screen.mjs";
import { until } from "../stage.mjs";

export const scenes = {
  async "the desktop starts, and says who sits there"({ sit, assert }) {
    const alice = await sit("alice");
    await alice.getByText("No active tasks").waitFor();
    assert.equal(await alice.title(), "alice · Flex in a box");
    await alice.getByTestId("worker-name").getByText("Alice Archer").waitFor();
  },

  async "an agent changes their activity"({ sit, inside, assert }) {
    const alice = await sit("alice");
    await alice.getByRole("button", { name: /Available/ }).click();
    await alice.getByText("Break").click();
    await until(() => inside.workspace.who("alice").activity.friendlyName === "Break", "the break");
    await alice.getByRole("button", { name: /Break/ }).waitFor();
    assert.equal(inside.workspace.who("bob").activity.friendlyName, "Available");
  },

  async "a chat is offered, refused, offered to the next one, taken, answered, ended"({ sit, people, inside, assert }) {
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const chat = people.startChat({ channel: "web", name: "Carol Customer", body: "Hi, my order is late" });
    await reject(alice, "Carol Customer");
    await accept(bob, "Carol Customer");
    await message(bob, "Hi, my order is late").waitFor();
    people.write({ conversationSid: chat.conversationSid, author: chat.author, body: "The number is 4711" });
    await message(bob, "The number is 4711").waitFor();
    await say(bob, "Let me look");
    const said = await until(() => people.messages(chat).messages.find(({ body }) => body === "Let me look"), "Bob's answer");
    assert.equal(said.author, "bob");
    await bob.getByRole("button", { name: /^End/ }).click();
    await until(() => inside.tasks.find(chat.taskSid).status === "wrapping", "wrap-up");
    await bob.getByRole("button", { name: /complete/i }).first().click();
    await until(() => inside.tasks.find(chat.taskSid).status === "completed", "completion");
    await bob.getByText("No active tasks").waitFor();
  },
};
