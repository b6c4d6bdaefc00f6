// `npm run fuzz`: schemathesis generates requests from openapi.yaml, allowed ones and forbidden ones, and holds the Worker's
// answers against it: the built Worker beside the local Twilio. It needs Python 3.10 or newer; what else it needs is installed
// into .tools. Arguments go to schemathesis.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "./build.mjs";
import { environment, fail, root, run, say, setup } from "./setup.mjs";
import { settings, startWorker } from "./worker.mjs";

const python = join(root, ".tools/python");
const PORT = 8797;

function schemathesis() {
  const program = join(python, "bin/schemathesis");
  if (existsSync(program)) return program;
  say("schemathesis: installing");
  if (!run("python3", ["-m", "venv", python], { tolerate: true })) fail("Python 3 with the module venv is needed.");
  run(join(python, "bin/pip"), ["install", "--quiet", "--requirement", join(root, "dev/fuzz/requirements.txt")]);
  return program;
}

/** wrangler.toml with rate limits that are never reached: a 429 tells nothing of what is in the request. */
function unlimitedConfig() {
  const folder = join(root, "build/fuzz");
  mkdirSync(folder, { recursive: true });
  const config = readFileSync(join(root, "wrangler.toml"), "utf8")
    .replace(/^main = "(.*)"$/m, 'main = "../../$1"')
    .replace(/^\[build\]\n(?:.+\n)*/m, "")
    .replace(/^directory = "(.*)"$/gm, 'directory = "../../$1"')
    .replace(/\blimit = \d+/g, "limit = 1000000");
  writeFileSync(join(folder, "wrangler.toml"), config);
  return "build/fuzz/wrangler.toml";
}

setup();
build();
const program = schemathesis();
const { startTwilio, seed } = await import("../standin/index.mjs");
const url = `http://127.0.0.1:${PORT}`;
const twilio = await startTwilio({ workerUrl: url });
const persist = mkdtempSync(join(tmpdir(), "flex-edge-fuzz-"));
const vars = {
  ...settings(twilio.url),
  TWILIO_API_KEY: seed.API_KEY,
  TWILIO_API_SECRET: seed.API_SECRET,
  TWILIO_WEBCHAT_ADDRESS_SID: seed.WEBCHAT_ADDRESS_SID,
  ALLOWED_ORIGINS: "https://shop.example",
  WEBCHAT_USER_SECRET: "site-secret",
  DEFAULT_COUNTRY: "US",
};
const worker = await startWorker({ port: PORT, persist, vars, config: unlimitedConfig() });
// Twilio's webhooks are signed, which no generator does.
const options = ["--url", url, "--exclude-tag", "twilio", "--header", "Authorization: Bearer a.flex.token.of.dave"];
options.push("--header", "Origin: https://shop.example");
// It wants 401 where no token is given; the plugins know 403.
options.push("--checks", "all", "--exclude-checks", "missing_required_header", "--continue-on-failure");
const args = ["--config-file", join(root, "dev/fuzz/schemathesis.toml"), "run", join(root, "openapi.yaml"), ...options];
// Not `run`, which would keep the local Twilio from answering.
const child = spawn(program, [...args, ...process.argv.slice(2)], { cwd: persist, env: environment, stdio: "inherit" });
const status = await new Promise((resolve) => child.on("exit", resolve));
await worker.stop();
await twilio.close();
rmSync(persist, { recursive: true, force: true });
process.exit(status ?? 1);
