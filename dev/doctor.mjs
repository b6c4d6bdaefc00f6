// `npm run doctor`: says what is wrong with the account and the Worker, and what mends it. Changes nothing.
import { readArguments, settingsFor } from "./settings.mjs";

const USAGE = `npm run doctor -- [options]
  --env NAME        the settings of .NAME.vars instead of .prod.vars
  --settings FILE   the settings of another file
  --local           the local Twilio of \`npm start\`
  --url URL         where the Worker answers, instead of PUBLIC_URL or WORKER_URL
  --json            for machines
Exit status: 0 when there is no ✖, else 1.`;

const given = readArguments(
  { env: { type: "string" }, settings: { type: "string" }, local: { type: "boolean" }, url: { type: "string" }, json: { type: "boolean" } },
  USAGE,
);
if (given.help) {
  console.log(USAGE);
  process.exit();
}
const { settings, url } = settingsFor(given);
// Only now: they need the packages that `npm install` brings.
const { examine } = await import("./doctor/examine.mjs");
const { json, table, withFlags } = await import("./doctor/report.mjs");
const found = withFlags(await examine({ settings, url }), given);
const about = { url, file: settings.file, account: settings.values.TWILIO_ACCOUNT_SID };
console.log(given.json ? json(found, about) : table(found, { color: process.stdout.isTTY }));
process.exitCode = found.some(({ state }) => state === "bad") ? 1 : 0;
