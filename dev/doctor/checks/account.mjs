// The settings themselves and the credentials.
import { clientFor, reasonOf } from "../client.mjs";
import { bad, good, none } from "../result.mjs";

const SIDS = {
  TWILIO_ACCOUNT_SID: "AC",
  TWILIO_API_KEY: "SK",
  TWILIO_FLEX_WORKSPACE_SID: "WS",
  TWILIO_FLEX_OUTBOUND_QUEUE_SID: "WQ",
  TWILIO_FLEX_INTERNAL_CALL_APP_SID: "AP",
  TWILIO_CONVERSATIONS_SERVICE_SID: "IS",
  TWILIO_WEBCHAT_ADDRESS_SID: "IG",
  TWILIO_SYNC_SERVICE_SID: "IS",
};
const prefixOf = (name) => SIDS[name] ?? (name.endsWith("_WORKFLOW_SID") ? "WW" : null);

function settings({ settings: { values, unknown, file } }) {
  if (unknown.length > 0) return bad(`${unknown.join(", ")}: no such setting`, `correct it in ${file}; .dev.vars.example has all names`);
  for (const [name, value] of Object.entries(values)) {
    const prefix = prefixOf(name);
    if (prefix && !new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(value)) return bad(`${name} is no ${prefix}… SID`, `correct it in ${file}`);
  }
  for (const name of ["PUBLIC_URL", "WORKER_URL", "FUNCTIONS_ORIGIN"]) {
    if (values[name] && !/^https?:\/\/[^/]+\/?$/.test(values[name])) return bad(`${name} is no origin like https://example.com`, `correct it in ${file}`);
  }
  return good(`${Object.keys(values).length} in ${file}`);
}

async function credentials({ settings: { values, file }, account }) {
  if (!values.TWILIO_ACCOUNT_SID) return bad("TWILIO_ACCOUNT_SID is missing", `write it into ${file}: Twilio Console, Account Info`);
  if (!values.TWILIO_AUTH_TOKEN) {
    const mend = `write TWILIO_AUTH_TOKEN into ${file}, or set it in the environment: Twilio Console, Account Info`;
    return values.TWILIO_API_KEY ? none("not here; without it signatures cannot be tried") : bad("TWILIO_AUTH_TOKEN is missing", mend);
  }
  const mend = `copy account SID and auth token into ${file}: Twilio Console, Account Info`;
  const owner = await account.owner().catch((error) => {
    if (error.status === 401 || error.status === 404) return bad("Twilio does not know this account SID with this auth token", mend);
    throw error;
  });
  if (owner.state) return owner;
  if (owner.status !== "active") return bad(`the account is ${owner.status}`, "Twilio Console: reactivate the account");
  return good(`${owner.sid}, ${owner.type === "Trial" ? "a trial: it calls verified numbers only" : owner.type}`);
}

async function apiKey({ settings: { values, file }, account }) {
  const [key, secret] = [values.TWILIO_API_KEY, values.TWILIO_API_SECRET];
  if (!key && !secret) return none("none: the auth token is used for everything");
  if (!key || !secret) return bad(`${key ? "TWILIO_API_SECRET" : "TWILIO_API_KEY"} is missing`, `write both or neither into ${file}`);
  const sid = await account.workspaceSid();
  try {
    await clientFor(values).taskrouter.v1.workspaces(sid).fetch();
  } catch (error) {
    if (error.status !== 401 && error.status !== 403) throw error;
    return bad(reasonOf(error), `make a new one and write it into ${file}: Twilio Console, API keys & tokens`);
  }
  return good(`${key} reads the workspace`);
}

export const checks = [
  { id: "settings", title: "settings", run: settings },
  { id: "credentials", title: "auth token", run: credentials },
  { id: "api-key", title: "API key", run: apiKey },
];
