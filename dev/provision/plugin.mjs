// The part of the plan that is Flex's Plugins API: the companion plugin, a version of it at the Worker's address, a
// configuration of it and all that is released now, and the release of that configuration.
import { placesOf, PLUGIN } from "../doctor/places.mjs";
import { pluginVersion } from "../plugin.mjs";
import { PENDING } from "./step.mjs";

const ROOT = "https://flex-api.twilio.com/v1/PluginService";
const PHASE = 3;

/** The version that has this URL, or the number of one to make: a URL is for good, so another one needs another number. */
function choose(versions, url) {
  const wanted = pluginVersion();
  const isOurs = ({ version }) => version === wanted || version.startsWith(`${wanted}-`);
  const found = versions.find((one) => isOurs(one) && one.pluginUrl === url && !one.archived);
  if (found) return { found };
  const taken = versions.map(({ version }) => version);
  for (let turn = 0; ; turn += 1) {
    const version = turn === 0 ? wanted : `${wanted}-${turn}`;
    if (!taken.includes(version)) return { version };
  }
}

export async function planPlugin({ plan, account, options, url }) {
  if (!options.plugin) return;
  if (!url) return plan.leave("plugin", "the Worker's address is not known yet: npm run deploy, or --url; then this again");
  const pluginUrl = placesOf(url).plugin;
  const plugin = (await account.plugins()).find(({ uniqueName }) => uniqueName === PLUGIN);
  if (!plugin) {
    const about = { UniqueName: PLUGIN, FriendlyName: "flex-edge", Description: "Internal calls, transfers, dialling from a chat, internal chat" };
    plan.step({
      key: "plugin",
      title: `register the plugin ${PLUGIN}`,
      request: ["POST", `${ROOT}/Plugins`, about],
      changes: ["plugins"],
    });
  }
  const { found: version, version: number } = choose(plugin ? await account.pluginVersions(plugin.sid) : [], pluginUrl);
  if (!version) {
    plan.step({
      key: "plugin version",
      title: `register version ${number} at ${pluginUrl}`,
      request: ["POST", `${ROOT}/Plugins/${plugin?.sid ?? PENDING}/Versions`, { Version: number, PluginUrl: pluginUrl }],
      changes: ["pluginVersions"],
    });
  }
  const label = version?.version ?? number;
  const active = await account.release();
  const released = active ? await account.configuredPlugins(active.configurationSid) : [];
  if (version && released.some(({ pluginVersionSid }) => pluginVersionSid === version.sid)) return;
  const others = released.filter(({ uniqueName }) => uniqueName !== PLUGIN);
  const wanted = [...others.map(({ pluginVersionSid: sid, phase }) => ({ plugin_version: sid, phase })), { plugin_version: version?.sid ?? PENDING, phase: PHASE }];
  const name = `flex-edge ${label}`;
  const configuration = version && (await matching(account, name, wanted));
  if (!configuration) {
    plan.step({
      key: "plugin configuration",
      title: `make the configuration "${name}" of it and the ${others.length} plugins that are released now`,
      request: ["POST", `${ROOT}/Configurations`, { Name: name, Plugins: wanted.map((one) => JSON.stringify(one)) }],
      changes: ["pluginConfigurations"],
    });
  }
  const sid = configuration?.sid ?? PENDING;
  plan.step({
    key: "plugin release",
    title: `release "${name}": agents get it when they load Flex again`,
    request: ["POST", `${ROOT}/Releases`, { ConfigurationId: sid }],
    changes: ["release"],
  });
}

/** A configuration that an interrupted run has made. */
async function matching(account, name, wanted) {
  const sids = (items) => items.sort().join();
  for (const one of (await account.pluginConfigurations()).filter((other) => other.name === name && !other.archived)) {
    const has = (await account.configuredPlugins(one.sid)).map(({ pluginVersionSid }) => pluginVersionSid);
    if (sids(has) === sids(wanted.map(({ plugin_version: sid }) => sid))) return one;
  }
  return undefined;
}
