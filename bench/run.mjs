// The benchmark: this Worker against two JavaScript Workers that do the same work with the
// same checks, in plain workerd. `npm run bench` builds the Worker first.
//
// Each Worker has a process of its own, on a processor of its own where there are two, and
// they are loaded in turns, A…Z, Z…A, so that what disturbs one disturbs all. What counts
// is the processor time that the operating system says a process has had per request; of
// the rounds, the 25th percentile, because disturbance only ever adds. The usual Worker
// runs twice: how far it is from itself is how far to trust the rest.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { root } from "../dev/setup.mjs";
import { LIMIT, measureHeavy } from "./heavy.mjs";
import { ask, encodeRequest, openLoad } from "./load.mjs";
import { startOutside } from "./outside.mjs";
import { checks, outside as world, routes, settings } from "./requests.mjs";
import { edgeModules, startWorkerd } from "./workerd.mjs";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 4 : 10;
const SLICE = quick ? 300 : 600; // milliseconds
const WARM_UP = quick ? 500 : 1500;
const STARTS = quick ? 6 : 16;
const MOST = { start: 1.6, gzipped: 450_000 }; // against the usual Worker's start; bytes

const worker = (file) => [{ name: file, path: join(root, "bench", file) }];
const SIDES = {
  edge: { modules: edgeModules() },
  usual: { modules: worker("usual.js") },
  tuned: { modules: worker("tuned.js") },
  again: { modules: worker("usual.js") },
};

const sorted = (values) => values.toSorted((a, b) => a - b);
const percentile = (values, part) => sorted(values)[Math.floor((values.length - 1) * part)];

// --- The same work? --------------------------------------------------------------------

// What a Worker asked, without the freedom of spelling.
function meaning({ method, url, authorization, ifMatch, type, body }) {
  if (!authorization) return { method, prefix: new URLSearchParams(url).get("prefix") };
  const attributes = type?.includes("form") ? JSON.parse(new URLSearchParams(body).get("Attributes")) : undefined;
  return { method, url, authorization, ifMatch, body: attributes ?? body };
}

// What a Worker logs of a request, but for the time and the words for an error.
function logged(line) {
  const { request, route, status, ms, twilioCalls, sids } = JSON.parse(line);
  assert.equal(typeof ms, "number", line);
  return { line: { request, route, status, twilioCalls }, sids };
}

