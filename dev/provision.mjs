// `npm run provision`: makes what is missing in the account: shows the plan, asks, carries it out. A second run changes nothing.
import { createInterface } from "node:readline/promises";

import { readArguments, saveSettings, settingsFor } from "./settings.mjs";
import { fail } from "./setup.mjs";

const USAGE = `npm run provision -- [options]
  --dry-run         only show the plan, with the requests
  --yes             do not ask
  --take-over       also replace what somebody else has set
  --address ADDRESS lead the conversations of this address (a SID, a number, whatsapp:+…) to the Worker; several times
  --webchat         set up webchat's address
  --native-calls    set up the TwiML App of native internal calls
  --plugin          register and release the companion plugin in Flex
  --env NAME        the settings of .NAME.vars instead of .prod.vars
  --settings FILE   the settings of another file
  --local           the local Twilio of \`npm start\`
  --url URL         where the Worker answers, instead of PUBLIC_URL or WORKER_URL
Exit status: 0 when all is there, 1 when something could not be made, 2 when nobody said yes.`;

const flag = { type: "boolean" };
const text = { type: "string" };
const given = readArguments(
  {
    ...{ "dry-run": flag, yes: flag, "take-over": flag, webchat: flag, "native-calls": flag, plugin: flag, local: flag },
    ...{ env: text, settings: text, url: text, address: { ...text, multiple: true } },
  },
  USAGE,
);
if (given.help) {
  console.log(USAGE);
  process.exit();
}

function show({ steps, left }, withRequests) {
  for (const [number, { title, request }] of steps.entries()) {
    console.log(`${String(number + 1).padStart(3)}. ${title}`);
    if (!withRequests || !request) continue;
    const [method, address, parameters] = request;
    console.log(`     ${method} ${address}`);
    for (const [name, value] of Object.entries(parameters)) console.log(`       ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  for (const { title, reason } of left) console.log(`  –  ${title} stays as it is: ${reason}`);
}

async function agrees(count) {
  if (given.yes) return true;
  if (!process.stdin.isTTY) fail("Nobody is there to ask: --yes carries the plan out, --dry-run only shows it.");
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await dialogue.question(`\nCarry out ${count === 1 ? "this step" : `these ${count} steps`}? [y/N] `);
  dialogue.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function main() {
  const { settings, url } = settingsFor(given);
  const { values, file, unknown } = settings;
  if (unknown.length > 0) fail(`${file}: no such setting: ${unknown.join(", ")}`);
  if (!values.TWILIO_ACCOUNT_SID) fail(`TWILIO_ACCOUNT_SID is missing: write it into ${file} (.dev.vars.example shows how), or set it in the environment.`);
  if (!values.TWILIO_AUTH_TOKEN && !values.TWILIO_API_KEY) fail(`TWILIO_AUTH_TOKEN is missing: write it into ${file}, or set it in the environment.`);
  const { Account } = await import("./doctor/account.mjs");
  const { carryOut, makePlan } = await import("./provision/make.mjs");
  const options = { takeOver: given["take-over"], nativeCalls: given["native-calls"], ...given };
  const context = { account: new Account(values), values, url, options };
  const plan = await makePlan(context);
  console.log(`Account ${values.TWILIO_ACCOUNT_SID}, settings in ${file}, the Worker ${url ? `at ${url}` : "not deployed yet"}\n`);
  show(plan, given["dry-run"]);
  if (plan.steps.length === 0) return console.log("Nothing is missing.");
  if (given["dry-run"]) return undefined;
  if (!(await agrees(plan.steps.length))) {
    process.exitCode = 2;
    return console.log("Nothing was changed.");
  }
  console.log();
  let wrote = false;
  const save = (settings) => {
    wrote = true;
    saveSettings(file, settings);
  };
  const failed = await carryOut(plan, context, { save, say: (line) => console.log(line) });
  if (failed.length > 0) {
    process.exitCode = 1;
    console.log(`\n${failed.length} not done:`);
    for (const { title, reason } of failed) console.log(`  ✖ ${title}: ${reason}`);
    console.log("Run this again when the reason is gone: what has been made is not made twice.");
  }
  const env = given.env ? ` -- --env ${given.env}` : "";
  console.log(given.local ? "\nNext: npm run doctor -- --local" : `\nNext: ${wrote ? `npm run deploy${env}, then ` : ""}npm run doctor${env}`);
  return undefined;
}

const { isTwilios, reasonOf } = await import("./doctor/client.mjs").catch(() => fail("The npm packages are missing: npm install"));
try {
  await main();
} catch (error) {
  if (error.constructor.name === "Unfit") fail(error.message);
  if (!isTwilios(error)) throw error;
  fail(`The account cannot be read: ${reasonOf(error)}. npm run doctor says more; what this has made, it does not make twice.`);
}
