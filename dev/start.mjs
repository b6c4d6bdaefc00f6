// `npm start`: installs what is missing, builds, and runs the Worker beside the local Twilio.
//   npm start -- --once    stops when both answer: whether it works on a fresh machine
//   npm start -- --fresh   with an account in which nothing is set up: for `npm run provision -- --local`
import { rmSync, watchFile } from "node:fs";
import { join } from "node:path";

import { build, size } from "./build.mjs";
import { fileOf, readSettings, saveSettings, TOOLS } from "./settings.mjs";
import { root, say, setup } from "./setup.mjs";
import { tour } from "./tour.mjs";

setup();
// Only now: they need the packages that setup has installed.
const { startTwilio } = await import("../standin/index.mjs");
const { settings, startWorker } = await import("./worker.mjs");
say("Building the Worker");
build();
console.log(size());

say("Starting the local Twilio and the Worker");
const workerUrl = "http://127.0.0.1:8787";
const isFresh = process.argv.includes("--fresh");
const account = isFresh ? "fresh" : "seed";
const twilio = await startTwilio({ port: 4010, workerUrl, account, connected: !isFresh }).catch((error) => {
  console.error(`The local Twilio cannot listen on 127.0.0.1:4010: ${error.message}`);
  process.exit(1);
});

// The Worker's settings, where `npm run doctor -- --local` and `npm run provision -- --local` find them.
const file = fileOf("local");
const known = settings(twilio.url);
const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_BASE } = known;
rmSync(file, { force: true });
saveSettings(file, { ...(isFresh ? { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_BASE } : known), WORKER_URL: workerUrl });

const start = () =>
  startWorker({
    port: 8787,
    persist: join(root, ".wrangler/state"),
    vars: Object.fromEntries(Object.entries(readSettings(file).values).filter(([name]) => !TOOLS.includes(name))),
    onLine: (line) => console.log(line),
  }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
let worker = await start();
let restarting = Promise.resolve();
let quiet;
watchFile(file, { interval: 300 }, () => {
  clearTimeout(quiet); // `npm run provision` writes one SID after the other
  quiet = setTimeout(() => {
    restarting = restarting.then(async () => {
      say("The settings have changed: starting the Worker again");
      await worker.stop();
      worker = await start();
    });
  }, 1_000);
});
console.log(tour());

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  clearTimeout(quiet);
  await restarting;
  await worker.stop();
  await twilio.close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
if (process.argv.includes("--once")) await end();
