// Flex's Plugins API: plugins, their versions, configurations of versions, and which configuration is released.
import { ACCOUNT_SID } from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, page, Refusal } from "./shape.mjs";

export function createPlugins({ clock }) {
  const root = "https://flex-api.twilio.com/v1/PluginService";
  const plugins = new Map();
  const versions = new Map();
  const configurations = new Map();
  const releases = []; // the newest first
  const created = (prefix, more) => ({ sid: newSid(prefix), account_sid: ACCOUNT_SID, ...more, date_created: iso(clock.now()) });

  const find = (map, sid, what) => {
    const found = map.get(sid) ?? [...map.values()].find(({ unique_name: name }) => name === sid);
    if (!found) throw notFound(`/v1/PluginService/${what}/${sid}`);
    return found;
  };
  const presentPlugin = (plugin) => ({
    ...plugin,
    url: `${root}/Plugins/${plugin.sid}`,
    links: { plugin_versions: `${root}/Plugins/${plugin.sid}/Versions` },
  });
  const presentVersion = (version) => ({ ...version, url: `${root}/Plugins/${version.plugin_sid}/Versions/${version.sid}` });
  const presentConfiguration = ({ chosen: _, ...configuration }) => ({
    ...configuration,
    url: `${root}/Configurations/${configuration.sid}`,
    links: { plugins: `${root}/Configurations/${configuration.sid}/Plugins` },
  });
  const presentRelease = (release) => ({ ...release, url: `${root}/Releases/${release.sid}` });

  function presentChosen({ version, phase }, configuration) {
    const plugin = plugins.get(version.plugin_sid);
    return {
      account_sid: ACCOUNT_SID,
      configuration_sid: configuration.sid,
      plugin_sid: plugin.sid,
      plugin_version_sid: version.sid,
      phase,
      plugin_url: version.plugin_url,
      unique_name: plugin.unique_name,
      friendly_name: plugin.friendly_name,
      description: plugin.description,
      plugin_archived: plugin.archived,
      version: version.version,
      changelog: version.changelog,
      plugin_version_archived: version.archived,
      private: version.private,
      date_created: version.date_created,
      url: `${root}/Configurations/${configuration.sid}/Plugins/${plugin.sid}`,
    };
  }

  /** Which versions a configuration has: each item a JSON object `{plugin_version, phase}`. */
  function chosenOf(items) {
    return items.map((item) => {
      const { plugin_version: sid, phase = 3 } = typeof item === "string" ? JSON.parse(item) : item;
      const version = versions.get(sid);
      if (!version) throw badRequest(`Plugins: plugin version ${sid} does not exist`);
      return { version, phase };
    });
  }

  const handlers = {
    ListPlugin: (_, request) => page(request, "plugins", [...plugins.values()].map(presentPlugin)),
    FetchPlugin: ({ Sid }) => presentPlugin(find(plugins, Sid, "Plugins")),
    CreatePlugin: ({ UniqueName, FriendlyName, Description }) => {
      if ([...plugins.values()].some(({ unique_name: name }) => name === UniqueName))
        throw new Refusal(409, 20409, `${UniqueName} is taken`);
      const about = { unique_name: UniqueName, friendly_name: FriendlyName ?? UniqueName, description: Description ?? "", archived: false };
      const plugin = created("FP", { ...about, date_updated: iso(clock.now()) });
      plugins.set(plugin.sid, plugin);
      return presentPlugin(plugin);
    },
    ListPluginVersion: ({ PluginSid }, request) => {
      const { sid } = find(plugins, PluginSid, "Plugins");
      const newestFirst = [...versions.values()].filter((version) => version.plugin_sid === sid).reverse();
      return page(request, "plugin_versions", newestFirst.map(presentVersion));
    },
    CreatePluginVersion: ({ PluginSid, Version, PluginUrl, Changelog, Private }) => {
      const plugin = find(plugins, PluginSid, "Plugins");
      if (!/^\d+\.\d+\.\d+/.test(Version)) throw badRequest("Version is no semantic version");
      const isTaken = [...versions.values()].some((other) => other.plugin_sid === plugin.sid && other.version === Version);
      if (isTaken) throw new Refusal(409, 20409, `Version ${Version} exists`);
      const about = {
        plugin_sid: plugin.sid,
        version: Version,
        plugin_url: PluginUrl,
        changelog: Changelog ?? "",
        private: Private ?? false,
      };
      const version = created("FV", { ...about, archived: false, validated: false });
      versions.set(version.sid, version);
      return presentVersion(version);
    },
    ListPluginConfiguration: (_, request) =>
      page(request, "configurations", [...configurations.values()].reverse().map(presentConfiguration)),
    CreatePluginConfiguration: ({ Name, Description, Plugins = [] }) => {
      const configuration = created("FJ", { name: Name, description: Description ?? "", archived: false, chosen: chosenOf(Plugins) });
      configurations.set(configuration.sid, configuration);
      return presentConfiguration(configuration);
    },
    ListConfiguredPlugin: ({ ConfigurationSid }, request) => {
      const configuration = find(configurations, ConfigurationSid, "Configurations");
      return page(
        request,
        "plugins",
        configuration.chosen.map((one) => presentChosen(one, configuration)),
      );
    },
    ListPluginRelease: (_, request) => page(request, "releases", releases.map(presentRelease)),
    FetchPluginRelease: ({ Sid }) => {
      const found = Sid.toLowerCase() === "active" ? releases[0] : releases.find(({ sid }) => sid === Sid);
      if (!found) throw notFound(`/v1/PluginService/Releases/${Sid}`);
      return presentRelease(found);
    },
    CreatePluginRelease: ({ ConfigurationId }) => {
      const release = created("FK", { configuration_sid: find(configurations, ConfigurationId, "Configurations").sid });
      releases.unshift(release);
      return presentRelease(release);
    },
  };

  function reset() {
    for (const map of [plugins, versions, configurations]) map.clear();
    releases.length = 0;
  }

  return { services: { "flex-api/v1": handlers }, reset };
}
