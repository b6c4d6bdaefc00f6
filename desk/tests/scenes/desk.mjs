// The pages around Flex: the customer's, and the panel.
import { accept, message, say } from "../screen.mjs";
import { until } from "../stage.mjs";

export const scenes = {
  async "a customer writes and calls from their page; the panel shows it and makes Twilio fail"({ sit, open, picture, twilio, inside, workerUrl }) {
    const [alice, customer, panel] = await Promise.all([sit("alice"), open("/customer", "customer"), open("/panel", "panel")]);
    await customer.bringToFront();
    await customer.getByLabel("Offered to").selectOption("alice");
    await customer.getByLabel("Message").fill("Is anybody there?");
    await customer.getByRole("button", { name: "Send" }).click();
    await accept(alice, "+1 555-123-0001");
    await message(alice, "Is anybody there?").waitFor();
    await say(alice, "Alice is");
    await customer.bringToFront();
    await customer.getByText("alice: Alice is").waitFor();
    await picture(customer, "customer");
    await customer.getByRole("button", { name: "Call", exact: true }).click();
    await customer.getByText("Waiting, with music").waitFor();
    await accept(alice, "Carol Customer");
    await customer.bringToFront();
    await customer.getByText("Talking").waitFor();
    // Flex changes the agent's leg when it sees who is in the call, and complains if the leg is gone by then.
    const voice = () => [...inside.tasks.all.values()].find(({ channel }) => channel === "voice");
    const isSeen = ({ type, participant: { created, updated } }) => type === "agent" && updated > created;
    await until(() => inside.nativeCalls.legsOf(voice()).some(isSeen), "Flex's look at the call");
    await customer.getByRole("button", { name: "Hang up" }).click();
    await customer.getByText(/The call has ended/).waitFor();
    await until(() => [...inside.tasks.all.values()].some(({ channel, status }) => channel === "voice" && status === "wrapping"), "wrap-up");
    await panel.bringToFront();
    await panel.getByLabel("What").selectOption("429");
    await panel.getByLabel("Of").selectOption("FetchTask");
    await panel.getByRole("button", { name: "Add" }).click();
    await panel.getByText("429 for FetchTask, 1×; so far 0×").waitFor();
    await panel.getByLabel("Webhooks are delivered").selectOption("twice");
    const [{ sid }] = [...inside.tasks.all.values()];
    const form = new URLSearchParams({ Token: "a.flex.token.of.alice", taskSid: sid, assignmentStatus: "completed" });
    await fetch(`${workerUrl}/common/flex/taskrouter/update-task-assignment-status`, { method: "POST", body: form });
    await panel.getByText("Worker → Twilio").first().waitFor();
    await panel.getByText("somebody → Worker").first().waitFor();
    await panel.getByText("429 for FetchTask, 1×; so far 1×").waitFor();
    await picture(panel, "panel");
    await until(() => twilio.listFaults().faults.length === 1, "the fault");
  },

  async "another site's page commands nothing"({ desk, assert, twilio }) {
    const foreign = await fetch(`${desk.url}/desk/fault`, {
      method: "POST",
      headers: { Origin: "https://example.com" },
      body: JSON.stringify({ fault: "500" }),
    });
    assert.equal(foreign.status, 403);
    assert.deepEqual(twilio.listFaults().faults, []);
  },
};
