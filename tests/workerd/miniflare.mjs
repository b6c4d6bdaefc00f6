// Runs the built Worker in workerd with the bindings of wrangler.toml. It is what `wrangler dev` does, less its proxies, which
// cost ten times what the Worker does.
import { createRequire } from "node:module";
import { devNull } from "node:os";
import { join } from "node:path";

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

import { edgeModules } from "../../bench/workerd.mjs";
import { root } from "../../dev/setup.mjs";

const { unstable_getMiniflareWorkerOptions: optionsOf } = createRequire(import.meta.url)("wrangler");

/**
 * Resolves when it answers on `port`. `persist` is the folder of its state, `vars` its settings, `lines` what it logs. Without
 * `assets` there is no router for static files before it, which would cost every request.
 */
export async function startMiniflare({ port, persist, vars, assets: hasAssets = false }) {
  const lines = [];
  // Somebody's own .dev.vars must not reach a Worker that is tested.
  const { assets, ...workerOptions } = optionsOf(join(root, "wrangler.toml"), undefined, { envFiles: [devNull] }).workerOptions;
  const modules = edgeModules().map(({ name, path, wasm }) => ({ name, path, type: wasm ? "CompiledWasm" : "ESModule" }));
  const options = {
    host: "127.0.0.1",
    port,
    cf: false,
    resourcePersistencePath: persist,
    unsafeTriggerHandlers: true, // `/cdn-cgi/local/scheduled`
    log: new Log(LogLevel.WARN),
    handleStructuredLogs: ({ message }) => lines.push(message),
    workers: [
      {
        ...workerOptions,
        ...(hasAssets && { assets }),
        name: "flex-edge",
        modulesRoot: root,
        modules,
        bindings: { ...workerOptions.bindings, ...vars },
      },
    ],
  };
  const miniflare = new Miniflare(convertV4MiniflareOptions(options));
  await miniflare.ready;
  return { lines, stop: () => miniflare.dispose() };
}
