// What `npm start` installs: the versions that are locked, or nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { root } from "../../dev/setup.mjs";

const folder = mkdtempSync(join(tmpdir(), "flex-edge-setup-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const read = (file) => readFileSync(join(root, file), "utf8");

/** As much of the project as the setup looks at, without its tools, and with a cargo that notes what it is asked and fails. */
function freshProject() {
  for (const file of ["Cargo.lock", "rust-toolchain.toml", "package.json", "package-lock.json", "dev/setup.mjs", "dev/tools/Cargo.lock"])
    cpSync(join(root, file), join(folder, file), { preserveTimestamps: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "cargo"), `#!/bin/sh\necho "$@" >> ${join(folder, "asked")}\necho "error: the lock file needs an update" >&2\nexit 101\n`);
  chmodSync(join(bin, "cargo"), 0o755);
  return spawnSync(process.execPath, ["dev/setup.mjs"], { cwd: folder, encoding: "utf8", env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
}

test("a tool whose locked versions cannot be had is a named failure, and nothing newer is taken", () => {
  const { status, stdout, stderr } = freshProject();
  assert.equal(status, 1, stdout + stderr);
  const [, version] = /name = "worker"\nversion = "([^"]+)"/.exec(read("Cargo.lock"));
  assert.match(stderr, new RegExp(`worker-build ${version.replaceAll(".", "\\.")} could not be compiled from the versions it is locked to`));
  assert.match(stderr, /the lock file needs an update/, "cargo's own reason is seen");
  const asked = readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
  assert.equal(asked.length, 1, asked.join("\n"));
  assert.match(asked[0], new RegExp(`^install worker-build --version ${version} .*--locked`));
  assert.ok(!existsSync(join(folder, ".tools/bin")));
});

test("whatever else is installed is locked too", () => {
  const scripts = readdirSync(join(root, "dev"), { recursive: true }).filter((file) => file.endsWith(".mjs"));
  const lines = scripts.flatMap((file) => read(join("dev", file)).split("\n"));
  const cargo = lines.filter((line) => /"(install|fetch)", /.test(line) && !/npm|toolchain|pip/.test(line));
  assert.ok(cargo.length >= 2);
  for (const line of cargo) assert.match(line, /--locked/);
  for (const line of read("dev/fuzz/requirements.txt").split("\n").filter((text) => text && !text.startsWith("#"))) assert.match(line, /^[\w.[\]-]+==[\w.]+$/);
  for (const file of ["package.json", "desk/package.json", "plugin/package.json"]) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file));
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) assert.match(version, /^\d+\.\d+\.\d+/, `${file}: ${name}`);
  }
});
