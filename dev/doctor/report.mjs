// The doctor's table, for people and for machines.
import { AGAIN } from "./result.mjs";

const SIGNS = { good: ["✔", "32"], bad: ["✖", "31"], none: ["–", "90"] };

/** The commands in what mends it, with the flags that lead them to the same settings. */
export function withFlags(found, { env, settings, local }) {
  const ours = [env && `--env ${env}`, settings && `--settings ${settings}`, local && "--local"].filter(Boolean).join(" ");
  if (!ours) return found;
  const deploy = local ? "npm start" : env ? `npm run deploy -- --env ${env}` : "npm run deploy";
  const rewrite = (mend) =>
    local && mend === AGAIN ? "npm start" : mend.replaceAll("npm run deploy", deploy).replace(/npm run provision( -- )?/g, (_, more) => `npm run provision -- ${ours}${more ? " " : ""}`);
  return found.map((one) => (one.mend ? { ...one, mend: rewrite(one.mend) } : one));
}

const count = (found, state) => found.filter((one) => one.state === state).length;

export function table(found, { color = false } = {}) {
  const paint = (code, text) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const width = Math.max(...found.map(({ title }) => title.length));
  const lines = [];
  let group = null;
  for (const one of found) {
    if (one.group !== group) lines.push(...(group ? [""] : []), paint("1", one.group));
    group = one.group;
    const [sign, code] = SIGNS[one.state];
    lines.push(`  ${paint(code, sign)} ${one.title.padEnd(width)}  ${one.message}`);
    if (one.mend) lines.push(`    ${" ".repeat(width)}  → ${one.mend}`);
  }
  const bad = count(found, "bad");
  const sum = `${count(found, "good")} ✔  ${bad} ✖  ${count(found, "none")} –`;
  return [...lines, "", bad === 0 ? `${sum}   All that is set up works.` : `${sum}   Each → above mends one ✖.`].join("\n");
}

export function json(found, { url, file, account }) {
  const checks = found.map(({ group, id, title, state, message, mend = null }) => ({ group, id, title, state, message, mend }));
  return JSON.stringify({ success: count(found, "bad") === 0, account: account ?? null, worker: url ?? null, settings: file, checks }, null, 2);
}
