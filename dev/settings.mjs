// An operator's settings: files `.NAME.vars` that git ignores. `.prod.vars` is the deployed Worker's, `.staging.vars`
// that of `--env staging`, `.dev.vars` the one that `npx wrangler dev` reads by itself.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";

import { fail, root } from "./setup.mjs";

const example = readFileSync(join(root, ".dev.vars.example"), "utf8");

/** Set as secrets, never as vars. */
export const SECRETS = [
  "TWILIO_AUTH_TOKEN",
  "TWILIO_AUTH_TOKEN_SECONDARY",
  "TWILIO_API_KEY",
  "TWILIO_API_SECRET",
  "WEBCHAT_USER_SECRET",
  "TURNSTILE_SECRET",
];
/** For these commands alone; the Worker does not get them. */
export const TOOLS = ["WORKER_URL", "WORKER_NAME", "WORKER_DOMAIN", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"];
export const DEVELOPMENT = ["TWILIO_API_BASE", "TEST_CLOCK"];
const names = [...example.matchAll(/^(?:# ?)?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
/** All that the Worker reads and that is no secret: `.dev.vars.example` has every name. */
export const VARS = names.filter((name) => !SECRETS.includes(name) && !TOOLS.includes(name) && !DEVELOPMENT.includes(name));

/** The file of an environment: the empty name is the default one, as wrangler has it. */
export const fileOf = (environment = "") => join(root, `.${environment || "prod"}.vars`);

// A value as it may stand in such a file: quoted, or to the end of the line or to a comment.
const OLD = `"[^"]*"|'[^']*'|\`[^\`]*\`|[^#\\s"'\`][^#\\n]*?`;
const quoted = (value) => (/^[\w:/.,+@*?&=-]*$/.test(value) ? value : JSON.stringify(value));

/** `text` with these values set; every other character stays, comments behind a value too. */
export function withValues(text, values) {
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=)(?:([ \\t]*)(?:${OLD}))?([ \\t]*(?:#.*)?\\r?)$`, "gm");
    const last = [...text.matchAll(line)].at(-1); // of several, the last one counts
    if (last) {
      const [whole, before, gap = "", after] = last;
      text = text.slice(0, last.index) + before + gap + quoted(value) + after + text.slice(last.index + whole.length);
      continue;
    }
    const mention = new RegExp(`^# ?${name}=.*\\n`, "m").exec(text);
    const at = mention ? mention.index + mention[0].length : text.length;
    const gap = at > 0 && text[at - 1] !== "\n" ? "\n" : "";
    text = `${text.slice(0, at)}${gap}${name}=${quoted(value)}\n${text.slice(at)}`;
  }
  return text;
}

/** Reads a settings file; `values` without the empty ones. A file that is not there is all environment. */
export function readSettings(file, environment = process.env) {
  const exists = existsSync(file);
  const read = exists ? parseEnv(readFileSync(file, "utf8")) : environment;
  const known = [...SECRETS, ...TOOLS, ...VARS, ...DEVELOPMENT];
  const entries = known.map((name) => [name, (read[name] ?? "").trim()]).filter(([, value]) => value !== "");
  const unknown = exists ? Object.keys(read).filter((name) => !known.includes(name)) : [];
  return { file, exists, values: Object.fromEntries(entries), unknown };
}

/** Writes values into a settings file, which is made from the example, readable for its owner alone, when it is not there. */
export function saveSettings(file, values) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : example;
  writeFileSync(file, withValues(text, values), { mode: 0o600 });
}

// In the environment these are often another account's; a settings file that has none leaves them to it.
const CREDENTIALS = ["TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"];

/** The settings that `--env`, `--settings` or `--local` name, and where the Worker answers; for doctor and provision. */
export function settingsFor({ env, settings: file, local, url }) {
  if (local && !env && !file) env = "local";
  const settings = readSettings(file ? resolve(file) : fileOf(env));
  if (local && !settings.exists) fail(`There is no ${settings.file}: start the local Twilio first, with npm start.`);
  const { values, exists } = settings;
  if (exists && !values.TWILIO_API_KEY && !values.TWILIO_AUTH_TOKEN) {
    for (const name of CREDENTIALS) if (process.env[name]) values[name] = process.env[name];
  }
  const address = url ?? values.PUBLIC_URL ?? values.WORKER_URL;
  return { settings, url: address?.replace(/\/+$/, "") };
}

/** Reads a command line with Node's `parseArgs`; ends with the usage when it cannot. */
export function readArguments(options, usage) {
  try {
    return parseArgs({ options: { help: { type: "boolean", short: "h" }, ...options } }).values;
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`);
  }
}
