// The plugin as a whole: switches, languages, the Worker away, assistive technology.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { accept, message, notice, select } from "../screen.mjs";
import { until } from "../stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds in a part of the page; the rest is Flex's own. */
async function findings(page, testId) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((id) => window.axe.run(`[data-testid="${id}"]`, { resultTypes: ["violations"] }), testId);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${testId}: ${id}, ${help}: ${html.slice(0, 160)}`));
}

const chat = ({ people }) => people.startChat({ channel: "whatsapp", body: "Please call me", agent: "alice" });
const NAME = "whatsapp:+15551230001";

export const scenes = {
  async "every part can be switched off"(stage) {
    const { sit, configuration, workerUrl, assert } = stage;
    const features = { call_agent: false, hand_over: false, call_customer: false, colleagues: false, park: false };
    configuration.uiAttributes = { flex_edge: { url: workerUrl, features } };
    const alice = await sit("alice");
    chat(stage);
    await accept(alice, NAME);
    await message(alice, "Please call me").waitFor();
    await alice.getByRole("button", { name: "Outbound Dialpad" }).click();
    await alice.getByText("Enter a number").waitFor();
    assert.equal(await alice.locator("[data-testid^=flex-edge]").count(), 0);
    assert.equal(await alice.getByRole("link", { name: /Colleagues|Parked/ }).count(), 0);
  },

  async "without the Worker's address it says so, and nothing else"({ sit, configuration, picture }) {
    configuration.uiAttributes = {};
    const alice = await sit("alice");
    await notice(alice, "flex-edge is not set up").waitFor();
    await picture(alice, "not-set-up");
  },

  async "in Portuguese"(stage) {
    const { sit, picture } = stage;
    const alice = await sit("alice", "&language=pt-BR");
    await alice.getByRole("link", { name: "Colegas" }).click();
    await alice.getByRole("button", { name: "Conversar com Bob Baker" }).first().click();
    await alice.getByLabel("Mensagem para Bob Baker").waitFor();
    await picture(alice, "portuguese");
  },

  async "the Worker is away, and comes back: a chat goes on, a failure is told, the next try works"(stage) {
    const { sit, people, away, back, inside } = stage;
    const [alice, bob] = await Promise.all([sit("alice"), sit("bob")]);
    const started = chat(stage);
    await accept(alice, NAME);
    await message(alice, "Please call me").waitFor();
    alice.expected.push(/ERR_CONNECTION_REFUSED|Failed to load resource|blocked by CORS/);
    bob.expected.push(/ERR_CONNECTION_REFUSED|Failed to load resource|blocked by CORS/);
    await away();
    people.write({ conversationSid: started.conversationSid, author: started.author, body: "Still there?" });
    await message(alice, "Still there?").waitFor();
    await alice.getByTestId("flex-edge-call-customer").click();
    await notice(alice, "The customer could not be called. The server could not be reached.").waitFor({ timeout: 20_000 });
    await back();
    await alice.getByRole("button", { name: "Close" }).or(alice.getByLabel(/close/i)).first().click();
    await alice.getByTestId("flex-edge-call-customer").click();
    const call = await until(() => [...inside.tasks.all.values()].find(({ channel, status }) => channel === "voice" && status === "assigned"), "the call");
    await until(() => inside.conferences.live(call.sid)?.participants.size === 2, "Alice and the customer");
  },

  async "a reload in the middle of a chat: it is all there, and goes on"(stage) {
    const { sit, booted, people } = stage;
    const alice = await sit("alice");
    const started = chat(stage);
    await accept(alice, NAME);
    await message(alice, "Please call me").waitFor();
    await alice.reload();
    await booted(alice);
    await select(alice, NAME);
    await message(alice, "Please call me").waitFor();
    people.write({ conversationSid: started.conversationSid, author: started.author, body: "Hello again" });
    await message(alice, "Hello again").waitFor();
    await alice.getByTestId("flex-edge-hand-over").waitFor();
  },

  async "assistive technology finds its way"(stage) {
    const { sit, assert } = stage;
    const [alice] = await Promise.all([sit("alice"), sit("bob")]);
    const found = [];
    await alice.getByRole("button", { name: "Outbound Dialpad" }).click();
    await alice.getByRole("button", { name: "Call Bob Baker" }).waitFor();
    found.push(...(await findings(alice, "flex-edge-call-agent")));
    await alice.getByRole("button", { name: "Outbound Dialpad" }).click();
    await alice.getByRole("link", { name: "Colleagues" }).click();
    await alice.getByRole("button", { name: "Chat with Bob Baker" }).first().click();
    await alice.getByLabel("Message to Bob Baker").waitFor();
    found.push(...(await findings(alice, "flex-edge-colleagues")));
    await alice.getByRole("link", { name: "Parked" }).click();
    await alice.getByTestId("flex-edge-parked").waitFor();
    found.push(...(await findings(alice, "flex-edge-parked")));
    await alice.getByRole("link", { name: "Agent Desktop" }).click();
    chat(stage);
    await accept(alice, NAME);
    await select(alice, NAME);
    for (const id of ["flex-edge-hand-over", "flex-edge-call-customer", "flex-edge-park"]) {
      await alice.getByTestId(id).waitFor();
      found.push(...(await findings(alice, id)));
    }
    assert.deepEqual(found, []);
  },
};
