// Runs the built Worker under `wrangler dev`: workerd, a local KV and Durable Object.
import { spawn } from "node:child_process";
import { devNull } from "node:os";
import { join } from "node:path";

import { environment, root } from "./setup.mjs";
import { seed } from "../standin/index.mjs";

// The settings that lead the Worker to the stand-in.
export function settings(twilioUrl) {
  return {
    TWILIO_ACCOUNT_SID: seed.ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: seed.AUTH_TOKEN,
    TWILIO_FLEX_WORKSPACE_SID: seed.WORKSPACE_SID,
    TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID: seed.INTERNAL_CALL_WORKFLOW_SID,
    TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID: seed.CHAT_TRANSFER_WORKFLOW_SID,
    TWILIO_FLEX_OUTBOUND_WORKFLOW_SID: seed.OUTBOUND_WORKFLOW_SID,
    TWILIO_FLEX_OUTBOUND_QUEUE_SID: seed.OUTBOUND_QUEUE_SID,
    TWILIO_FLEX_INBOUND_WORKFLOW_SID: seed.INBOUND_WORKFLOW_SID,
    TWILIO_FLEX_FALLBACK_WORKFLOW_SID: seed.FALLBACK_WORKFLOW_SID,
    TWILIO_FLEX_INTERNAL_CALL_APP_SID: seed.INTERNAL_CALL_APP_SID,
    TWILIO_CONVERSATIONS_SERVICE_SID: seed.CHAT_SERVICE_SID,
    TWILIO_SYNC_SERVICE_SID: seed.SYNC_SERVICE_SID,
    TWILIO_API_BASE: twilioUrl,
  };
}

// Starts the Worker and waits until it answers. `persist` is the folder of its state;
// `vars` its settings; `onLine` gets what it prints; `assets` is a folder instead of public/.
export async function startWorker({ port, persist, vars, onLine = () => {}, config = "wrangler.toml", assets }) {
  const args = ["dev", "--config", join(root, config), "--ip", "127.0.0.1", "--port", String(port)];
  args.push("--persist-to", persist, "--show-interactive-dev-session=false", "--log-level", "log");
  // Somebody's own .dev.vars must not reach a Worker that is to ask the local Twilio.
  args.push("--env-file", devNull);
  if (assets) args.push("--assets", assets);
  for (const [name, value] of Object.entries(vars)) args.push("--var", `${name}:${value}`);
  const child = spawn(join(root, "node_modules/.bin/wrangler"), args, {
    cwd: root,
    env: { ...environment, NO_COLOR: "1", FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const lines = [];
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`wrangler dev did not start:\n${lines.join("\n")}`)), 90_000);
    const read = (chunk) => {
      for (const line of String(chunk).split("\n").filter((text) => text.trim())) {
        lines.push(line);
        onLine(line);
        if (/Ready on/.test(line)) {
          clearTimeout(timer);
          resolve();
        }
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => reject(new Error(`wrangler dev ended with ${code}:\n${lines.join("\n")}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve();
      child.on("exit", resolve);
      const kill = (signal) => {
        try {
          process.kill(-child.pid, signal); // wrangler and the workerd that it started
        } catch {
          resolve();
        }
      };
      kill("SIGTERM");
      setTimeout(() => kill("SIGKILL"), 3_000).unref();
    });
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, lines, stop };
}
