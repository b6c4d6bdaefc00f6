// Runs the scenes in a headless Chromium: `node desk/tests/run.mjs [part of a name…] [--pictures] [--flex-ui <folder>]`.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { ready } from "../ready.mjs";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../..", import.meta.url).pathname;
const SCENE_MS = 60_000;

const words = process.argv.slice(2);
const option = (name) => {
  const at = words.indexOf(`--${name}`);
  return at < 0 ? undefined : words.splice(at, 2)[1];
};
const flag = (name) => words.includes(`--${name}`) && words.splice(words.indexOf(`--${name}`), 1).length > 0;

const flexUi = option("flex-ui") ?? join(root, "plugin");
const pictures = flag("pictures") ? join(root, "docs/pictures") : null;
if (pictures) mkdirSync(pictures, { recursive: true });

await ready({ flexUi });
// Only now: it needs the packages that have just been installed.
const { openStage } = await import("./stage.mjs");

const scenes = [];
for (const file of readdirSync(join(here, "scenes")).sort()) {
  const { scenes: own } = await import(join(here, "scenes", file));
  for (const [name, play] of Object.entries(own)) scenes.push({ name: `${file.replace(/\.mjs$/, "")}: ${name}`, play });
}
const wanted = scenes.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const began = Date.now();
const stage = await openStage({ pictures });
let failed = 0;
try {
  for (const { name, play } of wanted) {
    const start = Date.now();
    const problems = [];
    try {
      await stage.prepare();
      let timer;
      const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`longer than ${SCENE_MS / 1000} s`)), SCENE_MS)));
      await Promise.race([play(stage), late]).finally(() => clearTimeout(timer));
    } catch (error) {
      problems.push(error.stack ?? String(error));
      await stage.photograph(name);
    }
    problems.push(...(await stage.mishaps()));
    if (problems.length > 0) failed += 1;
    console.log(`${problems.length > 0 ? "✖" : "✔"} ${name} (${Date.now() - start} ms)`);
    for (const problem of problems) console.log(`    ${problem.replaceAll("\n", "\n    ")}`);
  }
} finally {
  await stage.close();
}
console.log(`${wanted.length - failed} of ${wanted.length} scenes, ${Math.round((Date.now() - began) / 1000)} s`);
process.exit(failed > 0 || wanted.length === 0 ? 1 : 0);
