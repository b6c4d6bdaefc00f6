// A local Twilio: keeps state, signs webhooks, plays the voice side and the agents, and fails when told to.
import { pathToFileURL } from "node:url";
import * as seed from "./accounts.mjs";
import { createAgents } from "./agents.mjs";
import { createCalls } from "./calls.mjs";
import { createChats } from "./chats.mjs";
import { createClock } from "./clock.mjs";
import { createConferences } from "./conferences.mjs";
import { createControl, createControls } from "./control.mjs";
import { createConversations } from "./conversations.mjs";
import { createFaults } from "./faults.mjs";
import { createFlex } from "./flex.mjs";
import { createIam } from "./iam.mjs";
import { createInteractions } from "./interactions.mjs";
import { createJournal } from "./journal.mjs";
import { createNumbers } from "./numbers.mjs";
import { createRooms } from "./rooms.mjs";
import { createServer } from "./server.mjs";
import { createTaskrouter } from "./taskrouter.mjs";
import { createTasks } from "./tasks.mjs";
import { createVoice } from "./voice.mjs";
import { createWebhooks } from "./webhooks.mjs";
import { createWorkspace } from "./workspace.mjs";

export * as seed from "./accounts.mjs";

const DEFAULTS = {
  port: 0,
  workerUrl: "http://127.0.0.1:8787",
  accountSid: seed.ACCOUNT_SID,
  authToken: seed.AUTH_TOKEN,
  workers: 20,
  // How many times faster than real time goes on, and since when (epoch milliseconds).
  timeScale: 1,
  timeOrigin: undefined,
  latencyMs: 0,
  rateLimits: false,
  workerCallSidDelayMs: 0,
  answerMs: 0,
  // How a worker's leg asks for its TwiML, and the token that signs webhooks when it is not the account's first one.
  callMethod: "POST",
  signWith: null,
};

/** What every part shares: the clock, pending work, and the other parts. */
function createTwilio(options) {
  const pending = new Map(); // what is under way, and what it is about
  const twilio = { options, clock: createClock(options), accountSid: options.accountSid, authToken: options.authToken, services: {} };

  // Called at every change of a task, reservation or worker; the wire of Flex UI listens here.
  twilio.changed = () => {};

  twilio.track = (promise, about = "") => {
    const tracked = promise
      .catch((error) => twilio.journal.alert(`stand-in failed: ${error?.stack ?? error}`, "background"))
      .finally(() => pending.delete(tracked));
    pending.set(tracked, about);
    return promise;
  };

  /**
   * Resolves once no webhook, ringing leg or timer is under way; false when that takes too long (real milliseconds). With
   * `contains` only webhooks with that text in them count, so that many can wait side by side.
   */
  twilio.settled = async (timeoutMs = 20_000, contains = "") => {
    const deadline = Date.now() + timeoutMs;
    const left = () => [...pending].filter(([, about]) => about.includes(contains)).map(([promise]) => promise);
    do {
      await Promise.race([
        Promise.allSettled(left()),
        new Promise((resolve) => setTimeout(resolve, Math.max(deadline - Date.now(), 1)).unref()),
      ]);
      // One thing leads to the next: an ended conference to its callback.
      await new Promise((resolve) => (contains ? setTimeout(resolve, 20) : setImmediate(resolve)));
      if (Date.now() >= deadline) return left().length === 0;
    } while (left().length > 0);
    return true;
  };
  return twilio;
}

/** Starts a local Twilio; `port` 0 picks a free one. */
export async function startTwilio(given = {}) {
  const options = { ...DEFAULTS, ...given };
  const twilio = createTwilio(options);
  // The order matters: each part looks up the earlier ones when it is made.
  twilio.journal = createJournal(twilio.clock);
  twilio.faults = createFaults();
  twilio.webhooks = createWebhooks(twilio);
  twilio.workspace = createWorkspace(twilio);
  twilio.tasks = createTasks(twilio);
  twilio.conferences = createConferences(twilio);
  twilio.calls = createCalls(twilio);
  twilio.agents = createAgents(twilio);
  twilio.rooms = createRooms(twilio);
  twilio.interactions = createInteractions(twilio);
  twilio.flex = createFlex(twilio);
  twilio.chats = createChats(twilio);
  twilio.iam = createIam(twilio);
  const products = {
    taskrouter: createTaskrouter(twilio),
    voice: createVoice(twilio),
    conversations: createConversations(twilio),
    numbers: createNumbers(),
    flex: twilio.flex,
    iam: twilio.iam,
  };
  for (const { services } of Object.values(products))
    for (const [service, handlers] of Object.entries(services)) Object.assign((twilio.services[service] ??= {}), handlers);

  twilio.reset = () => {
    Object.assign(options, DEFAULTS, given);
    for (const part of [twilio.workspace, twilio.tasks, twilio.conferences, twilio.calls, twilio.rooms, twilio.interactions, ...Object.values(products)])
      part.reset?.();
    twilio.faults.clear();
    twilio.webhooks.clear();
    twilio.journal.clear();
  };
  twilio.reset();
  options.extend?.(twilio);

  const controls = createControls(twilio);
  const server = createServer(twilio, createControl(controls));
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve, reject) => server.once("error", reject).listen(options.port, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seed,
    clock: twilio.clock,
    ...controls,
    /** What each product's table plays: `{product: ["<service> <operationId>", …]}`. */
    operations: Object.fromEntries(
      Object.entries(products).map(([product, { services }]) => [
        product,
        Object.entries(services).flatMap(([service, handlers]) => Object.keys(handlers).map((operationId) => `${service} ${operationId}`)),
      ]),
    ),
    close: () =>
      new Promise((resolve) => {
        twilio.clock.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const argument = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
  };
  const twilio = await startTwilio({
    port: Number(argument("port", 4010)),
    workerUrl: argument("worker", DEFAULTS.workerUrl),
    workers: Number(argument("workers", DEFAULTS.workers)),
  });
  console.log(`A local Twilio listens on ${twilio.url}`);
  process.on("SIGINT", () => twilio.close().then(() => process.exit(0)));
  process.on("SIGTERM", () => twilio.close().then(() => process.exit(0)));
}
