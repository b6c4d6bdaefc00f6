// A local Twilio: keeps state, signs webhooks, plays the voice side and the agents, and fails when told to.
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import * as seed from "./accounts.mjs";
import { createAddresses } from "./addresses.mjs";
import { createAgents } from "./agents.mjs";
import { createApplications } from "./applications.mjs";
import { createAudio } from "./audio.mjs";
import { createCallQueues } from "./call-queues.mjs";
import { createCalls } from "./calls.mjs";
import { createChats } from "./chats.mjs";
import { createClock } from "./clock.mjs";
import { createConferences } from "./conferences.mjs";
import { createControl, createControls } from "./control.mjs";
import { createConversations } from "./conversations.mjs";
import { createEvents } from "./events.mjs";
import { createFaults } from "./faults.mjs";
import { createFlex } from "./flex.mjs";
import { createFlexAgents } from "./flex-agents.mjs";
import { createFlexConfiguration } from "./flex-configuration.mjs";
import { createSync } from "./sync.mjs";
import { createTurnstile } from "./turnstile.mjs";
import { createIam } from "./iam.mjs";
import { createInteractions } from "./interactions.mjs";
import { createJournal } from "./journal.mjs";
import { createNativeCalls } from "./native-calls.mjs";
import { createNumbers } from "./numbers.mjs";
import { createOperator } from "./operator.mjs";
import { DEFAULTS } from "./options.mjs";
import { createPlayer } from "./player.mjs";
import { createPlugins } from "./plugins.mjs";
import { createRooms } from "./rooms.mjs";
import { createRouting } from "./routing.mjs";
import { createServer } from "./server.mjs";
import { createTaskrouter } from "./taskrouter.mjs";
import { createTaskrouterWorkspace } from "./taskrouter-workspace.mjs";
import { createTasks } from "./tasks.mjs";
import { createTransfers } from "./transfers.mjs";
import { createUsers } from "./users.mjs";
import { createVoice } from "./voice.mjs";
import { createWebhooks } from "./webhooks.mjs";
import { createWorkspace } from "./workspace.mjs";

export * as seed from "./accounts.mjs";

/** What every part shares: the clock, pending work, and the other parts. */
function createTwilio(options) {
  const pending = new Map(); // what is under way, and what it is about
  // An error of ours, where nobody is there to get it.
  const failed = (error) => twilio.journal.alert(`stand-in failed: ${error?.stack ?? error}`, "background");
  const clock = createClock({ ...options, onError: failed });
  const twilio = { options, clock, accountSid: options.accountSid, authToken: options.authToken, services: {}, failed };

  // Called at every change of a task, reservation or worker; the wire of Flex UI listens here.
  twilio.changed = () => {};

  twilio.track = (promise, about = "") => {
    const tracked = promise.catch(failed).finally(() => pending.delete(tracked));
    pending.set(tracked, about);
    return promise;
  };

  /** Waits for all of it, at most so long. */
  async function within(milliseconds, promises) {
    const patience = new AbortController();
    await Promise.race([Promise.allSettled(promises), sleep(milliseconds, null, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }

  /**
   * Resolves once no webhook, ringing leg or timer is under way; false when that takes too long. With `contains` only webhooks
   * with that text in them count, so that many can wait side by side. With `quietMs` nothing may be asked for so long either:
   * the Worker does some things behind its answers. These are real milliseconds.
   */
  twilio.settled = async ({ timeoutMs = 20_000, contains = "", quietMs = 0 } = {}) => {
    const deadline = Date.now() + timeoutMs;
    const left = () => [...pending].filter(([, about]) => about.includes(contains)).map(([promise]) => promise);
    const time = () => Math.max(deadline - Date.now(), 1);
    for (;;) {
      const { seq } = twilio.journal;
      await within(time(), left());
      // One thing leads to the next: an ended conference to its callback.
      if (contains || quietMs > 0) await sleep(Math.min(quietMs || 20, time()));
      else await new Promise((resolve) => setImmediate(resolve));
      if (Date.now() >= deadline) return left().length === 0 && quietMs === 0;
      if (left().length === 0 && (quietMs === 0 || seq === twilio.journal.seq)) return true;
    }
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
  twilio.events = createEvents(twilio);
  twilio.tasks = createTasks(twilio);
  twilio.routing = createRouting(twilio);
  twilio.addresses = createAddresses(twilio);
  twilio.applications = createApplications(twilio);
  twilio.conferences = createConferences(twilio);
  twilio.calls = createCalls(twilio);
  twilio.audio = createAudio(twilio);
  twilio.player = createPlayer(twilio);
  twilio.callQueues = createCallQueues(twilio);
  twilio.nativeCalls = createNativeCalls(twilio);
  twilio.transfers = createTransfers(twilio);
  twilio.flexAgents = createFlexAgents(twilio);
  twilio.agents = createAgents(twilio);
  twilio.rooms = createRooms(twilio);
  twilio.interactions = createInteractions(twilio);
  twilio.flex = createFlex(twilio);
  twilio.chats = createChats(twilio);
  twilio.iam = createIam(twilio);
  twilio.flexConfiguration = createFlexConfiguration(twilio);
  twilio.operator = createOperator(twilio);
  const products = {
    plugins: createPlugins(twilio),
    taskrouter: createTaskrouter(twilio),
    "taskrouter-workspace": createTaskrouterWorkspace(twilio),
    voice: createVoice(twilio),
    applications: twilio.applications,
    addresses: twilio.addresses,
    conversations: createConversations(twilio),
    users: createUsers(twilio),
    numbers: createNumbers(),
    flex: twilio.flex,
    "flex-configuration": twilio.flexConfiguration,
    sync: createSync(twilio),
    turnstile: createTurnstile(twilio),
    iam: twilio.iam,
    operator: twilio.operator,
  };
  for (const { services } of Object.values(products))
    for (const [service, handlers] of Object.entries(services)) Object.assign((twilio.services[service] ??= {}), handlers);

  twilio.connect = (url = options.workerUrl) => {
    twilio.workspace.settings.eventCallbackUrl = `${url}/taskrouter/events`;
    twilio.addresses.connect(`${url}/conversations/inbound`);
    twilio.applications.connect(`${url}/voice/internal-call`);
  };
  twilio.reset = () => {
    Object.assign(options, DEFAULTS, given);
    for (const part of new Set([...Object.values(twilio), ...Object.values(products)])) part?.reset?.();
    if (options.connected && options.account === "seed") twilio.connect();
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
