// Installs and builds what the desk needs, and says so; quick when all is there.
import { join } from "node:path";

import { build } from "../dev/build.mjs";
import { buildPlugin, installPlugin } from "../dev/plugin.mjs";
import { install, root, say } from "../dev/setup.mjs";

/** Flex UI bundled for the browser, the plugin and the Worker built. `flexUi` is the folder whose node_modules has `@twilio/flex-ui`. */
export async function ready({ flexUi = join(root, "plugin") } = {}) {
  installPlugin();
  install("desk", "a browser for the tests, about 110 MB");
  // Only now: it needs what has just been installed.
  const { buildHost } = await import("./build.mjs");
  if (await buildHost(flexUi)) say("Flex UI: bundled for the browser");
  buildPlugin();
  build();
}
