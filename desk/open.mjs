// The local Twilio, the Worker and the desk together: for people, and for the tests.
import { seed, startTwilio } from "../standin/index.mjs";
import { placesOf } from "../dev/doctor/places.mjs";
import { pluginVersion } from "../dev/plugin.mjs";
import { settings, startWorker } from "../dev/worker.mjs";
import { createActions } from "./actions.mjs";
import { createLog } from "./log.mjs";
import { createPeople } from "./people.mjs";
import { startDesk } from "./server.mjs";

/** `persist` is the folder of the Worker's state; the local Twilio finds a port of its own when none is given. */
export async function openDesk({ ports: { twilio: twilioPort = 0, worker: workerPort, desk: deskPort }, persist, vars = {} }) {
  const workerUrl = `http://127.0.0.1:${workerPort}`;
  let inside;
  const twilio = await startTwilio({ port: twilioPort, workers: 9, workerUrl, connected: true, extend: (opened) => (inside = opened) });
  const log = createLog(twilio);
  const people = createPeople(inside);
  const webchat = { TWILIO_API_KEY: seed.API_KEY, TWILIO_API_SECRET: seed.API_SECRET, ALLOWED_ORIGINS: `http://127.0.0.1:${deskPort},http://localhost:${deskPort}` };
  const start = () =>
    startWorker({ port: workerPort, persist, vars: { ...settings(twilio.url), ...webchat, ...vars }, onLine: log.line });
  let worker = await start();

  // What the account's Flex Configuration says; whoever changes it sees it at the next reload of a page.
  const configuration = { plugins: [], uiAttributes: {} };
  const configure = () =>
    Object.assign(configuration, {
      plugins: [{ name: "flex-edge", version: pluginVersion(), src: placesOf(workerUrl).plugin, phase: 3 }],
      uiAttributes: { flex_edge: { url: workerUrl } },
    });
  configure();

  /** Empty desks, nobody on the telephone. */
  function restart() {
    configure();
    twilio.reset();
    desk.flexUi.reset();
    people.sitDown();
  }

  const desk = await startDesk({
    twilio: inside,
    port: deskPort,
    workerUrl,
    configuration,
    actions: createActions({ people, twilio, restart }),
    streams: { log: log.listen },
  });
  people.sitDown();

  async function close() {
    log.close();
    await desk.close();
    await worker.stop();
    await twilio.close();
  }

  /** The Worker goes away, and comes back. */
  const away = () => worker.stop();
  const back = async () => void (worker = await start());

  return { twilio, inside, away, back, configuration, workerUrl, desk, people, restart, close };
}
