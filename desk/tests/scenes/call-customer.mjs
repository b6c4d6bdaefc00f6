// The customer of a chat is called, by the plugin's button in its header.
import { accept, message, notice, select, task } from "../screen.mjs";
import { until } from "../stage.mjs";

const NUMBER = "+15551230001";
const SHOWN = "+1 555-123-0001";
const BUTTON = "flex-edge-call-customer";

async function taken({ people }, alice, more = {}) {
  const chat = people.startChat({ channel: "whatsapp", number: NUMBER, body: "Please call me", agent: "alice", ...more });
  const name = more.channel === "web" ? "Chris Customer" : /555-?123-?0001|Chris/;
  await accept(alice, name);
  await message(alice, "Please call me").waitFor();
  return chat;
}

const dialled = ({ inside }, chat) =>
  [...inside.tasks.all.values()].filter(({ attributes }) => JSON.parse(attributes).dialedFromTaskSid === chat.taskSid);

export const scenes = {
  async "one click dials once; the button is off while the call is open, and on again afterwards"(stage) {
    const { sit, inside, picture, assert } = stage;
    const alice = await sit("alice");
    const chat = await taken(stage, alice);
    await picture(alice, "call-customer");
    await alice.getByTestId(BUTTON).dblclick();
    const call = await until(() => dialled(stage, chat).find(({ status }) => status === "assigned"), "the call");
    await until(() => inside.conferences.live(call.sid)?.participants.size === 2, "Alice and the customer");
    const [, customer] = [...inside.conferences.live(call.sid).participants.values()];
    assert.equal(customer.call.to, NUMBER);
    await alice.getByTestId("hangup-footer").waitFor();
    await picture(alice, "call-customer-live");
    await select(alice, /whatsapp|Chris|Please call me/i);
    assert.equal(await alice.getByTestId(BUTTON).getAttribute("aria-disabled"), "true");
    await task(alice, SHOWN).then((item) => item.click());
    await alice.getByTestId("hangup-footer").click();
    await until(() => call.status === "wrapping", "wrap-up");
    await alice.getByRole("button", { name: /complete/i }).first().click();
    await until(() => call.status === "completed", "completion");
    await select(alice, /whatsapp|Chris|Please call me/i);
    await until(async () => (await alice.getByTestId(BUTTON).getAttribute("aria-disabled")) === "false", "the button's return");
    assert.equal(dialled(stage, chat).length, 1);
  },

  async "a web chat has no number, and no button"(stage) {
    const alice = await stage.sit("alice");
    await taken(stage, alice, { channel: "web" });
    await alice.getByTestId("flex-edge-hand-over").waitFor();
    stage.assert.equal(await alice.getByTestId(BUTTON).count(), 0);
  },

  async "the customer is busy: the call ends, and can be tried again"(stage) {
    const { sit, twilio, inside } = stage;
    const alice = await sit("alice");
    twilio.setPhone({ number: NUMBER, answer: "busy" });
    const chat = await taken(stage, alice);
    await alice.getByTestId(BUTTON).click();
    const call = await until(() => dialled(stage, chat)[0], "the call's task");
    await until(() => call.status !== "pending" && call.status !== "reserved" && call.status !== "assigned", "the end of the call");
    await until(() => [...inside.calls.all.values()].every((leg) => !inside.calls.alive(leg)), "the end of the legs");
  },

  async "Twilio refuses: Alice is told, with the request id, and nothing rings"(stage) {
    const { sit, twilio, picture, assert } = stage;
    const alice = await sit("alice");
    const chat = await taken(stage, alice);
    twilio.addFault({ operationId: "CreateTask", fault: "400", times: 0 });
    alice.expected.push(/status of [45]\d\d/);
    await alice.getByTestId(BUTTON).click();
    await notice(alice, /The customer could not be called\..*Request/).waitFor({ timeout: 20_000 });
    await picture(alice, "call-customer-failure");
    assert.deepEqual(dialled(stage, chat), []);
  },
};
