// Flex's Plugins API.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyOperationOf, get, post, refusal } from "./stage.mjs";

const root = "/flex-api/v1/PluginService";

describe("plugins", () => {
  test("a plugin, two versions, a configuration of one, its release", async () => {
    const plugin = (await post(`${root}/Plugins`, { UniqueName: "plugin-one", FriendlyName: "One" })).body;
    assert.deepEqual(refusal(await post(`${root}/Plugins`, { UniqueName: "plugin-one" })), [409, 20409]);
    assert.equal((await get(`${root}/Plugins/plugin-one`)).body.sid, plugin.sid);
    assert.equal((await get(`${root}/Plugins`)).body.plugins.length, 1);
    const at = `${root}/Plugins/${plugin.sid}/Versions`;
    const version = (await post(at, { Version: "1.0.0", PluginUrl: "https://example.com/one.js" })).body;
    await post(at, { Version: "1.0.1", PluginUrl: "https://example.com/one.js" });
    assert.deepEqual(refusal(await post(at, { Version: "1.0.0", PluginUrl: "https://example.com/one.js" })), [409, 20409]);
    assert.deepEqual(refusal(await post(at, { Version: "one", PluginUrl: "https://example.com/one.js" })), [400, 20001]);
    assert.deepEqual(
      (await get(at)).body.plugin_versions.map(({ version: number }) => number),
      ["1.0.1", "1.0.0"],
    );
    const Plugins = JSON.stringify({ plugin_version: version.sid, phase: 3 });
    const configuration = (await post(`${root}/Configurations`, { Name: "first", Plugins })).body;
    const unknown = JSON.stringify({ plugin_version: `FV${"0".repeat(32)}` });
    assert.deepEqual(refusal(await post(`${root}/Configurations`, { Name: "second", Plugins: unknown })), [400, 20001]);
    assert.equal((await get(`${root}/Configurations`)).body.configurations.length, 1);
    const [configured] = (await get(`${root}/Configurations/${configuration.sid}/Plugins`)).body.plugins;
    assert.deepEqual([configured.plugin_version_sid, configured.unique_name, configured.phase], [version.sid, "plugin-one", 3]);
    assert.equal((await get(`${root}/Releases/Active`)).status, 404);
    const release = (await post(`${root}/Releases`, { ConfigurationId: configuration.sid })).body;
    assert.equal((await get(`${root}/Releases/Active`)).body.sid, release.sid);
    assert.equal((await get(`${root}/Releases`)).body.releases[0].configuration_sid, configuration.sid);
    assert.deepEqual(refusal(await post(`${root}/Releases`, { ConfigurationId: "FJ0" })), [404, 20404]);
  });
});

everyOperationOf("plugins");
