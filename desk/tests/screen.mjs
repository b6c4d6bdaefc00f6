// What an agent sees and does on Flex's own screen.

/** The task in the list, once its name is there. */
export async function task(page, name) {
  await page.bringToFront();
  const item = page.getByTestId("task-item").filter({ hasText: name }).first();
  await item.waitFor();
  return item;
}

export async function accept(page, name) {
  await task(page, name);
  // In the list, or on the canvas, which no notification covers.
  await page.getByRole("button", { name: /^accept/i }).last().click();
}

export async function reject(page, name) {
  await task(page, name);
  // In the list, or on the canvas, which no notification covers.
  await page.getByRole("button", { name: /^reject/i }).last().click();
}

export async function select(page, name) {
  await (await task(page, name)).click();
}

/** A message in the open chat. */
export const message = (page, text) => page.getByTestId("message-body").filter({ hasText: text }).first();

export async function say(page, text) {
  await page.bringToFront();
  await page.getByPlaceholder("Type message").first().click();
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

/** A notification of Flex, by its text. */
export const notice = (page, text) => page.getByText(text).first();

/** Flex's own directory, open: hands over `warm` or `cold`, to an agent or a queue. */
export async function choose(page, name, mode, { queue = false } = {}) {
  if (queue) await page.getByText("Queues", { exact: true }).click();
  const row = page.locator(`.Twilio-WorkerDirectory-${queue ? "Queue" : "Worker"}`).filter({ hasText: name });
  await row.hover();
  // The cold one is the second where there are two.
  const buttons = row.getByRole("button");
  await (mode === "warm" ? buttons.first() : buttons.last()).click();
}

/** Hands a call over, by Flex's own button. */
export async function hand(page, name, mode, options) {
  await page.bringToFront();
  await page.getByRole("button", { name: /open transfer directory/i }).click();
  await choose(page, name, mode, options);
}

/** Adds a number to a call, by the dialpad of Flex's own directory. */
export async function addNumber(page, number) {
  await page.bringToFront();
  await page.getByRole("button", { name: /open transfer directory/i }).click();
  await page.getByText("Dialpad", { exact: true }).click();
  const dialpad = page.locator(".Twilio-WorkerDirectory");
  await dialpad.locator("input[type=tel]").click();
  await page.keyboard.type(number);
  await dialpad.getByTestId("call-button").click();
}

/** Hands a chat over, by the plugin's button. */
export async function handChat(page, name, mode, options) {
  await page.bringToFront();
  await page.getByRole("button", { name: "Hand over to an agent or a queue" }).click();
  await choose(page, name, mode, options);
}

/** The plugin's section of the dialpad; `seen` gets the page before the call is placed. */
export async function callAgent(page, name, seen = () => {}) {
  await page.bringToFront();
  await page.getByRole("button", { name: "Outbound Dialpad" }).click();
  const section = page.getByTestId("flex-edge-call-agent");
  await section.getByLabel("Search agents").fill(name.split(" ")[0]);
  const button = section.getByRole("button", { name: `Call ${name}` });
  await button.waitFor();
  await seen(page);
  await button.click();
}

/** From here on the Worker says that Flex's own calls between agents are not set up: the plugins' way remains. */
export async function withoutNativeCalls(page) {
  await page.route("**/health", async (route) => {
    const response = await route.fetch();
    const health = await response.json();
    if (health.features["native-internal-call"]) health.features["native-internal-call"].configured = false;
    await route.fulfill({ response, json: health });
  });
}
