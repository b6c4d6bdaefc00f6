// `npm start`: installs what is missing, builds, and runs the Worker beside the local Twilio.
// `npm start -- --once` stops when both answer: whether it works on a fresh machine.
import { join } from "node:path";

import { build, size } from "./build.mjs";
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
const twilio = await startTwilio({ port: 4010, workerUrl: "http://127.0.0.1:8787", connected: true }).catch((error) => {
  console.error(`The local Twilio cannot listen on 127.0.0.1:4010: ${error.message}`);
  process.exit(1);
});
const worker = await startWorker({
  port: 8787,
  persist: join(root, ".wrangler/state"),
  vars: settings(twilio.url),
  onLine: (line) => console.log(line),
}).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(tour());

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  await worker.stop();
  await twilio.close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
if (process.argv.includes("--once")) await end();
