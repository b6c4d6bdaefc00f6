// `npm run bench`: installs what is missing, builds the Worker and measures it.
import { build } from "./build.mjs";
import { environment, root, setup } from "./setup.mjs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

setup();
build();
const args = [join(root, "bench/run.mjs"), ...process.argv.slice(2)];
process.exitCode = spawnSync("node", args, { cwd: root, env: environment, stdio: "inherit" }).status;
