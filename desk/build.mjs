// Bundles Flex UI as one classic script for the page: `desk/dist/host.js`, about 30 MB, built once per version.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const here = new URL(".", import.meta.url).pathname;
export const bundle = join(here, "dist/host.js");
const mark = join(here, "dist/host.version");

/** `flexUi` is the folder whose node_modules has `@twilio/flex-ui`. Answers whether it had to build. */
export async function buildHost(flexUi) {
  const modules = join(flexUi, "node_modules");
  const { version } = JSON.parse(readFileSync(join(modules, "@twilio/flex-ui/package.json"), "utf8"));
  const wanted = `@twilio/flex-ui ${version}\n${readFileSync(join(here, "page/host.js"), "utf8")}`;
  if (existsSync(bundle) && existsSync(mark) && readFileSync(mark, "utf8") === wanted) return false;
  const { build } = await import("esbuild");
  const own = createRequire(import.meta.url);
  const browser = (name) => own.resolve(name);
  await build({
    entryPoints: [join(here, "page/host.js")],
    outfile: bundle,
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2020",
    nodePaths: [modules],
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    inject: [join(here, "page/node-globals.js")],
    alias: {
      buffer: browser("buffer/"),
      events: browser("events/"),
      path: browser("path-browserify"),
      util: browser("util/"),
    },
    loader: { ".svg": "dataurl", ".css": "text", ".mp3": "dataurl" },
    logLevel: "error",
  });
  writeFileSync(mark, wanted);
  return true;
}
