// `npm run demo`: the tour as a programme that runs itself: each request with its answer, and what it means. Ends with 0 when
// all came as promised. `npm run demo -- --picture` also draws what it printed, as docs/demo.svg.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { build } from "./build.mjs";
import { readArguments } from "./settings.mjs";
import { root, say, setup } from "./setup.mjs";

const given = readArguments({ picture: { type: "boolean" } }, "npm run demo [-- --picture]");
setup();
say("Building the Worker");
build();
// Only now: they need the packages that setup has installed.
const { SCENES } = await import("./demo/scenes.mjs");
const { Broken, startStage } = await import("./demo/stage.mjs");
const { picture } = await import("./demo/picture.mjs");

const COLOURS = { title: "1", ask: "36", answer: "37", refusal: "33", twilio: "90", good: "32", text: "0" };
const INDENT = { title: "", text: "" };
const lines = [];
function write(kind, text) {
  const line = (INDENT[kind] ?? "  ") + text;
  lines.push([kind, line]);
  console.log(process.stdout.isTTY ? `\x1b[${COLOURS[kind]}m${line}\x1b[0m` : line);
}

say("Starting the local Twilio and the Worker");
const stage = await startStage(write);
let kept = true;
try {
  for (const [number, [title, play]] of SCENES.entries()) {
    write("text", "");
    write("title", `${number + 1}. ${title}`);
    await play(stage);
  }
  const { violations } = stage.twilio.violations();
  if (violations.length > 0) throw new Broken(`Twilio's documents do not know:\n${violations.join("\n")}`);
  write("text", "");
  stage.promise(true, "Every request to Twilio is one that its OpenAPI documents know.");
} catch (error) {
  if (!(error instanceof Broken)) throw error;
  kept = false;
  console.error(`\n✖ ${error.message}`);
} finally {
  await stage.stop();
}
// The first scenes are enough for a picture.
const drawn = lines.slice(1, lines.findIndex(([kind, text]) => kind === "title" && text.startsWith("4.")) - 1);
if (kept && given.picture) writeFileSync(join(root, "docs/demo.svg"), picture(drawn, "npm run demo"));
process.exit(kept ? 0 : 1);
