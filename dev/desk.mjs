// `npm run desk`: the real Flex UI with the plugin, in any browser, against the Worker and the local Twilio.
// `npm run desk -- --once` stops when everything answers.
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { build } from "./build.mjs";
import { fail, root, run, say, setup } from "./setup.mjs";

const PORT = 8790;
const began = Date.now();
setup();

/** The newest change below these files and folders. */
const newest = (...paths) =>
  Math.max(
    ...paths
      .filter((path) => existsSync(path))
      .map((path) =>
        statSync(path).isDirectory()
          ? newest(...readdirSync(path).filter((name) => name !== "node_modules").map((name) => join(path, name)))
          : statSync(path).mtimeMs,
      ),
    0,
  );
const older = (made, ...from) => !existsSync(made) || statSync(made).mtimeMs < newest(...from.map((path) => join(root, path)));

function packages(folder, what) {
  const mark = join(root, folder, "node_modules/.package-lock.json");
  if (!older(mark, `${folder}/package-lock.json`)) return;
  say(`npm packages of ${folder}/: installing (${what})`);
  run("npm", ["--prefix", folder, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  utimesSync(mark, new Date(), new Date()); // newer than the lock file
}

packages("plugin", "Flex UI and what it needs, about 900 MB; a minute or two, once");
packages("desk", "about 110 MB, once");
// Only now: they need the packages that have just been installed.
const { buildHost } = await import("../desk/build.mjs");
const { openDesk } = await import("../desk/open.mjs");

if (await buildHost(join(root, "plugin"))) say("Flex UI: bundled for the browser");
const bundle = join(root, "plugin/dist/flex-edge.js");
if (older(bundle, "plugin/src", "plugin/package.json", "openapi.yaml")) {
  say("Building the plugin");
  run("npm", ["--prefix", "plugin", "run", "--silent", "build"]);
}
build();

say("Starting the local Twilio, the Worker and the desk");
const { desk, twilio, workerUrl, close } = await openDesk({
  ports: { twilio: 4010, worker: 8787, desk: PORT },
  persist: join(root, ".wrangler/desk"),
  plugin: join(root, "plugin/dist"),
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
