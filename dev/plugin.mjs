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

const RINGBACK = `/voice/internal-call/ringback.wav
  Cache-Control: public, max-age=86400
  X-Content-Type-Options: nosniff
`;

const pluginHeaders = (version) => `/plugin/flex-edge.js*
  Cache-Control: public, max-age=300, must-revalidate
  Access-Control-Allow-Origin: *
  Cross-Origin-Resource-Policy: cross-origin
  X-Content-Type-Options: nosniff
  X-Flex-Edge-Plugin: ${version}
`;

/**
 * What the answers with static files say: of the ringing tone, which Twilio keeps for a day, and of the plugin if there is one.
 * The doctor reads its version. A browser asks for it again after five minutes, by ETag.
 */
export const headersOf = (version) => [RINGBACK, ...(version ? [pluginHeaders(version)] : [])].join("\n");

/** Writes them into public/, with the version of the plugin that lies there. */
export function writeHeaders(version = builtPlugin()) {
  const text = headersOf(version);
  if (!existsSync(headersFile) || readFileSync(headersFile, "utf8") !== text) writeFileSync(headersFile, text);
}

export const installPlugin = () => install("plugin", "Flex UI and what it needs, about 770 MB; a minute or two");

/** The version that lies in public/; undefined when there is none. */
export const builtPlugin = () => ([script, headersFile].every(existsSync) ? /X-Flex-Edge-Plugin: (.+)/.exec(readFileSync(headersFile, "utf8"))?.[1] : undefined);

const isBuilt = () => !isOlder(script, ...SOURCES);

function make({ tolerate = false } = {}) {
  if (isBuilt()) return true;
  say("Building the companion plugin");
  if (!run("npm", ["--prefix", "plugin", "run", "--silent", "build"], { tolerate })) return false;
  rmSync(served, { recursive: true, force: true });
  cpSync(dist, served, { recursive: true });
  writeHeaders(pluginVersion());
  return true;
}

/** The plugin as these sources make it; installs what that needs. */
export function buildPlugin() {
  installPlugin();
  make();
}

/** The same where its packages are installed; else the Worker goes without it, and how to get it is said. */
export function buildPluginIfInstalled() {
  writeHeaders();
  if (isBuilt()) return;
  const hint = "npm run build -- --plugin installs what it needs, about 770 MB, and builds it";
  if (!isInstalled("plugin")) say(`The companion plugin is not built: ${hint}`);
  else if (!make({ tolerate: true })) say("The companion plugin could not be built: the Worker goes without this version of it");
}
