// Installs what is missing, into the project: npm packages, Rust's wasm target, wasm-bindgen
// from crates.io. Pinned, and quick when all is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const root = new URL("..", import.meta.url).pathname;
const tools = join(root, ".tools");

// wasm-bindgen's tool and crate must be the very same version.
const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
const wasmBindgen = lock.match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)[1];

// What every child process gets: this project's Node and tools first.
export const environment = {
  ...process.env,
  PATH: `${join(root, "node_modules/.bin")}:${join(tools, "bin")}:${process.env.PATH}`,
  WRANGLER_SEND_METRICS: "false",
  FORCE_COLOR: process.stdout.isTTY ? "1" : "0",
};

export function say(text) {
  console.log(`\x1b[1m· ${text}\x1b[0m`);
}

export function fail(text) {
  console.error(`\n${text}`);
  process.exit(1);
}

// Runs a program in the project's folder; what it prints is seen as it comes.
export function run(program, args, { tolerate = false, env = {} } = {}) {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...environment, ...env },
  });
  if (error && !tolerate) fail(`${program} could not be run: ${error.message}`);
  if (status !== 0 && !tolerate) process.exit(status ?? 1);
  return status === 0;
}

const output = (program, args) => {
  const { status, stdout } = spawnSync(program, args, { cwd: root, env: environment, encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
};

function needs() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) fail(`Node 20 or newer is needed; this is ${process.version}.`);
  if (!output("cargo", ["--version"])) fail("Rust is missing: install it with rustup, see https://rustup.rs.");
  if (!output("rustup", ["--version"])) fail("rustup is missing: it brings Rust's wasm32 target, see https://rustup.rs.");
}

function packages() {
  const mark = join(root, "node_modules/.package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (!existsSync(mark) || statSync(mark).mtimeMs < statSync(wanted).mtimeMs) {
    say("npm packages: installing (about half a minute)");
    // Not `npm ci`: it refuses a lock file without the binaries of platforms it was not made on.
    run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
    writeFileSync(mark, readFileSync(mark)); // newer than the lock file
  }
  // Wrangler wants Node 22, which the package `node` unpacks in an install script.
  const node = output(join(root, "node_modules/.bin/node"), ["--version"]);
  if (!node?.startsWith("v22.")) {
    say("Node 22 for wrangler: unpacking");
    run("npm", ["rebuild", "node", "--foreground-scripts", "--ignore-scripts=false"], { tolerate: true });
    if (!output(join(root, "node_modules/.bin/node"), ["--version"])?.startsWith("v22.")) {
      fail("The npm package `node` could not unpack Node 22 for this machine; install Node 22 and try again.");
    }
  }
}

function target() {
  const installed = output("rustup", ["target", "list", "--installed"]) ?? "";
  if (installed.split(/\s+/).includes("wasm32-unknown-unknown")) return;
  say("Rust's wasm32 target: installing (about half a minute)");
  run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
}

function bindgen() {
  if (output(join(tools, "bin/wasm-bindgen"), ["--version"])?.includes(wasmBindgen)) return;
  say(`wasm-bindgen ${wasmBindgen}: compiling (about 2 minutes, once)`);
  const install = ["install", "wasm-bindgen-cli", "--version", wasmBindgen, "--root", tools];
  // Its lock file may name versions that have been withdrawn.
  if (!run("cargo", [...install, "--locked"], { tolerate: true })) run("cargo", install);
}

export function setup() {
  needs();
  packages();
  target();
  bindgen();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  setup();
  say("All there.");
}
