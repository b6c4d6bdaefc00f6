// Installs and builds what the desk needs, and says so; quick when all is there.
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { build } from "../dev/build.mjs";
import { root, run, say } from "../dev/setup.mjs";

/** The newest change below these files and folders. */
function newest(...paths) {
  const times = paths
    .filter((path) => existsSync(path))
    .map((path) => (statSync(path).isDirectory() ? newest(...readdirSync(path).map((name) => join(path, name))) : statSync(path).mtimeMs));
  return Math.max(0, ...times);
}

const isOlder = (made, ...from) => !existsSync(made) || statSync(made).mtimeMs < newest(...from.map((path) => join(root, path)));

function packages(folder, size) {
  const mark = join(root, folder, "node_modules/.package-lock.json");
  if (!isOlder(mark, `${folder}/package-lock.json`)) return;
  say(`npm packages of ${folder}/: installing (${size}, once)`);
  run("npm", ["--prefix", folder, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  utimesSync(mark, new Date(), new Date()); // newer than the lock file
}

/**
 * Flex UI bundled for the browser, the plugin and the Worker built. `flexUi` is the folder whose node_modules has
 * `@twilio/flex-ui`. Answers the folder of the plugin's bundle.
 */
export async function ready({ flexUi = join(root, "plugin") } = {}) {
  packages("plugin", "Flex UI and what it needs, about 800 MB; a minute or two");
  packages("desk", "about 110 MB");
  // Only now: it needs what has just been installed.
  const { buildHost } = await import("./build.mjs");
  if (await buildHost(flexUi)) say("Flex UI: bundled for the browser");
  const dist = join(root, "plugin/dist");
  if (isOlder(join(dist, "flex-edge.js"), "plugin/src", "plugin/package.json", "plugin/vite.config.ts", "openapi.yaml")) {
    say("Building the plugin");
    run("npm", ["--prefix", "plugin", "run", "--silent", "build"]);
  }
  build();
  return dist;
}
