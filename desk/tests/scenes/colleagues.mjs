// Agents chat with each other, in the plugin's own view.
import { notice } from "../screen.mjs";
import { until } from "../stage.mjs";

async function colleagues(page) {
  await page.bringToFront();
  await page.getByRole("link", { name: /^Colleagues/ }).first().click();
  await page.getByTestId("flex-edge-colleagues").waitFor();
}

async function chatWith(page, name) {
  await colleagues(page);
  await page.getByLabel("Search colleagues").fill(name.split(" ")[0]);
  await page.getByRole("region", { name: "Directory" }).getByRole("button", { name: `Chat with ${name}` }).click();
  await page.getByLabel(`Message to ${name}`).waitFor();
  await page.getByLabel("Search colleagues").fill("");
}

async function write(page, name, text) {
  await page.bringToFront();
  await page.getByLabel(`Message to ${name}`).fill(text);
  await page.keyboard.press("Enter");
}

const said = (page, name, text) => page.getByRole("region", { name: `Messages with ${name}` }).getByText(text, { exact: true });
const room = (inside) => [...inside.rooms.all.values()].find(({ uniqueName }) => uniqueName !== null);

// Each with a chat of its own: the Worker knows for some seconds what has been opened, also when Twilio begins anew.
export const scenes = {
  async "two agents talk: unread counts, history, typing, read again after a reload"({ sit, booted, inside, picture, assert }) {
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    await chatWith(alice, "Bob Baker");
    await write(alice, "Bob Baker", "Are you there?");
    await said(alice, "Bob Baker", "Are you there?").waitFor();
    await write(alice, "Bob Baker", "It is about the order");
    await bob.bringToFront();
    await bob.getByRole("link", { name: "Colleagues (2 unread)" }).first().waitFor();
    await colleagues(bob);
    await bob.getByRole("button", { name: /^Chat with Alice Archer.*2.*unread/ }).first().click();
    await said(bob, "Alice Archer", "Are you there?").waitFor();
    await until(async () => (await bob.getByRole("link", { name: "Colleagues (2 unread)" }).count()) === 0, "the end of unread");
    await bob.getByLabel("Message to Alice Archer").pressSequentially("I am");
    await alice.getByText("Bob Baker is typing").waitFor();
    await picture(alice, "colleagues");
    await bob.keyboard.press("Enter");
    await said(alice, "Bob Baker", "I am").waitFor();
    await until(() => [...room(inside).members.values()].every(({ lastRead }) => lastRead === 2), "both have read all");
    await bob.reload();
    await booted(bob);
    await colleagues(bob);
    await bob.getByRole("region", { name: "Recent" }).getByRole("button", { name: "Chat with Alice Archer" }).click();
    await said(bob, "Alice Archer", "I am").waitFor();
    assert.equal([...inside.rooms.all.values()].filter(({ uniqueName }) => uniqueName !== null).length, 1);
  },

  async "a pin stays, on every device"({ sit, booted, picture }) {
    const alice = await sit("alice");
    await chatWith(alice, "Erin Ellis");
    await alice.getByRole("button", { name: "Pin Erin Ellis" }).click();
    const pinned = alice.getByRole("region", { name: "Pinned" }).getByRole("button", { name: "Chat with Erin Ellis" });
    await pinned.waitFor();
    await picture(alice, "colleagues-pinned");
    await alice.reload();
    await booted(alice);
    await colleagues(alice);
    await pinned.click();
    await alice.getByRole("button", { name: "Unpin Erin Ellis" }).click();
    await pinned.waitFor({ state: "detached" });
  },

  async "both open the chat at the same moment: it is one"({ sit, inside, assert }) {
    const [bob, erin] = await Promise.all([sit("bob"), sit("erin")]);
    await colleagues(bob);
    await colleagues(erin);
    const open = (page, name) => page.getByRole("region", { name: "Directory" }).getByRole("button", { name: `Chat with ${name}` }).click();
    await Promise.all([open(bob, "Erin Ellis"), open(erin, "Bob Baker")]);
    await bob.getByLabel("Message to Erin Ellis").waitFor();
    await erin.bringToFront();
    await erin.getByLabel("Message to Bob Baker").waitFor();
    await write(erin, "Bob Baker", "One room");
    await bob.bringToFront();
    await said(bob, "Erin Ellis", "One room").waitFor();
    assert.equal([...inside.rooms.all.values()].filter(({ uniqueName }) => uniqueName !== null).length, 1);
  },

  async "the chat cannot be opened: Alice is told, with the request id, and can try again"({ sit, twilio, picture }) {
    const alice = await sit("alice");
    await colleagues(alice);
    twilio.addFault({ contains: "/Conversations", fault: "500", times: 0 });
    alice.expected.push(/status of [45]\d\d/);
    await alice.getByRole("region", { name: "Directory" }).getByRole("button", { name: "Chat with Dave Dean" }).click();
    await notice(alice, /The chat with Dave Dean could not be opened\..*Request/).waitFor({ timeout: 30_000 });
    await picture(alice, "colleagues-failure");
    twilio.removeFault();
    await alice.getByRole("region", { name: "Directory" }).getByRole("button", { name: "Chat with Dave Dean" }).click();
    await alice.getByLabel("Message to Dave Dean").waitFor();
  },
};
