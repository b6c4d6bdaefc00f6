// What the operators' documents say is so.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { tourText } from "../../dev/demo/tour-text.mjs";
import { EVENTS } from "../../dev/doctor/places.mjs";
import { SECRETS, TOOLS, VARS } from "../../dev/settings.mjs";
import { root } from "../../dev/setup.mjs";

const read = (file) => readFileSync(join(root, file), "utf8");
const operate = read("docs/operate.md");

test("docs/tour.md is the tour", () => {
  assert.equal(read("docs/tour.md"), tourText(), "write it anew: node dev/demo/tour-text.mjs");
});

test("docs/operate.md names scripts, options, settings and places that exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  for (const [, name] of operate.matchAll(/npm (?:run )?(?!run )([a-z]+)/g)) assert.ok(scripts[name], `npm run ${name}`);
  const sources = ["dev/doctor.mjs", "dev/provision.mjs", "dev/deploy.mjs", "dev/start.mjs"].map(read).join("\n");
  for (const line of operate.split("\n").filter((text) => /npm (run|start)/.test(text))) {
    for (const [, flag] of line.matchAll(/npm (?:run \w+|start) -- (?:\S+ )*?(--[a-z-]+)/g)) {
      const isWranglers = ["--dry-run", "--tag"].includes(flag);
      assert.ok(isWranglers || sources.includes(flag.slice(2)), `${flag} in: ${line}`);
    }
  }
  const names = [...SECRETS, ...TOOLS, ...VARS];
  for (const [, name] of operate.matchAll(/`([A-Z][A-Z]+_[A-Z_]+)(?:=[^`]*)?`/g)) assert.ok(names.includes(name), name);
  for (const [, link] of operate.matchAll(/\]\((?!https?:)([^)#]*)/g)) assert.ok(link === "" || existsSync(join(root, "docs", link)), link);
});

test("docs/operate.md has a heading for each anchor, and its figures", () => {
  const anchors = new Set([...operate.matchAll(/^## (.+)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-")));
  for (const [, anchor] of operate.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(anchors.has(anchor), anchor);
  assert.match(operate, /\| internal call: rung, accepted, ended \| \d+ \| \d+ \|/);
});

test("TaskRouter is asked for the events that the Worker does something about", () => {
  const source = read("src/features/events.rs").split("let said = match")[1].split("_ => return")[0];
  const known = [...source.matchAll(/"([a-z]+\.[a-z-]+)"/g)].map(([, name]) => name);
  assert.deepEqual([...EVENTS].sort(), known.sort());
  const listed = read("docs/conversations.md");
  const isListed = (event) => [event, `.${event.split(".")[1]}`].some((name) => listed.includes(`\`${name}\``));
  assert.deepEqual(EVENTS.filter((event) => !isListed(event)), []);
});

test("the log's fields are those of the Worker", () => {
  const source = readdirSync(join(root, "src"), { recursive: true })
    .filter((file) => file.endsWith(".rs"))
    .map((file) => read(join("src", file)))
    .join("\n");
  const table = operate.split("\n## Logs\n")[1].split("\n## ")[0];
  for (const [, field] of table.matchAll(/^\| `(\w+)` \|/gm)) {
    const snake = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    assert.match(source, new RegExp(`\\b${snake}: `), field);
  }
});

test("the operators' commands name no package registry by its host: it may be another one", () => {
  const hosts = /\b(crates\.io|npmjs\.(com|org)|pypi\.org|pythonhosted\.org|debian\.org)\b/i;
  const files = readdirSync(join(root, "dev"), { recursive: true }).filter((file) => /\.(mjs|js|rs|toml|txt|md)$/.test(file));
  assert.ok(files.length > 30);
  const naming = (file) => read(join("dev", file)).split("\n").filter((line) => hosts.test(line)).map((line) => `dev/${file}: ${line.trim()}`);
  assert.deepEqual(files.flatMap(naming), []);
});
