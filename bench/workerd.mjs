// Runs Workers in plain workerd: no wrangler and none of its simulators, so that what is
// measured, or broken on purpose, is the Worker itself.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import workerd from "workerd"; // a CommonJS module: its path is `default`

import { root } from "../dev/setup.mjs";

const COMPATIBILITY_DATE = readFileSync(join(root, "wrangler.toml"), "utf8").match(/^compatibility_date = "(.+)"/m)[1];
const CLOCK_TICKS = 100; // a second, for user space, on every Linux

// The built Worker: its entry and what that imports, by their places in the repository.
const MODULES = ["src/cloudflare/entry.js", "build/index.js", "build/index_bg.wasm"];

// The same as modules for `startWorkerd`; `build` is another folder than build/.
export const edgeModules = (build = join(root, "build")) =>
  MODULES.map((name) => ({
    name,
    path: name.startsWith("build/") ? join(build, name.slice("build/".length)) : join(root, name),
    wasm: name.endsWith(".wasm"),
  }));

const text = (value) => JSON.stringify(String(value)); // a Cap'n Proto text literal

// `{modules, vars, kv, gate, services}`: text bindings, the address of a KV server bound as
// STATE, the exactly-once gate (its own, or that of another worker), bindings to other workers
// of this process.
function workerConfig({ modules, vars = {}, kv, gate, services = {} }, index) {
  const files = modules.map(({ name, path, source, wasm }, at) => {
    writeFileSync(join(index.folder, `${index.name}-${at}`), source ?? readFileSync(path));
    return `(name = ${text(name)}, ${wasm ? "wasm" : "esModule"} = embed ${text(`${index.name}-${at}`)})`;
  });
  const bindings = Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  if (kv) bindings.push(`(name = "STATE", kvNamespace = "kv")`);
  const elsewhere = typeof gate === "string" ? `(className = "Gate", serviceName = ${text(gate)})` : null;
  if (gate) bindings.push(`(name = "GATE", durableObjectNamespace = ${elsewhere ?? '"Gate"'})`);
  for (const [name, service] of Object.entries(services)) bindings.push(`(name = ${text(name)}, service = ${text(service)})`);
  return `(
    modules = [${files.join(", ")}],
    compatibilityDate = ${text(COMPATIBILITY_DATE)},
    bindings = [${bindings.join(", ")}],
    ${gate && !elsewhere ? `durableObjectNamespaces = [(className = "Gate", uniqueKey = "gate", enableSql = true)],
    durableObjectStorage = (localDisk = "disk"),` : ""}
  )`;
}

// Starts one workerd process with these workers, each with a socket of its own, and waits
// until it listens. `cpu` pins it; `log` gets what the workers print.
export async function startWorkerd(workers, { cpu, log } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "flex-edge-workerd-"));
  mkdirSync(join(folder, "disk"));
  const names = Object.keys(workers);
  const kv = Object.values(workers).find((worker) => worker.kv)?.kv;
  const services = names.map((name) => `(name = ${text(name)}, worker = ${workerConfig(workers[name], { folder, name })})`);
  services.push(`(name = "internet", network = (allow = ["public", "private"]))`);
  services.push(`(name = "disk", disk = (path = ${text(join(folder, "disk"))}, writable = true))`);
  if (kv) services.push(`(name = "kv", external = (address = ${text(kv)}, http = ()))`);
  const socket = (name) =>
    `(name = ${text(name)}, address = "127.0.0.1:0", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = ${text(name)})`;
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services.join(",\n")}], sockets = [${names.map(socket).join(", ")}]);`;
  writeFileSync(join(folder, "config.capnp"), config);

  const command = [workerd.default, "serve", "--experimental", "--control-fd=3", join(folder, "config.capnp")];
  if (cpu !== undefined) command.unshift("taskset", "-c", String(cpu));
  const output = log ? "pipe" : "ignore";
  const started = performance.now();
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", output, "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors = (errors + chunk).slice(-4000)));
  if (log) {
    let rest = "";
    child.stdout.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      lines.forEach(log);
    });
  }
  const ports = {};
  await new Promise((resolve, reject) => {
    let rest = "";
    child.stdio[3].on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        if (message.event === "listen") ports[message.socket] = message.port;
      }
      if (names.every((name) => ports[name])) resolve();
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`workerd ended with ${code}:\n${errors}`)));
  });
  const proc = (file) => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  return {
    ports,
    started,
    url: `http://127.0.0.1:${ports[names[0]]}`,
    errors: () => errors,
    // Seconds of processor time that the process has had, all threads.
    cpuSeconds() {
      const fields = proc("stat").replace(/^.*\) /s, "").split(" ");
      return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
    },
    // Bytes of memory that the process holds.
    memory: () => Number(proc("status").match(/VmRSS:\s+(\d+) kB/)[1]) * 1024,
    stop: () =>
      new Promise((resolve) => {
        const end = () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        };
        if (child.exitCode !== null || child.signalCode !== null) return end();
        child.on("exit", end);
        child.kill("SIGKILL");
      }),
  };
}
