// What Flex UI asks over plain HTTP: configuration, session, token, the list of plugins, assets.
import * as seed from "../accounts.mjs";

// Half a second of silence, for every sound.
const SILENCE = (() => {
  const samples = 4000;
  const wave = Buffer.alloc(44 + samples, 128);
  wave.write("RIFF", 0);
  wave.writeUInt32LE(36 + samples, 4);
  wave.write("WAVEfmt ", 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(8000, 24);
  wave.writeUInt32LE(8000, 28);
  wave.writeUInt16LE(1, 32);
  wave.writeUInt16LE(8, 34);
  wave.write("data", 36);
  wave.writeUInt32LE(samples, 40);
  return wave;
})();

// What contact centres have switched on in Flex.
const FEATURES = ["flex-warm-transfers", "external-warm-transfers", "localization-beta"].map((id) => ({
  id,
  name: id,
  description: "",
  enabled: true,
  stage: "available",
  doc_url: null,
}));

const LOCALES = [
  { tag: "en-US", name: "English (United States)" },
  { tag: "pt-BR", name: "Português (Brasil)" },
];

const json = (body, status = 200) => ({ status, body: JSON.stringify(body), type: "application/json" });
const forbidden = json({ message: "Forbidden", code: 20403, status: 403 }, 403);

/** `account` is what an account has set in its Flex Configuration, read anew each time: `{plugins, uiAttributes}`. */
export function createSession(twilio, account) {
  const fetched = () => twilio.services["flex-api/v1"].FetchConfiguration({});
  const configuration = ({ ui_attributes: set, ...rest } = fetched()) => ({
    ...rest,
    ui_language: "en-US",
    ui_version: "2.17.1",
    ui_attributes: { ...set, version_compatibility: "yes", version_message: "", ...account.uiAttributes },
    taskrouter_taskqueues: Object.values(seed.QUEUES).map(({ sid }) => ({ sid, targettable: true })),
    outbound_call_flows: {
      default: {
        enabled: true,
        workflow_sid: seed.OUTBOUND_WORKFLOW_SID,
        queue_sid: seed.OUTBOUND_QUEUE_SID,
        caller_id: seed.CALLER_ID,
        location: "US",
      },
    },
    notifications: { enabled: false },
    markdown: { enabled: false, mode: "readOnly" },
  });

  const tokenInfo = (who) =>
    json({
      valid: true,
      identity: who.identity,
      roles: who.roles,
      worker_sid: who.workerSid,
      realm_user_id: who.identity,
      flex_user_sid: who.userSid,
      expiration: new Date(Date.now() + 24 * 3600 * 1000).toISOString(),
      permissions: [],
    });

  const ROUTES = [
    [/^GET flex-api\.twilio\.com\/v1\/Configuration\/Public/, () => json({ account_sid: seed.ACCOUNT_SID, runtime_domain: "https://example.com", public_attributes: {} })],
    [/^GET flex-api\.twilio\.com\/v1\/Configuration/, (who) => (who ? json(configuration()) : forbidden)],
    [/^POST flex-api\.twilio\.com\/v1\/Accounts\/AC\w+\/Tokens\/Info/, (who) => (who ? tokenInfo(who) : forbidden)],
    [/^GET flex-api\.twilio\.com\/v1\/account\/provision\/status/, () => json({ status: "inactive" })],
    [/^GET flex\.twilio\.com\/api\/v1\/Session/, () => json({ features: FEATURES, insights_active: false, insightsActive: false })],
    // The only one asked is SSOTokenSessionStorage: Flex then keeps the token per tab.
    [/^GET flex\.twilio\.com\/api\/v1\/Features/, () => json({ enabled: true })],
    [/^GET flex\.twilio\.com\/plugins/, () => json(account.plugins ?? [])],
    [/^GET assets\.flex\.twilio\.com\/assets\/countries\.json/, () => json([{ code: "US", name: "United States", callingCode: "1" }])],
    [/^GET assets\.flex\.twilio\.com\/assets\/locales\/[^?]*\/available_locales\.json/, () => json(LOCALES)],
    // Flex's own texts in another language stay English here.
    [/^GET assets\.flex\.twilio\.com\/assets\/locales\/[^?]*\.json/, () => json({})],
    [/^GET assets\.flex\.twilio\.com\/assets\/flagPositions\.json/, () => json({})],
    [/^GET status\.twilio\.com\//, () => json({ status: { indicator: "none" }, components: [], incidents: [], scheduled_maintenances: [] })],
    [/^POST eventgw\.[\w.-]*twilio\.com\//, () => json({})],
    [/^POST [\w.-]*flex-sdk[\w.-]*\.twilio\.com\//, () => json({})],
    [/^(?:GET|HEAD) [^?]+\.mp3/, () => ({ status: 200, body: SILENCE, type: "audio/wav" })],
    [/^GET [^?]+\.(?:css|png|svg|jpe?g|gif|woff2?)/, () => ({ status: 204, body: "", type: "text/plain" })],
  ];

  /** Answers `{status, body, type}`, or null when nothing here is asked like that. */
  return function perform({ method, host, path }, who) {
    const asked = `${method} ${host}${path}`;
    return ROUTES.find(([pattern]) => pattern.test(asked))?.[1](who) ?? null;
  };
}
