// What an agent sees and does on Flex's own screen.

/** The task in the list, once its name is there. */
export async function task(page, name) {
  await page.bringToFront();
  const item = page.getByTestId("task-item").filter({ hasText: name }).first();
  await item.waitFor();
  return item;
}

export async function accept(page, name) {
  const item = await task(page, name);
  await item.hover();
  await page.getByRole("button", { name: /accept/i }).first().click();
}

export async function reject(page, name) {
  const item = await task(page, name);
  await item.hover();
  await page.getByRole("button", { name: /reject/i }).first().click();
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
export const notice = (page, text) => page.getByRole("alert").filter({ hasText: text }).first();

/** Flex's own directory: a call handed over `warm` or `cold`, to an agent or a queue. */
export async function hand(page, name, mode, { queue = false } = {}) {
  await page.bringToFront();
  await page.getByRole("button", { name: /open transfer directory/i }).click();
  if (queue) await page.getByText("Queues", { exact: true }).click();
  const row = page.locator(`.Twilio-WorkerDirectory-${queue ? "Queue" : "Worker"}`).filter({ hasText: name });
  await row.hover();
  // The cold one is the second where there are two.
  const buttons = row.getByRole("button");
  await (mode === "warm" ? buttons.first() : buttons.last()).click();
}
