// `npm test`: everything, natively and in workerd.
//   npm test                 all of it
//   npm test -- NAME …       only these parts (the list PARTS below), or tests/workerd/NAME.test.mjs and NAME-….test.mjs
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { build, size } from "./build.mjs";
import { installPlugin } from "./plugin.mjs";
import { fail, root, run, say, setup } from "./setup.mjs";

const folder = join(root, "target/test");

/** The test files of a folder, the `last` ones at the end. */
function testsOf(path, last = []) {
  const files = existsSync(join(root, path)) ? readdirSync(join(root, path)) : [];
  const names = files.filter((file) => file.endsWith(".test.mjs")).map((file) => file.replace(".test.mjs", ""));
  const order = [...names.filter((name) => !last.includes(name)), ...last.filter((name) => names.includes(name))];
  return order.map((name) => `${path}/${name}.test.mjs`);
}
const nodeTest = (files, options = []) => run("node", ["--test", "--test-reporter=spec", ...options, ...files]);

function native() {
  const signatures = join(folder, "signatures.jsonl");
  const tokens = join(folder, "tokens.jsonl");
  const requests = join(folder, "requests.jsonl");
  mkdirSync(folder, { recursive: true });
  rmSync(requests, { force: true });
  say("Random signatures and tokens, by twilio-node");
  run("node", ["tests/signatures.mjs", signatures]);
  run("node", ["tests/tokens.mjs", tokens]);
  say("Rust tests");
  run("cargo", ["test", "--quiet"], { env: { FLEX_EDGE_SIGNATURES: signatures, FLEX_EDGE_TOKENS: tokens, FLEX_EDGE_REQUESTS: requests } });
  say("The requests they sent, against Twilio's OpenAPI documents");
  run("node", ["tests/openapi.mjs", requests]);
}

function standin() {
  say("The local Twilio");
  nodeTest(testsOf("standin/tests"), ["--test-concurrency=2"]);
}

// These have Workers of their own; all others share one, in one process.
const ALONE = ["tour", "platform", "storage", "settings", "pass-on", "webchat", "native-call", "faults-events"];

function workerd(chosen) {
  const all = testsOf("tests/workerd", ["round-trips", "faults", ...ALONE]);
  const named = (name) => all.filter((file) => file === `tests/workerd/${name}.test.mjs` || file.startsWith(`tests/workerd/${name}-`));
  for (const name of chosen ?? []) if (named(name).length === 0) fail(`There is no tests/workerd/${name}.test.mjs.`);
  const files = chosen ? [...new Set(chosen.flatMap(named))] : all;
  say("Building the Worker");
  build();
  console.log(size());
  const isAlone = (file) => ALONE.some((name) => file.endsWith(`/${name}.test.mjs`));
  const together = files.filter((file) => !isAlone(file));
  say("The Worker in workerd beside the local Twilio");
  if (together.length > 0) nodeTest(together, ["--experimental-test-isolation=none"]);
  const alone = files.filter(isAlone);
  if (alone.length > 0) nodeTest(alone, ["--test-concurrency=1"]);
}

function operators() {
  const files = testsOf("tests/operators");
  if (files.length === 0) return;
  say("The operators' commands");
  nodeTest(files, ["--test-concurrency=1"]);
}

/** The tests of a package of its own in this repository. */
function inside(name) {
  say(`${name}: its own tests`);
  run("npm", ["test", "--silent", "--prefix", name]);
}

function plugin() {
  installPlugin();
  inside("plugin");
}

// In this order. The last two install some hundred megabytes, once: Flex UI, and a browser.
const PARTS = { native, standin, workerd: () => workerd(), operators, plugin, desk: () => inside("desk") };

setup();
const chosen = process.argv.slice(2);
const names = chosen.filter((name) => !PARTS[name]);
for (const [name, part] of Object.entries(PARTS)) if (chosen.length === 0 || chosen.includes(name)) part();
if (names.length > 0) workerd(names);
say("All tests passed.");
