// Builds the Worker into build/ with worker-build, unless it is there: wrangler's build
// command, and `npm run build`. Prints the wasm's size.
//   npm run build -- --plugin   also the companion plugin, and installs what that needs
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { buildPlugin, buildPluginIfInstalled } from "./plugin.mjs";
import { fail, root, run, setup, wasmBindgen } from "./setup.mjs";

const LIMIT = 1_000_000; // of the gzipped wasm; the platform takes 3 MB

// All that the build depends on. What src/ includes from elsewhere is documentation.
const SOURCES = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json", "dev/build.mjs", "src"];

function fingerprint(features) {
  const hash = createHash("sha256").update(features.join());
  for (const source of SOURCES) {
    const folder = source === "src";
    const files = folder ? readdirSync(join(root, source), { recursive: true }).sort() : [""];
    for (const file of files.filter((name) => !folder || /\.(rs|js)$/.test(name))) {
      const path = join(source, file);
      hash.update(`\n${path}\n`).update(readFileSync(join(root, path)));
    }
  }
  return hash.digest("hex");
}

const bin = (name) => join(root, "node_modules/.bin", name);

function tools() {
  const own = { ESBUILD_BIN: bin("esbuild") };
  return existsSync(wasmBindgen) ? { ...own, WASM_BINDGEN_BIN: wasmBindgen } : own;
}

// What rustc and wasm-bindgen use of WebAssembly: wasm-opt is to add nothing to it.
const WASM_FEATURES = ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types", "exception-handling"];

function optimize(wasm) {
  run(bin("wasm-opt"), ["-O", ...WASM_FEATURES.map((name) => `--enable-${name}`), wasm, "-o", wasm]);
}

// Panics carry source paths; this machine's are nobody's business, and long. Cargo names a
// folder after each registry.
function remap() {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src");
  const folders = existsSync(registry) ? readdirSync(registry).map((name) => [join(registry, name), "crates"]) : [];
  const pairs = [[homedir(), "~"], ...folders];
  return pairs.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join("\x1f");
}

// What a build was made of is noted beside it.
const marked = (out) => join(out, ".built");
const isBuilt = (out, features) =>
  existsSync(marked(out)) && readFileSync(marked(out), "utf8") === fingerprint(features);

// Features other than the default belong into a folder of their own.
export function build({ out = join(root, "build"), features = [] } = {}) {
  if (isBuilt(out, features)) return;
  rmSync(marked(out), { force: true });
  const sources = fingerprint(features);
  const cargo = ["--locked", ...features.flatMap((name) => ["--features", name])];
  run("cargo", ["fetch", "--locked", "--target", "wasm32-unknown-unknown"]);
  run("worker-build", ["--release", "--out-dir", out, ...cargo], {
    env: { ...tools(), CARGO_ENCODED_RUSTFLAGS: remap() },
  });
  optimize(join(out, "index_bg.wasm"));
  writeFileSync(marked(out), sources);
}

function weigh() {
  const wasm = readFileSync(join(root, "build/index_bg.wasm"));
  return { bytes: wasm.length, gzipped: gzipSync(wasm, { level: 9 }).length };
}

export function size() {
  const { bytes, gzipped } = weigh();
  return `wasm: ${(bytes / 1000).toFixed(1)} KB, gzipped ${(gzipped / 1000).toFixed(1)} KB`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (!isBuilt(join(root, "build"), [])) setup();
  build();
  console.log(size());
  if (weigh().gzipped > LIMIT) fail(`The Worker is larger than ${LIMIT / 1000} KB gzipped.`);
  if (process.argv.includes("--plugin")) buildPlugin();
  // `npm run deploy` has decided about it.
  else if (!process.env.FLEX_EDGE_SETTINGS) buildPluginIfInstalled();
}
