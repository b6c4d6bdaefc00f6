// Everything that a scene needs: the local Twilio, the Worker, the desk, a browser; each scene starts from the same state.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDesk } from "../open.mjs";
import { openBrowser } from "./browser.mjs";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const BOOT_MS = 30_000;

/** Opens the stage once; `pictures` is the folder for pictures, if any are wanted. */
export async function openStage({ pictures = null } = {}) {
  const persist = mkdtempSync(join(tmpdir(), "flex-edge-desk-"));
  const opened = await openDesk({ ports: { worker: await freePort(), desk: await freePort() }, persist });
  const { twilio, inside, away, back, configuration, workerUrl, desk, people } = opened;
  const browser = await openBrowser();
  let pages = [];

  /** Any page of the desk; what it may complain of goes into `page.expected`. */
  async function open(path, who) {
    const page = await browser.page();
    page.agent = who;
    page.expected = [];
    pages.push(page);
    await page.goto(desk.url + path);
    return page;
  }

  /** An agent's screen, booted. */
  async function sit(name, query = "") {
    const page = await open(`/?agent=${name}${query}`, name);
    await booted(page);
    return page;
  }

  async function booted(page) {
    try {
      await page.waitForFunction(() => window.deskStarted, null, { timeout: BOOT_MS, polling: 50 });
      await page.evaluate(() => window.deskStarted.then(() => {}));
      await page.locator(".Twilio-MainContainer, .Twilio-RootContainer").first().waitFor();
    } catch (error) {
      throw new Error(`${page.agent}'s screen does not start: ${error.message}\n${page.mishaps.join("\n")}`);
    }
  }

  /** Each scene begins with empty desks. */
  async function prepare() {
    for (const page of pages) await page.close();
    pages = [];
    opened.restart();
  }

  /** What went wrong that no scene asked for: complaints of pages, calls that nobody answered, requests that Twilio refuses. */
  async function mishaps() {
    const complaints = pages.flatMap((page) =>
      page.mishaps.filter((text) => !page.expected.some((pattern) => pattern.test(text))).map((text) => `${page.agent}: ${text}`),
    );
    const refused = [];
    for (const page of pages.filter((open) => !open.isClosed()))
      for (const what of await page.evaluate(() => window.deskRefused ?? [])) refused.push(`${page.agent}: left this machine: ${what}`);
    const { violations } = twilio.violations();
    return [...complaints, ...refused, ...desk.flexUi.unanswered.map((what) => `nobody answers ${what}`), ...violations];
  }

  async function picture(page, name) {
    if (!pictures) return;
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** What a failed scene left on the screens, in the temporary folder. */
  async function photograph(name) {
    for (const page of pages.filter((open) => !open.isClosed())) {
      const path = join(tmpdir(), `desk ${name} ${page.agent}.png`.replace(/[^\w.]+/g, "-"));
      await page.screenshot({ path }).then(
        () => console.log(`    ${path}`),
        () => {},
      );
    }
  }

  async function close() {
    await browser.close();
    await opened.close();
    rmSync(persist, { recursive: true, force: true });
  }

  return { assert, twilio, inside, away, back, configuration, workerUrl, desk, people, browser, open, sit, booted, prepare, mishaps, picture, photograph, close };
}

/** Waits until `test` answers something; its last answer is in the error otherwise. */
export async function until(test, what = "it", ms = 8_000) {
  const deadline = Date.now() + ms;
  let last;
  do {
    try {
      last = await test();
      if (last) return last;
    } catch (error) {
      last = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 40));
  } while (Date.now() < deadline);
  throw new Error(`${what} did not happen within ${ms} ms; last: ${JSON.stringify(last)}`);
}
