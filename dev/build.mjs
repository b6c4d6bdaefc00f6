// Builds the Worker into build/: wrangler's build command. Prints the wasm's size.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { root, run, setup } from "./setup.mjs";

// What rustc's wasm32 target uses; wasm-opt has to be told.
const FEATURES = ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types"];

export function build({ out = join(root, "build"), features = [] } = {}) {
  const target = "wasm32-unknown-unknown";
  const cargo = ["build", "--release", "--lib", "--target", target, "--features", features.join(",")];
  // Panics carry source paths; this machine's are nobody's business, and long. And LLVM's
  // elimination of partial redundancies copies code, for a speed that nothing here shows.
  run("cargo", cargo, { env: { RUSTFLAGS: `--remap-path-prefix=${homedir()}=~ -Cllvm-args=-enable-pre=0` } });
  mkdirSync(out, { recursive: true });
  const wasm = join(root, "target", target, "release/flex_edge.wasm");
  run("wasm-bindgen", [wasm, "--target", "bundler", "--no-typescript", "--remove-name-section", "--out-dir", out, "--out-name", "index"]);
  const enable = FEATURES.map((name) => `--enable-${name}`);
  // rustc has inlined what is worth it; what wasm-opt would inline on top compresses badly.
  const small = ["-Os", "--converge", "--low-memory-unused", "--skip-pass=local-cse"];
  const inline = ["--always-inline-max-function-size=3", "--one-caller-inline-max-function-size=10"];
  const strip = ["--strip-producers", "--strip-target-features"];
  const wasms = [join(out, "index_bg.wasm"), "-o", join(out, "index.wasm")];
  run("wasm-opt", [...enable, ...small, ...inline, ...strip, ...wasms]);
  copyFileSync(join(root, "src/cloudflare.js"), join(out, "cloudflare.js"));
}

export function size() {
  const wasm = readFileSync(join(root, "build/index.wasm"));
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  return `wasm: ${kilobytes(wasm.length)}, gzipped ${kilobytes(gzipSync(wasm, { level: 9 }).length)}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  // `npm start` and `npm test` have built it already when they start wrangler.
  if (!process.env.FLEX_EDGE_BUILT) {
    if (!existsSync(join(root, ".tools/bin/wasm-bindgen"))) setup();
    build();
    console.log(size());
  }
}
