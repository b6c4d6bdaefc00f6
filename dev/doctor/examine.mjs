// Runs all checks. Each stands alone: one that Twilio does not answer says so, and the others go on.
import { Account } from "./account.mjs";
import { checks as account } from "./checks/account.mjs";
import { checks as conversations } from "./checks/conversations.mjs";
import { checks as plugin } from "./checks/plugin.mjs";
import { checks as taskrouter } from "./checks/taskrouter.mjs";
import { checks as voice } from "./checks/voice.mjs";
import { checks as worker } from "./checks/worker.mjs";
import { isTwilios, reasonOf } from "./client.mjs";
import { AGAIN, bad, none } from "./result.mjs";

const GROUPS = { Account: account, TaskRouter: taskrouter, Calls: voice, Conversations: conversations, Plugin: plugin, Worker: worker };
// Of these nothing can be told when the credentials are wrong.
const NEED_TWILIO = ["TaskRouter", "Calls", "Conversations", "Plugin"];

const mendOf = (error) => {
  if (error.status === 401) return "correct the credentials, see above";
  if (error.status === 403) return "give the API key the permission, or take a key of the kind Main: Twilio Console, API keys & tokens";
  return error.status === 404 ? "correct TWILIO_FLEX_WORKSPACE_SID, see above" : AGAIN;
};

async function run(check, context) {
  try {
    return await check.run(context);
  } catch (error) {
    if (!isTwilios(error)) throw error;
    return { ...bad(reasonOf(error), mendOf(error)), isAway: error.status === undefined };
  }
}

/** All checks in order: `[{group, id, title, state, message, mend?}]`. */
export async function examine({ settings, url }) {
  const context = { settings, url, account: null, asked: {} };
  const found = [];
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token, TWILIO_API_KEY: key, TWILIO_API_SECRET: secret } = settings.values;
  const canAsk = Boolean(sid && (token || (key && secret)));
  if (canAsk) context.account = new Account(settings.values);
  let first = canAsk ? null : none("not checked: the credentials come first");
  for (const [group, checks] of Object.entries(GROUPS)) {
    for (const { id, title, ...check } of checks) {
      const isBlocked = first && (NEED_TWILIO.includes(group) || id === "api-key");
      const { isAway, ...result } = isBlocked ? first : await run(check, context);
      found.push({ group, id, title, ...result });
      if (id !== "credentials" || result.state !== "bad") continue;
      if (isAway) first = none("not checked: Twilio does not answer");
      else if (!(key && secret)) first = none("not checked: the credentials come first");
    }
  }
  return found;
}
