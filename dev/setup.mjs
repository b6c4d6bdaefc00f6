// Installs what is missing, into the project: npm packages, Rust as rust-toolchain.toml pins
// it, worker-build and what it runs. All is locked, and quick when all is there.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const root = new URL("..", import.meta.url).pathname;
const tools = join(root, ".tools");

// The version of a crate in a lock file.
const locked = (name, file = "Cargo.lock") =>
  readFileSync(join(root, file), "utf8").match(`name = "${name}"\nversion = "([^"]+)"`)?.[1];

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
  if (!output("rustup", ["--version"])) fail("rustup is missing: it brings Rust, see https://rustup.rs.");
}

/** The newest change below these files and folders; what is generated does not count. */
function newest(...paths) {
  const times = paths
    .filter((path) => existsSync(path) && !path.endsWith("generated.d.ts"))
    .map((path) => (statSync(path).isDirectory() ? newest(...readdirSync(path).map((name) => join(path, name))) : statSync(path).mtimeMs));
  return Math.max(0, ...times);
}

/** Whether `made` is missing, or older than what it is made from. */
export const isOlder = (made, ...from) => !existsSync(made) || statSync(made).mtimeMs < newest(...from.map((path) => join(root, path)));

const packagesOf = (folder) => join(root, folder, "node_modules/.package-lock.json");
export const isInstalled = (folder) => !isOlder(packagesOf(folder), join(folder, "package-lock.json"));

/** Installs the npm packages of a folder in the versions of its lock file, unless they are there. */
export function install(folder, about) {
  if (isInstalled(folder)) return;
  say(`npm packages${folder === "." ? "" : ` of ${folder}/`}: installing (${about})`);
  // Not `npm ci`: it refuses a lock file without the binaries of platforms it was not made on.
  run("npm", ["--prefix", folder, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  utimesSync(packagesOf(folder), new Date(), new Date()); // newer than the lock file
}

function packages() {
  install(".", "about half a minute");
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

function rust() {
  // What rust-toolchain.toml asks for.
  const wanted = ["cargo", "clippy", "rustfmt", "rust-std-wasm32-unknown-unknown"];
  const installed = output("rustup", ["component", "list", "--installed"]) ?? "";
  if (wanted.every((name) => installed.includes(name))) return;
  const [, version] = readFileSync(join(root, "rust-toolchain.toml"), "utf8").match(/channel = "(.+)"/);
  say(`Rust ${version} with its wasm32 target: installing (about 15 seconds)`);
  if (!run("rustup", ["toolchain", "install"], { tolerate: true })) {
    fail(`Rust ${version} could not be installed; \`rustup toolchain install ${version} --target wasm32-unknown-unknown\` says why.`);
  }
}

// Compiling them takes longer than they ever run: nothing is optimized. And what both need
// is compiled once.
const cheap = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_PROFILE_RELEASE_STRIP: "symbols",
  CARGO_TARGET_DIR: join(tools, "target"),
};

function compile(name, version, from, hint) {
  say(`${name} ${version}: compiling (about ${hint}, once)`);
  const install = ["install", ...from, "--bin", name, "--locked", "--force", "--root", tools];
  if (run("cargo", install, { env: cheap, tolerate: true })) return;
  fail(`${name} ${version} could not be compiled from the versions it is locked to; cargo says above which is missing, or why.`);
}

function workerBuild() {
  const version = locked("worker"); // they are released together
  if (!version) fail("Cargo.lock names no `worker`.");
  if (output(join(tools, "bin/worker-build"), ["--version"]) === version) return;
  if (process.platform === "linux" && output("pkg-config", ["--exists", "openssl"]) === null) {
    say("pkg-config finds no OpenSSL: if worker-build does not compile, install both (Debian: pkg-config, libssl-dev)");
  }
  compile("worker-build", version, ["worker-build", "--version", version], "2 minutes");
}

// worker-build downloads wasm-bindgen where it can; elsewhere it is compiled.
export const wasmBindgen = join(tools, "bin/wasm-bindgen");

function bindgen() {
  const version = locked("wasm-bindgen");
  const ours = locked("wasm-bindgen-cli", "dev/tools/Cargo.lock");
  if (version !== ours) fail(`Cargo.lock has wasm-bindgen ${version}, dev/tools/Cargo.lock ${ours}: they must be the same.`);
  if (existsSync(wasmBindgen)) {
    if (output(wasmBindgen, ["--version"])?.endsWith(` ${version}`)) return;
    rmSync(wasmBindgen);
  }
  const mark = join(tools, "prebuilt");
  if (existsSync(mark) && readFileSync(mark, "utf8") === version) return;
  if (reachable(`https://github.com/wasm-bindgen/wasm-bindgen/releases/tag/${version}`)) {
    writeFileSync(mark, version);
    return;
  }
  rmSync(mark, { force: true });
  compile("wasm-bindgen", version, ["--path", "dev/tools"], "1 minute");
}

function reachable(url) {
  const ask = `fetch(process.argv[1], { method: "HEAD", signal: AbortSignal.timeout(5000) })
    .then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
  return output(process.execPath, ["--eval", ask, url]) !== null;
}

export function setup() {
  needs();
  packages();
  rust();
  workerBuild();
  bindgen();
  rmSync(cheap.CARGO_TARGET_DIR, { recursive: true, force: true });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  setup();
  say("All there.");
}
