// The companion plugin: whether Flex loads it from the Worker, and the Worker has this checkout's version.
import { pluginVersion } from "../../plugin.mjs";
import { placesOf, PLUGIN } from "../places.mjs";
import { bad, good, none, PROVISION } from "../result.mjs";

const RELEASE = `${PROVISION} -- --plugin`;

/** The version that the Worker serves, null when it serves none; undefined when nobody answers. */
const served = (address) =>
  fetch(address, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(15_000) }).then(
    ({ status, headers }) => (status === 200 ? headers.get("x-flex-edge-plugin") : null),
    () => undefined,
  );

async function plugin({ account, url }) {
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  const release = await account.release();
  const released = release ? await account.configuredPlugins(release.configurationSid) : [];
  const ours = released.find(({ uniqueName }) => uniqueName === PLUGIN);
  if (!ours) return none(`not released in Flex; ${RELEASE} does it`);
  const wanted = placesOf(url).plugin;
  if (ours.pluginUrl !== wanted) return bad(`Flex loads it from ${new URL(ours.pluginUrl).origin}, not from the Worker`, RELEASE);
  const [there, here] = [await served(wanted), pluginVersion()];
  if (there === undefined) return none("not checked: the Worker does not answer");
  if (there === null) return bad("Flex loads it, and the Worker does not serve it", "npm run deploy");
  if (there !== here) return bad(`${there} is served; this checkout is ${here}`, "npm run deploy");
  return good(`${here}, released in Flex`);
}

export const checks = [{ id: "plugin", title: "companion plugin", run: plugin }];
