// `npm run deploy`: builds and deploys with wrangler. What follows `--` goes to wrangler:
// `npm run deploy -- --env staging`, `npm run deploy -- --dry-run`.
import { build, size } from "./build.mjs";
import { run, say, setup } from "./setup.mjs";

setup();
say("Building the Worker");
build();
console.log(size());
const args = process.argv.slice(2);
const environment = args.some((arg) => arg.startsWith("--env") || arg === "-e") ? [] : ["--env", ""];
run("wrangler", ["deploy", ...environment, ...args], {  });
