// Conversations: Flex's service, and the addresses whose customers the Worker is to hear of.
import { leadsTo, placesOf, webhookProblem } from "../places.mjs";
import { bad, good, none, PROVISION } from "../result.mjs";

const SERVICE_PAGE = "Twilio Console, Conversations, Manage, Defaults";

async function service({ settings: { values, file }, account }) {
  const flex = (await account.flex()).chatServiceInstanceSid;
  const standard = (await account.conversations()).defaultChatServiceSid;
  if (flex !== standard) return bad(`the default service ${standard} is not Flex's, ${flex}`, `${SERVICE_PAGE}: choose ${flex}`);
  const set = values.TWILIO_CONVERSATIONS_SERVICE_SID;
  if (set && set !== flex) return bad(`TWILIO_CONVERSATIONS_SERVICE_SID is not Flex's service`, `write ${flex} into ${file}`);
  return good(`${flex}, the default one`);
}

async function addresses({ account, url }) {
  const all = await account.addresses();
  if (all.length === 0) return none("none: no customer can write");
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  const ours = all.filter((address) => leadsTo(address, placesOf(url).inbound));
  for (const address of ours) {
    const problem = webhookProblem(address);
    if (problem) return bad(`${address.type} ${address.sid}: ${problem}`, `${PROVISION} -- --address ${address.sid}`);
  }
  const others = all.length - ours.length;
  const rest = others > 0 ? `; ${others} lead elsewhere (${PROVISION} -- --address SID leads one here)` : "";
  return ours.length > 0 ? good(`${ours.length} lead to the Worker${rest}`) : none(`${others} lead elsewhere (${PROVISION} -- --address SID leads one here)`);
}

async function webchat({ settings: { values, file }, account, url }) {
  const sid = values.TWILIO_WEBCHAT_ADDRESS_SID;
  const { ALLOWED_ORIGINS: origins } = values;
  if (!sid) return none("TWILIO_WEBCHAT_ADDRESS_SID is not set: not in use");
  const address = (await account.addresses()).find((one) => one.sid === sid);
  if (!address) return bad(`${sid} does not exist`, `${PROVISION} -- --webchat`);
  if (address.type !== "chat") return bad(`${sid} is an address of ${address.type}, not of chat`, `${PROVISION} -- --webchat`);
  if (!url) return none("the Worker's address is not known: npm run deploy, or --url");
  if (!leadsTo(address, placesOf(url).inbound)) return bad("its conversations do not reach the Worker", `${PROVISION} -- --address ${sid} --take-over`);
  if (!origins) return bad("ALLOWED_ORIGINS is missing: webchat is off", `write the customer site's origin into ${file}`);
  if (!values.TWILIO_API_KEY || !values.TWILIO_API_SECRET) return bad("webchat's tokens need an API key", `write TWILIO_API_KEY and TWILIO_API_SECRET into ${file}`);
  return good(`${sid}, from ${origins.split(",").length} origin(s)`);
}

async function sync({ settings: { values, file }, account }) {
  const sid = values.TWILIO_SYNC_SERVICE_SID;
  if (!sid) return none("not set: parked conversations are listed by the Worker alone");
  try {
    return good((await account.syncService(sid)).friendlyName ?? sid);
  } catch (error) {
    if (error.status !== 404) throw error;
    return bad(`${sid} does not exist`, `correct TWILIO_SYNC_SERVICE_SID in ${file}: Twilio Console, Sync, Services`);
  }
}

export const checks = [
  { id: "conversations-service", title: "chat service", run: service },
  { id: "addresses", title: "addresses", run: addresses },
  { id: "webchat", title: "webchat", run: webchat },
  { id: "sync", title: "Sync service", run: sync },
];
