// What stands in the account. Each resource is read once, when it is first asked for.
import { clientFor } from "./client.mjs";

export class Account {
  #read = new Map();

  constructor(values) {
    this.values = values;
    this.client = clientFor(values);
  }

  #once(name, read) {
    if (!this.#read.has(name)) this.#read.set(name, read());
    return this.#read.get(name);
  }

  /** All that is named so is read again when it is next asked for; without names, everything. */
  forget(...names) {
    if (names.length === 0) this.#read.clear();
    for (const name of names) this.#read.delete(name);
  }

  get workspaces() {
    return this.client.taskrouter.v1.workspaces;
  }

  /** The workspace that is set, else the one that Flex uses. */
  async workspaceSid() {
    return this.values.TWILIO_FLEX_WORKSPACE_SID ?? (await this.flex()).taskrouterWorkspaceSid;
  }

  /** What must be there before anything else can be asked; `null` instead of a 404. */
  async foundWorkspace() {
    return this.workspace().catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
  }

  #inWorkspace(name, read) {
    return this.#once(name, async () => read(this.workspaces(await this.workspaceSid())));
  }

  // The account's own token: API keys of the standard kind may not read the account.
  owner = () => this.#once("owner", () => clientFor(this.values, { withToken: true }).api.v2010.accounts(this.values.TWILIO_ACCOUNT_SID).fetch());
  workspace = () => this.#inWorkspace("workspace", (workspace) => workspace.fetch());
  workflows = () => this.#inWorkspace("workflows", (workspace) => workspace.workflows.list());
  queues = () => this.#inWorkspace("queues", (workspace) => workspace.taskQueues.list());
  channels = () => this.#inWorkspace("channels", (workspace) => workspace.taskChannels.list());
  flex = () => this.#once("flex", () => this.client.flexApi.v1.configuration().fetch());
  conversations = () => this.#once("conversations", () => this.client.conversations.v1.configuration().fetch());
  addresses = () => this.#once("addresses", () => this.client.conversations.v1.addressConfigurations.list());
  numbers = () => this.#once("numbers", () => this.client.incomingPhoneNumbers.list());
  verified = () => this.#once("verified", () => this.client.outgoingCallerIds.list());
  applications = () => this.#once("applications", () => this.client.applications.list());
  plugins = () => this.#once("plugins", () => this.client.flexApi.v1.plugins.list());
  pluginVersions = (plugin) => this.#once("pluginVersions", () => this.client.flexApi.v1.plugins(plugin).pluginVersions.list());
  pluginConfigurations = () => this.#once("pluginConfigurations", () => this.client.flexApi.v1.pluginConfigurations.list({ limit: 50 }));
  configuredPlugins = (sid) => this.#once(`configured ${sid}`, () => this.client.flexApi.v1.pluginConfigurations(sid).plugins.list());
  // The newest comes first.
  release = () => this.#once("release", async () => (await this.client.flexApi.v1.pluginReleases.list({ limit: 1 }))[0]);
  syncService = (sid) => this.#once(`sync ${sid}`, () => this.client.sync.v1.services(sid).fetch());
}

/** A queue whose expression takes every agent, `Everyone` first. */
export const everyoneOf = (queues) => {
  const all = queues.filter(({ targetWorkers }) => /^\s*\(*\s*1\s*==?\s*1\s*\)*\s*$/.test(targetWorkers ?? ""));
  return all.find(({ friendlyName }) => friendlyName === "Everyone") ?? all[0];
};
