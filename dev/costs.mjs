// Measures what each flow costs at Cloudflare, works out what that is for 50 and for 1,000 agents, and writes both into
// docs/operate.md. Run it again when flows change: node dev/costs.mjs
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { build } from "./build.mjs";
import { FLOWS } from "./costs/flows.mjs";
import { report } from "./costs/report.mjs";
import { startStage } from "./demo/stage.mjs";
import { root, say, setup } from "./setup.mjs";

setup();
build();

/** wrangler.toml with the counting entry in front of the Worker's, for wrangler to run. */
function countingConfig() {
  const folder = join(root, "build/costs");
  mkdirSync(folder, { recursive: true });
  const config = readFileSync(join(root, "wrangler.toml"), "utf8")
    .replace(/^main = .*$/m, 'main = "../../dev/costs/counting.js"')
    .replace(/^\[build\]\n(?:.+\n)*/m, "")
    .replace(/^directory = "(.*)"$/gm, 'directory = "../../$1"');
  writeFileSync(join(folder, "wrangler.toml"), config);
  return "build/costs/wrangler.toml";
}

async function measure() {
  const stage = await startStage(() => {}, { config: countingConfig() });
  const counts = async () => (await fetch(`${stage.url}/__counts`)).json();
  const calls = () => stage.twilio.journal({ kind: "request" }).entries.length;
  let people = 4_000_000;
  stage.number = () => `+1555${(people += 1)}`;
  const flows = [];
  async function used(play) {
    await stage.settle();
    const [before, asked] = [await counts(), calls()];
    await play();
    await stage.settle();
    const after = await counts();
    return { calls: calls() - asked, ...Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]])) };
  }
  try {
    // Everybody's token is in the Worker's memory, and an event came within the last minute, as most of a day.
    for (const agent of ["alice", "bob"]) await stage.post(agent, "/internal-chat/list-pins", {});
    const { sid } = stage.twilio.createTask({ workflowSid: stage.twilio.seed.INBOUND_WORKFLOW_SID, attributes: {} });
    stage.twilio.cancel(sid);
    for (const [name, often, play] of FLOWS) {
      const { conferenceSid, customerCallSid } = stage.twilio.customerCall({ agent: "alice" });
      const given = { room: { conference: conferenceSid, participant: customerCallSid }, colleague: "bob" };
      flows.push({ name, often, ...(await used(() => play(stage, given))) });
    }
    return { flows, run: await used(() => fetch(`${stage.url}/cdn-cgi/local/scheduled`)) };
  } finally {
    await stage.stop();
  }
}

say("Starting the local Twilio and the Worker, counted");
const { flows, run } = await measure();
const text = report(flows, run);
const file = join(root, "docs/operate.md");
const document = readFileSync(file, "utf8");
writeFileSync(file, document.replace(/(<!-- costs: [^>]*-->\n)[^]*(<!-- \/costs -->)/, (_, begin, end) => `${begin}${text}${end}`));
console.log(text);
