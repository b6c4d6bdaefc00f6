// Builds the companion plugin into public/, from where the Worker serves it as /plugin/flex-edge.js.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { install, isInstalled, isOlder, root, run, say } from "./setup.mjs";

const SOURCES = ["plugin/src", "plugin/package.json", "plugin/package-lock.json", "plugin/vite.config.ts", "openapi.yaml", "dev/plugin.mjs"];
const dist = join(root, "plugin/dist");
const served = join(root, "public/plugin");
const script = join(served, "flex-edge.js");
const headersFile = join(root, "public/_headers");

export const pluginVersion = () => JSON.parse(readFileSync(join(root, "plugin/package.json"), "utf8")).version;

/** Of every answer that has the plugin; the doctor reads the version. A browser asks again after five minutes, by ETag. */
export const headersOf = (version) => `/plugin/flex-edge.js*
  Cache-Control: public, max-age=300, must-revalidate
  Access-Control-Allow-Origin: *
  Cross-Origin-Resource-Policy: cross-origin
  X-Content-Type-Options: nosniff
  X-Flex-Edge-Plugin: ${version}
`;

export const installPlugin = () => install("plugin", "Flex UI and what it needs, about 770 MB; a minute or two");

/** The version that lies in public/; undefined when there is none. */
export const builtPlugin = () => (existsSync(script) ? /X-Flex-Edge-Plugin: (.+)/.exec(readFileSync(headersFile, "utf8"))?.[1] : undefined);

const isBuilt = () => !isOlder(script, ...SOURCES);

function make({ tolerate = false } = {}) {
  if (isBuilt()) return true;
  say("Building the companion plugin");
  if (!run("npm", ["--prefix", "plugin", "run", "--silent", "build"], { tolerate })) return false;
  rmSync(served, { recursive: true, force: true });
  cpSync(dist, served, { recursive: true });
  writeFileSync(headersFile, headersOf(pluginVersion()));
  return true;
}

/** The plugin as these sources make it; installs what that needs. */
export function buildPlugin() {
  installPlugin();
  make();
}

/** The same where its packages are installed; else the Worker goes without it, and how to get it is said. */
export function buildPluginIfInstalled() {
  if (isBuilt()) return;
  const hint = "npm run build -- --plugin installs what it needs, about 770 MB, and builds it";
  if (!isInstalled("plugin")) say(`The companion plugin is not built: ${hint}`);
  else if (!make({ tolerate: true })) say("The companion plugin could not be built: the Worker goes without this version of it");
}
