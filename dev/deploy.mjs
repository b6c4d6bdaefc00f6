// `npm run deploy`: builds the Worker and the companion plugin and deploys them with the settings of `.prod.vars`. What
// follows `--` goes to wrangler:
//   npm run deploy -- --dry-run          shows what would be deployed
//   npm run deploy -- --env staging      the second Worker, with the settings of `.staging.vars`
//   npm run deploy -- --settings FILE    with the settings of another file
//   npm run deploy -- --without-plugin   leaves the companion plugin as it was built last, or out
//   npm run deploy -- --upload           only uploads a version: `npx wrangler versions deploy` sends requests to it
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { build, size } from "./build.mjs";
import { buildPlugin, builtPlugin, writeHeaders } from "./plugin.mjs";
import { DEVELOPMENT, fileOf, readSettings, saveSettings, SECRETS, VARS } from "./settings.mjs";
import { fail, isInstalled, root, run, say, setup } from "./setup.mjs";

/** Wrangler's flags for these settings; `secretsFile` is where their secrets are put. */
export function flagsOf({ values, unknown, file }, secretsFile) {
  if (unknown.length > 0) throw new Error(`${file}: no such setting: ${unknown.join(", ")}`);
  const local = DEVELOPMENT.filter((name) => name in values);
  if (local.length > 0) throw new Error(`${file}: ${local.join(", ")} is for development, where a local Twilio answers`);
  const vars = VARS.filter((name) => name in values).flatMap((name) => ["--var", `${name}:${values[name]}`]);
  const secrets = SECRETS.filter((name) => name in values);
  // Without any settings here, those that the Worker has remain.
  if (vars.length + secrets.length === 0) return { flags: ["--keep-vars"], secrets: null };
  const flags = secrets.length > 0 ? [...vars, "--secrets-file", secretsFile] : vars;
  return { flags, secrets: secrets.length > 0 ? Object.fromEntries(secrets.map((name) => [name, values[name]])) : null };
}

/** What is ours of the arguments, and what is wrangler's. */
function readOurs(given) {
  const { values, tokens } = parseArgs({
    args: given,
    strict: false,
    tokens: true,
    options: { upload: { type: "boolean" }, "without-plugin": { type: "boolean" }, "dry-run": { type: "boolean" }, settings: { type: "string" }, env: { type: "string", short: "e" } },
  });
  const ours = tokens.filter(({ name }) => ["upload", "without-plugin", "settings"].includes(name));
  const isOurs = (_, at) => ours.some(({ index, value, inlineValue }) => at === index || (value !== undefined && !inlineValue && at === index + 1));
  return { ...values, rest: given.filter((arg, at) => !isOurs(arg, at)) };
}

/** The address that wrangler says it has deployed to: a host among schedules and routes. */
function addressIn(output) {
  const entries = existsSync(output) ? readFileSync(output, "utf8").trim().split("\n") : [];
  const targets = entries.map((line) => JSON.parse(line)).find(({ type }) => type === "deploy")?.targets ?? [];
  const host = targets.map((target) => /^(?:https:\/\/)?([\w-]+(?:\.[\w-]+)+)\/?$/.exec(target)?.[1]).find(Boolean);
  return host && `https://${host}`;
}

/** Puts the companion plugin beside the Worker. */
function withPlugin({ "without-plugin": isWithout, "dry-run": isDry }) {
  if (isDry && !isWithout && !isInstalled("plugin")) {
    return console.log("companion plugin: not built for a dry run; the deployment installs what that needs, about 770 MB, and builds it");
  }
  if (!isWithout) buildPlugin();
  const version = builtPlugin();
  console.log(version ? `companion plugin: ${version}, as /plugin/flex-edge.js` : "companion plugin: none; /plugin/flex-edge.js will not be there");
}

function deploy(given) {
  const ours = readOurs(given);
  const { upload: isUpload, settings: other, env: environment, rest: args } = ours;
  const settings = readSettings(other ? resolve(other) : fileOf(environment));
  const { values, file } = settings;
  const folder = mkdtempSync(join(tmpdir(), "flex-edge-deploy-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const output = join(folder, "output.ndjson");
  const secretsFile = join(folder, "secrets.json");
  const { flags, secrets } = flagsOf(settings, secretsFile);
  if (secrets) writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  if (environment === undefined) flags.push("--env", "");
  if (values.WORKER_NAME) flags.push("--name", values.WORKER_NAME);
  if (values.WORKER_DOMAIN && !isUpload) flags.push("--domain", values.WORKER_DOMAIN);

  setup();
  say("Building the Worker");
  build();
  console.log(size());
  writeHeaders();
  withPlugin(ours);
  say(settings.exists ? `Deploying with the settings of ${file}` : `There is no ${file}: deploying with what the Worker has`);
  const env = { FLEX_EDGE_SETTINGS: "1", WRANGLER_OUTPUT_FILE_PATH: output };
  for (const name of ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"]) if (values[name]) env[name] = values[name];
  // Wrangler writes the ids of what it makes into wrangler.toml, which is not the operator's; it finds them without.
  const config = join(root, "wrangler.toml");
  const before = readFileSync(config);
  const done = run("wrangler", [...(isUpload ? ["versions", "upload"] : ["deploy"]), ...flags, ...args], { tolerate: true, env });
  if (!readFileSync(config).equals(before)) writeFileSync(config, before);
  if (!done) process.exit(1);
  const url = values.WORKER_DOMAIN ? `https://${values.WORKER_DOMAIN}` : addressIn(output);
  if (isUpload || !url) return;
  if (settings.exists && values.WORKER_URL !== url) saveSettings(file, { WORKER_URL: url });
  say(`It answers at ${url}. Next: npm run doctor${environment ? ` -- --env ${environment}` : ""}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    deploy(process.argv.slice(2));
  } catch (error) {
    fail(error.message);
  }
}
