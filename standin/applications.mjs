// TwiML applications: what `app:AP…` leads to.
import { ACCOUNT_SID, INTERNAL_CALL_APP_SID } from "./accounts.mjs";
import { newSid, notFound, page2010, rfc2822 } from "./shape.mjs";

const root = `/2010-04-01/Accounts/${ACCOUNT_SID}/Applications`;
const DEFAULTS = {
  ApiVersion: "2010-04-01",
  FriendlyName: null,
  VoiceUrl: null,
  VoiceMethod: "POST",
  VoiceFallbackUrl: null,
  VoiceFallbackMethod: "POST",
  StatusCallback: null,
  StatusCallbackMethod: "POST",
  VoiceCallerIdLookup: false,
  SmsUrl: null,
  SmsMethod: "POST",
  SmsFallbackUrl: null,
  SmsFallbackMethod: "POST",
  SmsStatusCallback: null,
  MessageStatusCallback: null,
  PublicApplicationConnectEnabled: false,
};
const snake = (name) => name.replace(/(?<=[a-z])[A-Z]/g, "_$&").toLowerCase();

export function createApplications(twilio) {
  const { clock } = twilio;
  const all = new Map();

  function add({ sid = newSid("AP"), ...settings }) {
    const now = clock.now();
    const made = { sid, settings: { ...DEFAULTS, ...settings }, created: now, updated: now };
    all.set(sid, made);
    return made;
  }

  function find(sid) {
    const found = all.get(sid);
    if (!found) throw notFound(`${root}/${sid}.json`);
    return found;
  }

  const given = (params) =>
    Object.fromEntries(
      Object.keys(DEFAULTS)
        .filter((name) => params[name] !== undefined)
        .map((name) => [name, params[name] === "" ? null : params[name]]),
    );

  const present = ({ sid, settings, created, updated }) => ({
    sid,
    account_sid: ACCOUNT_SID,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [snake(name), value])),
    date_created: rfc2822(created),
    date_updated: rfc2822(updated),
    uri: `${root}/${sid}.json`,
  });

  const operations = {
    CreateApplication: (params) => present(add(given(params))),
    FetchApplication: ({ Sid }) => present(find(Sid)),
    UpdateApplication(params) {
      const found = find(params.Sid);
      Object.assign(found.settings, given(params));
      found.updated = clock.now();
      return present(found);
    },
    DeleteApplication: ({ Sid }) => void all.delete(find(Sid).sid),
    ListApplication: (params, request) =>
      page2010(
        request,
        "applications",
        [...all.values()].filter(({ settings }) => !params.FriendlyName || settings.FriendlyName === params.FriendlyName).map(present),
      ),
  };

  function reset() {
    all.clear();
    add({ sid: INTERNAL_CALL_APP_SID, FriendlyName: "Internal calls" });
  }

  /** The seed's application asks `url` for its TwiML. */
  const connect = (url) => void (all.get(INTERNAL_CALL_APP_SID).settings.VoiceUrl = url);

  return { all, find, connect, reset, services: { "api/2010-04-01": operations } };
}
