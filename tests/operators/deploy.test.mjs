// `npm run deploy`: dry runs, and a deployment at a server in Cloudflare's place.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { flagsOf } from "../../dev/deploy.mjs";
import { readSettings, SECRETS, TOOLS, VARS, withValues } from "../../dev/settings.mjs";
import { environment, root } from "../../dev/setup.mjs";
import { startCloudflare, VERSIONS } from "./cloudflare.mjs";

const SECRET = "an auth token of nobody";
const RINGBACK = "/voice/internal-call/ringback.wav";
const SERVED = ["/plugin/flex-edge.js", "/plugin/flex-edge.js.map", RINGBACK];
let cloudflare;
let folder;
let file;
before(async () => {
  cloudflare = await startCloudflare();
  folder = mkdtempSync(join(tmpdir(), "flex-edge-deploy-test-"));
});
after(() => {
  cloudflare.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  cloudflare.uploads.length = 0;
  file = join(folder, `${Math.random()}.vars`);
});

function start(program, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: { ...environment, NO_COLOR: "1", FORCE_COLOR: "0", ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("exit", (status) => resolve({ status, output }));
  });
}
// Without the plugin, whose packages are not there before its own tests.
const deploy = (...args) => start(process.execPath, ["dev/deploy.mjs", "--settings", file, "--without-plugin", ...args], { CLOUDFLARE_API_BASE_URL: cloudflare.url });
const write = (lines) => writeFileSync(file, `${lines.join("\n")}\n`);
const COMPLETE = [
  "# Ours",
  `TWILIO_ACCOUNT_SID=AC${"0".repeat(32)}`,
  `TWILIO_AUTH_TOKEN="${SECRET}"`,
  "ALLOWED_ORIGINS=https://a.example.com,https://b.example.com",
  "TWILIO_FLEX_CALLER_ID=+15550009999 # the main line",
  "TURNSTILE_SECRET=",
  `CLOUDFLARE_ACCOUNT_ID=${"0".repeat(32)}`,
  "CLOUDFLARE_API_TOKEN=made-up",
];

describe("settings become vars and secrets", () => {
  test("every name of the example is one or the other, and each secret is there", () => {
    const example = readFileSync(join(root, ".dev.vars.example"), "utf8");
    for (const name of [...SECRETS, ...TOOLS]) assert.ok(example.includes(`${name}=`), name);
    assert.ok(VARS.includes("TWILIO_FLEX_WORKSPACE_SID") && !VARS.includes("TWILIO_API_BASE"));
  });

  test("vars are flags, secrets are not; without any, the Worker keeps what it has", () => {
    write(COMPLETE);
    const { flags, secrets } = flagsOf(readSettings(file), "secrets.json");
    assert.deepEqual(secrets, { TWILIO_AUTH_TOKEN: SECRET });
    assert.ok(!flags.join(" ").includes(SECRET));
    assert.ok(flags.includes("TWILIO_FLEX_CALLER_ID:+15550009999"));
    write(["# nothing yet", "WORKER_NAME=mine"]);
    assert.deepEqual(flagsOf(readSettings(file), "secrets.json").flags, ["--keep-vars"]);
  });

  test("a misspelt name and the local Twilio stop it", async () => {
    write([...COMPLETE, "TWILIO_FLEX_CALLERID=+1"]);
    const misspelt = await deploy("--dry-run");
    assert.deepEqual([misspelt.status, /no such setting: TWILIO_FLEX_CALLERID/.test(misspelt.output)], [1, true]);
    write([...COMPLETE, "TWILIO_API_BASE=http://127.0.0.1:4010"]);
    assert.match((await deploy("--dry-run")).output, /TWILIO_API_BASE is for development/);
  });

  test("values are put where they belong", () => {
    const text = "A=1\nexport B = 'x y' # keep\n# C=old\nA=2\r\nD=\"a # b\"#c\n";
    assert.equal(withValues(text, { A: "3", B: "z", C: "new one", D: "d", E: "5" }), 'A=1\nexport B = z # keep\n# C=old\nC="new one"\nA=3\r\nD=d#c\nE=5\n');
    assert.equal(withValues("A=1", { B: "2" }), "A=1\nB=2\n");
  });
});

