// `npm run fuzz`: schemathesis generates requests from openapi.yaml, allowed ones and forbidden ones, and holds the Worker's
// answers against it: the built Worker beside the local Twilio. It needs Python 3.10 or newer; what else it needs is installed
// into .tools. Arguments go to schemathesis.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "./build.mjs";
import { fail, root, run, say, setup } from "./setup.mjs";
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
  DEFAULT_COUNTRY: "US",
};
const worker = await startWorker({ port: PORT, persist, vars });
// Twilio's webhooks are signed, which no generator does.
const options = ["--url", url, "--exclude-tag", "twilio", "--header", "Authorization: Bearer a.flex.token.of.dave"];
options.push("--header", "Origin: https://shop.example");
const passed = run(program, ["--config-file", join(root, "dev/fuzz/schemathesis.toml"), "run", join(root, "openapi.yaml"), ...options, ...process.argv.slice(2)], { tolerate: true });
await worker.stop();
await twilio.close();
rmSync(persist, { recursive: true, force: true });
process.exit(passed ? 0 : 1);
