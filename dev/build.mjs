// Builds the Worker into build/: wrangler's build command. Prints the wasm's size.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { fail, root, run, setup } from "./setup.mjs";

export function build(args = [], env = {}) {
  if (!run("worker-build", ["--release", ...args], { env, tolerate: true })) fail("The Worker did not build.");
}

export function size() {
  const wasm = readFileSync(join(root, "build/worker/index.wasm"));
  return { raw: wasm.length, gzipped: gzipSync(wasm, { level: 9 }).length };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (!existsSync(join(root, ".tools/bin/worker-build"))) setup();
  build();
  const { raw, gzipped } = size();
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  console.log(`wasm: ${kilobytes(raw)}, gzipped ${kilobytes(gzipped)}`);
}