async function compare(outside, start) {
  const seen = {};
  for (const side of ["usual", "edge", "tuned"]) {
    const lines = [];
    const process = await start(side, { log: (line) => line && lines.push(line) });
    seen[side] = {};
    for (const [name, check] of Object.entries(checks)) {
      outside.asked.length = 0;
      outside.recording = true;
      const answer = await ask(Object.values(process.ports)[0], check);
      outside.recording = false;
      seen[side][name] = { answer, asked: outside.asked.map(meaning) };
    }
    for (let waits = 0; lines.length < Object.keys(checks).length && waits < 100; waits++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    seen[side].log = lines.map(logged);
    await process.stop();
  }
  for (const [name, { request }] of Object.entries(routes)) {
    assert.equal(seen.usual[name].answer.status, 200, `${name}: ${JSON.stringify(seen.usual[name].answer)}`);
    assert.ok(request.body.length > 0);
  }
  for (const side of ["edge", "tuned"]) {
    for (const name of Object.keys(checks)) assert.deepEqual(seen[side][name], seen.usual[name], `${side} differs: ${name}`);
    const lines = (name) => seen[name].log.map(({ line }) => line);
    assert.deepEqual(lines(side), lines("usual"), `${side} logs otherwise`);
    // To log more SIDs than the usual Worker does is no advantage.
    for (const [at, { sids }] of seen.usual.log.entries()) {
      const missing = sids.filter((sid) => !seen[side].log[at].sids.includes(sid));
      assert.deepEqual(missing, [], `${side} does not log`);
    }
  }
}

// --- How fast? -------------------------------------------------------------------------

async function measureStarts(start) {
  const first = routes["TwiML leg, 2 fields"].request;
  const times = { edge: [], usual: [], tuned: [] };
  for (let round = 0; round < STARTS; round++) {
    const order = Object.keys(times);
    for (const side of round % 2 ? order.reverse() : order) {
      const process = await start(side);
      await ask(Object.values(process.ports)[0], first);
      times[side].push(performance.now() - process.started);
      await process.stop();
    }
  }
  return times;
}

async function measureRoute(name, processes) {
  const bytes = encodeRequest({ ...routes[name].request });
  const loads = {};
  for (const [side, process] of Object.entries(processes)) loads[side] = await openLoad(Object.values(process.ports)[0]);
  const slice = async (side, time) => {
    const before = processes[side].cpuSeconds();
    const end = performance.now() + time;
    const answered = await loads[side].run(() => bytes, () => performance.now() >= end);
    return ((processes[side].cpuSeconds() - before) * 1e6) / answered;
  };
  const micros = Object.fromEntries(Object.keys(loads).map((side) => [side, []]));
  for (const side of Object.keys(loads)) await slice(side, WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.keys(loads);
    for (const side of round % 2 ? order.reverse() : order) micros[side].push(await slice(side, SLICE));
  }
  for (const load of Object.values(loads)) load.close();
  return micros;
}

// --- What came of it -------------------------------------------------------------------

const row = (cells, widths) => cells.map((cell, at) => (at ? String(cell).padStart(widths[at]) : String(cell).padEnd(widths[at]))).join("  ");

const verdict = (holds) => (holds ? "✔" : "✖");

function print(report) {
  const widths = [33, 9, 13, 9, 13, 7, 20, 20, 20];
  console.log("\nProcessor time of the JavaScript Worker / ours (above 1: ours needs less), 25th percentile, and what it is meant to be at");
  console.log("least; A/A is the usual Worker against itself. Then microseconds per request: 25th percentile (least–most).\n");
  console.log(row(["", "/ usual", "", "/ tuned", "", "A/A", "ours", "usual", "tuned"], widths));
  const range = ({ q1, least, most }) => `${q1.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
  const against = (ratio, floor) => [ratio.toFixed(2), floor ? `(≥ ${floor.toFixed(2)} ${verdict(ratio >= floor)})` : ""];
  for (const [name, { ratios, floor, micros }] of Object.entries(report.routes)) {
    const { usual, tuned, noise } = ratios;
    const times = [micros.edge, micros.usual, micros.tuned].map(range);
    console.log(row([name, ...against(usual, floor.usual), ...against(tuned, floor.tuned), noise.toFixed(2), ...times], widths));
  }
  const { start, wasm, heavy } = report;
  if (!report.pinned) console.log("\nNot pinned to processors: expect more noise.");
  const ratio = start.edge / start.usual;
  console.log(`\nProcess start to first answer, median of ${STARTS}: ours ${start.edge.toFixed(1)} ms, usual ${start.usual.toFixed(1)} ms, ` +
    `tuned ${start.tuned.toFixed(1)} ms; ours / usual ${ratio.toFixed(2)} (≤ ${MOST.start} ${verdict(ratio <= MOST.start)})`);
  console.log(`wasm: ${(wasm.bytes / 1000).toFixed(1)} KB, gzipped ${(wasm.gzipped / 1000).toFixed(1)} KB (≤ ${MOST.gzipped / 1000} ${verdict(wasm.gzipped <= MOST.gzipped)})`);
  console.log(`\nMilliseconds of processor time that one request takes (≤ ${LIMIT}):`);
  for (const [name, { milliseconds, bytes, status }] of Object.entries(heavy))
    console.log(row([name, milliseconds.toFixed(1), verdict(milliseconds <= LIMIT), `${(bytes / 1000).toFixed(0)} KB`, `answered ${status}`], [52, 8, 2, 8, 16]));
}

async function main() {
  const pinned = process.env.BENCH_PINNED === "1";
  const outside = await startOutside(world);
  const vars = { ...settings, TWILIO_API_BASE: outside.twilio };
  const start = (side, options) =>
    startWorkerd({ [side]: { ...SIDES[side], vars, kv: outside.kv } }, { ...options, cpu: pinned ? 1 : undefined });
  const processes = {};
  try {
    await compare(outside, start);
    console.log("The three Workers answer, ask and log the same.");
    const starts = await measureStarts(start);
    console.log("measuring: the heaviest requests");
    const alone = await startWorkerd({ edge: { ...SIDES.edge, vars, kv: outside.kv, gate: true } });
    const heavy = await measureHeavy(alone, alone.ports.edge).finally(() => alone.stop());
    for (const side of Object.keys(SIDES)) processes[side] = await start(side);
    const wasm = readFileSync(edgeModules().find((module) => module.wasm).path);
    const report = {
      rounds: ROUNDS,
      sliceMilliseconds: SLICE,
      pinned,
      wasm: { bytes: wasm.length, gzipped: gzipSync(wasm, { level: 9 }).length },
      start: Object.fromEntries(Object.entries(starts).map(([side, times]) => [side, percentile(times, 0.5)])),
      heavy,
      routes: {},
    };
    const only = process.argv.slice(2).filter((word) => !word.startsWith("--"));
    for (const name of Object.keys(routes).filter((name) => only.length === 0 || only.some((word) => name.includes(word)))) {
      console.log(`measuring: ${name}`);
      const rounds = await measureRoute(name, processes);
      const micros = {};
      for (const [side, values] of Object.entries(rounds)) {
        micros[side] = { q1: percentile(values, 0.25), least: Math.min(...values), most: Math.max(...values) };
      }
      const ratios = {
        usual: micros.usual.q1 / micros.edge.q1,
        tuned: micros.tuned.q1 / micros.edge.q1,
        noise: micros.usual.q1 / micros.again.q1,
      };
      report.routes[name] = { ratios, floor: routes[name].floor, micros };
    }
    print(report);
    mkdirSync(join(root, "bench/results"), { recursive: true });
    writeFileSync(join(root, "bench/results/latest.json"), `${JSON.stringify(report, null, 2)}\n`);
    console.log("The same as JSON: bench/results/latest.json");
  } finally {
    await Promise.all(Object.values(processes).map((process) => process.stop()));
    outside.close();
  }
}

const hasTaskset = availableParallelism() >= 2 && spawnSync("taskset", ["-c", "0,1", "true"]).status === 0;
if (hasTaskset && !process.env.BENCH_PINNED) {
  // Ourselves on processor 0, the Workers on 1.
  const args = ["-c", "0", process.execPath, ...process.argv.slice(1)];
  process.exitCode = spawnSync("taskset", args, { stdio: "inherit", env: { ...process.env, BENCH_PINNED: "1" } }).status;
} else {
  await main();
}
