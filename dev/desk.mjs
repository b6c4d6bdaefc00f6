// `npm run desk`: the real Flex UI with the plugin, in any browser, against the Worker and the local Twilio.
// `npm run desk -- --once` stops when everything answers.
import { join } from "node:path";

import { ready } from "../desk/ready.mjs";
import { fail, root, say, setup } from "./setup.mjs";

const PORT = 8790;
const began = Date.now();
setup();
await ready();
// Only now: it needs the packages that have just been installed.
const { openDesk } = await import("../desk/open.mjs");

say("Starting the local Twilio, the Worker and the desk");
const { desk, twilio, workerUrl, close } = await openDesk({
  ports: { twilio: 4010, worker: 8787, desk: PORT },
  persist: join(root, ".wrangler/desk"),
}).catch((error) => fail(error.message));

console.log(`
Ready after ${Math.round((Date.now() - began) / 1000)} s.

  Alice's desk   ${desk.url}/?agent=alice
  Bob's desk     ${desk.url}/?agent=bob        (in another window)
  A customer     ${desk.url}/customer
  Behind it all  ${desk.url}/panel
  All at once    ${desk.url}/box

Agents: alice, bob; carol, dave (a supervisor) and erin are offline until they say otherwise. Calls are shown, not heard.
The Worker is at ${workerUrl}, the local Twilio at ${twilio.url}. Ctrl-C ends all.
`);

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  await close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
if (process.argv.includes("--once")) await end();
