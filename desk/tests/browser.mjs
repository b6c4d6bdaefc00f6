// A headless Chromium from npm, and pages that remember everything that went wrong in them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromiumPack from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Both ends of a call are in one page, so this machine's own addresses are enough.
  "--disable-features=WebRtcHideLocalIpsWithMdns",
  "--allow-loopback-in-peer-connection",
  // A click is no condition for sound, which is silence anyway.
  "--autoplay-policy=no-user-gesture-required",
  // No name but this machine's resolves.
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/** Starts the browser; `CHROMIUM` names an installed one. Answers `{page(), close()}`. */
export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), "flex-edge-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? (await chromiumPack.executablePath()),
    headless: true,
    viewport: { width: 1280, height: 800 },
    args: ARGS,
  });
  context.setDefaultTimeout(10_000);
  context.setDefaultNavigationTimeout(30_000);

  /** A new tab; `page.mishaps` is what it complained of. */
  async function page() {
    const opened = await context.newPage();
    opened.mishaps = [];
    opened.on("pageerror", (error) => opened.mishaps.push(`page error: ${error.stack ?? error.message}`));
    opened.on("console", (message) => {
      if (message.type() === "error") opened.mishaps.push(`console: ${message.text()} ${message.location()?.url ?? ""}`.trim());
    });
    return opened;
  }

  return {
    page,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
