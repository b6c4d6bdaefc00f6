// Runs the scenes in a headless Chromium: `node desk/tests/run.mjs [part of a name…] [--pictures] [--plugin <folder>]`.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { build } from "../../dev/build.mjs";
import { buildHost } from "../build.mjs";
import { openStage } from "./stage.mjs";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../..", import.meta.url).pathname;
const SCENE_MS = 60_000;

const words = process.argv.slice(2);
const option = (name) => {
  const at = words.indexOf(`--${name}`);
  return at < 0 ? undefined : words.splice(at, 2)[1];
};
const flag = (name) => words.includes(`--${name}`) && words.splice(words.indexOf(`--${name}`), 1).length > 0;

const flexUi = option("flex-ui") ?? process.env.FLEX_UI ?? join(root, "plugin");
const plugin = option("plugin") ?? join(root, "plugin/dist");
const pictures = flag("pictures") ? join(root, "docs/pictures") : null;
if (pictures) mkdirSync(pictures, { recursive: true });

build();
await buildHost(flexUi);

const bundle = existsSync(join(plugin, "flex-edge.js")) ? plugin : null;
const scenes = [];
for (const file of readdirSync(join(here, "scenes")).sort()) {
  const { needsPlugin = false, scenes: own } = await import(join(here, "scenes", file));
  for (const [name, play] of Object.entries(own)) scenes.push({ name: `${file.replace(/\.mjs$/, "")}: ${name}`, play, needsPlugin });
}
const wanted = scenes.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const began = Date.now();
const stage = await openStage({ plugin: bundle, pictures });
let failed = 0;
for (const { name, play, needsPlugin } of wanted) {
  const start = Date.now();
  const problems = [];
  try {
    if (needsPlugin && !bundle) throw new Error(`no plugin in ${plugin}: run \`npm run build\` in plugin/`);
    await stage.prepare();
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`longer than ${SCENE_MS / 1000} s`)), SCENE_MS)));
    await Promise.race([play(stage), late]).finally(() => clearTimeout(timer));
  } catch (error) {
    problems.push(error.stack ?? String(error));
    await stage.photograph(name);
    if (process.env.DESK_TRACE) problems.push(JSON.stringify(stage.desk.flexUi.seen, null, 1), JSON.stringify(stage.twilio.summary(), null, 1));
  }
  problems.push(...(await stage.mishaps()));
  if (problems.length > 0) failed += 1;
  console.log(`${problems.length > 0 ? "✖" : "✔"} ${name} (${Date.now() - start} ms)`);
  for (const problem of problems) console.log(`    ${problem.replaceAll("\n", "\n    ")}`);
}
await stage.close();
console.log(`${wanted.length - failed} of ${wanted.length} scenes, ${Math.round((Date.now() - began) / 1000)} s`);
process.exit(failed > 0 || wanted.length === 0 ? 1 : 0);
