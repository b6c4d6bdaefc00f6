// `npm test`: everything, natively and in workerd.
//   npm test                 all of it
//   npm test -- native       only the Rust tests and what is checked with them
//   npm test -- NAME …       only tests/workerd/NAME.test.mjs
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { build, size } from "./build.mjs";
import { fail, root, run, say, setup } from "./setup.mjs";

setup();
const chosen = process.argv.slice(2);
const folder = join(root, "target/test");
mkdirSync(folder, { recursive: true });

function native() {
  const signatures = join(folder, "signatures.jsonl");
  const requests = join(folder, "requests.jsonl");
  rmSync(requests, { force: true });
  say("Random signatures, judged by twilio-node");
  run("node", ["tests/signatures.mjs", signatures]);
  say("Rust tests");
  run("cargo", ["test", "--quiet"], { env: { FLEX_EDGE_SIGNATURES: signatures, FLEX_EDGE_REQUESTS: requests } });
  say("The requests they sent, against Twilio's OpenAPI documents");
  run("node", ["tests/openapi.mjs", requests]);
}

function workerd(names) {
  say("Building the Worker");
  build();
  console.log(size());
  const files = names.map((name) => `tests/workerd/${name}.test.mjs`);
  for (const file of files) if (!existsSync(join(root, file))) fail(`There is no ${file}.`);
  const standin = readdirSync(join(root, "standin/tests"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => `standin/tests/${file}`);
  say("The Twilio stand-in, and the Worker in workerd beside it");
  // One file after the other: each starts a wrangler of its own.
  run("node", ["--test", "--test-concurrency=1", "--test-reporter=spec", ...standin, ...files], {
    
  });
}

const all = readdirSync(join(root, "tests/workerd"))
  .filter((file) => file.endsWith(".test.mjs"))
  .map((file) => file.replace(".test.mjs", ""));
if (chosen.length === 0 || chosen.includes("native")) native();
const names = chosen.length === 0 ? all : chosen.filter((name) => name !== "native");
if (names.length > 0) workerd(names);
say("All tests passed.");