describe("deployments", () => {
  for (const args of [[], ["--env", "staging"]]) {
    test(`the dry run shows every binding ${args.join(" ")}`, async () => {
      write(COMPLETE);
      const { status, output } = await deploy("--dry-run", ...args);
      assert.equal(status, 0, output);
      for (const binding of ["STATE", "GATE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "ALLOWED_ORIGINS"]) assert.ok(output.includes(`env.${binding}`), binding);
      assert.ok(!output.includes(SECRET) && !/inherit|not recommended/.test(output), output);
      assert.match(output, /companion plugin: (none;|\d)/);
      assert.deepEqual(cloudflare.uploads, []);
    });
  }

  test("vars, secrets and the file's address arrive; wrangler.toml and the file's comments stay", async () => {
    const config = readFileSync(join(root, "wrangler.toml"), "utf8");
    write(COMPLETE);
    const { status, output } = await deploy();
    assert.equal(status, 0, output);
    const [{ metadata }] = cloudflare.uploads;
    const found = Object.fromEntries(metadata.bindings.map(({ name, type, text }) => [name, [type, text]]));
    assert.deepEqual(found.TWILIO_AUTH_TOKEN, ["secret_text", SECRET]);
    assert.deepEqual(found.ALLOWED_ORIGINS, ["plain_text", "https://a.example.com,https://b.example.com"]);
    assert.deepEqual(found.TWILIO_FLEX_CALLER_ID, ["plain_text", "+15550009999"]);
    for (const name of ["TURNSTILE_SECRET", "CLOUDFLARE_API_TOKEN", "WORKER_URL"]) assert.ok(!(name in found), name);
    assert.equal(readFileSync(join(root, "wrangler.toml"), "utf8"), config);
    assert.match(output, /It answers at https:\/\/flex-edge\.example\.workers\.dev\. Next: npm run doctor/);
    assert.equal(readFileSync(file, "utf8"), `${COMPLETE.join("\n")}\nWORKER_URL=https://flex-edge.example.workers.dev\n`);
    assert.ok(!output.includes(SECRET));
  });

  for (const args of [[], ["--env", "staging"]]) {
    test(`the platform's own log line, which has URLs with their queries, is off ${args.join(" ")}`, async () => {
      write(COMPLETE);
      const { status, output } = await deploy(...args);
      assert.equal(status, 0, output);
      const { enabled, logs } = cloudflare.uploads[0].metadata.observability;
      assert.deepEqual([enabled, logs.enabled, logs.invocation_logs], [true, true, false]);
    });
  }

  test("static files are deployed, and everything else is the Worker's", async () => {
    write(COMPLETE);
    assert.equal((await deploy()).status, 0);
    const [{ assets }] = cloudflare.uploads.map(({ metadata }) => metadata);
    const names = Object.keys(cloudflare.files.at(-1));
    const known = new Set(["/README.md", ...SERVED]);
    assert.deepEqual(names.filter((name) => !known.has(name)), []);
    assert.ok(names.includes(RINGBACK), "the ringing tone is there without the plugin");
    assert.deepEqual(assets.config.run_worker_first, ["/*", ...SERVED.map((name) => `!${name}`)]);
    assert.match(assets.config._headers, new RegExp(`^${RINGBACK}\n  Cache-Control: public, max-age=86400\n`, "m"));
  });

  test("a version is uploaded without being deployed", async () => {
    write([...COMPLETE, "WORKER_NAME=our-edge"]);
    await deploy();
    const { status, output } = await deploy("--upload", "--tag", "v2");
    assert.equal(status, 0, output);
    const { path, metadata } = cloudflare.uploads.at(-1);
    assert.match(path, /\/scripts\/our-edge\/versions$/);
    assert.equal(metadata.annotations["workers/tag"], "v2");
    assert.ok(metadata.bindings.some(({ name, type }) => name === "TWILIO_AUTH_TOKEN" && type === "secret_text"));
  });

  test("a version goes to some, to all, and back: the commands of docs/operate.md", async () => {
    write([...COMPLETE]);
    await deploy();
    const env = { CLOUDFLARE_API_BASE_URL: cloudflare.url, CLOUDFLARE_API_TOKEN: "made-up", CLOUDFLARE_ACCOUNT_ID: "0".repeat(32) };
    const [newest, before] = VERSIONS;
    const wrangler = async (...args) => {
      const { status, output } = await start("wrangler", args, env);
      assert.equal(status, 0, output);
      return cloudflare.deployed[0].versions.map(({ version_id: id, percentage }) => [id, percentage]);
    };
    const split = await wrangler("versions", "deploy", `${newest}@10%`, `${before}@90%`, "--name", "flex-edge", "--yes");
    assert.deepEqual(split.sort(), [[before, 90], [newest, 10]]);
    assert.deepEqual(await wrangler("versions", "deploy", `${newest}@100%`, "--name", "flex-edge", "--yes"), [[newest, 100]]);
    assert.deepEqual(await wrangler("rollback", before, "--name", "flex-edge", "--message", "why", "--yes"), [[before, 100]]);
  });

  test("wrangler alone is stopped before it deletes the vars", async () => {
    const { status, output } = await start("wrangler", ["deploy", "--dry-run", "--env", ""]);
    assert.notEqual(status, 0);
    assert.match(output, /Use `npm run deploy`/);
    assert.deepEqual(cloudflare.uploads, []);
  });
});
