// Where Twilio calls an application: addresses of conversations, TwiML applications, and the workspace's event callback.
import * as seed from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, page, page2010, Refusal, rfc2822 } from "./shape.mjs";

export function createDoors(twilio) {
  const { clock, workspace } = twilio;
  const addresses = new Map();
  const applications = new Map();
  let callback = {};

  const AUTO = {
    "AutoCreation.Enabled": "enabled",
    "AutoCreation.Type": "type",
    "AutoCreation.ConversationServiceSid": "conversation_service_sid",
    "AutoCreation.WebhookUrl": "webhook_url",
    "AutoCreation.WebhookMethod": "webhook_method",
    "AutoCreation.WebhookFilters": "webhook_filters",
    "AutoCreation.StudioFlowSid": "studio_flow_sid",
    "AutoCreation.StudioRetryCount": "studio_retry_count",
  };

  function setAddress(address, params) {
    if (params.FriendlyName !== undefined) address.friendly_name = params.FriendlyName;
    for (const [name, key] of Object.entries(AUTO)) if (params[name] !== undefined) address.auto_creation[key] = params[name];
    const { webhook_method: method, webhook_filters: filters = [] } = address.auto_creation;
    if (method) address.auto_creation.webhook_method = method.toUpperCase();
    // It is not offered here, and asking for it is a mistake that one makes once.
    if (filters.includes("onConversationAdded")) throw badRequest("AutoCreation.WebhookFilters: onConversationAdded is not allowed");
    address.updated = clock.now();
    return present(address);
  }

  const present = ({ created, updated, ...address }) => ({
    account_sid: seed.ACCOUNT_SID,
    ...address,
    auto_creation: { ...address.auto_creation },
    date_created: iso(created),
    date_updated: iso(updated),
    url: `https://conversations.twilio.com/v1/Configuration/Addresses/${address.sid}`,
  });
  const findAddress = (text) => {
    const found = addresses.get(text) ?? [...addresses.values()].find(({ address }) => address === text);
    if (!found) throw notFound(`/v1/Configuration/Addresses/${text}`);
    return found;
  };
  function addAddress({ type, address, sid = newSid("IG"), country = null }) {
    const auto = { enabled: false, type: "default" };
    const made = { sid, type, address, friendly_name: "", address_country: country, auto_creation: auto, created: clock.now(), updated: clock.now() };
    addresses.set(sid, made);
    return made;
  }

  const findApplication = (sid) => {
    if (!applications.has(sid)) throw new Refusal(404, 20404, `Applications/${sid} was not found`);
    return applications.get(sid);
  };
  const FIELDS = {
    FriendlyName: "friendly_name",
    VoiceUrl: "voice_url",
    VoiceMethod: "voice_method",
    VoiceFallbackUrl: "voice_fallback_url",
    VoiceFallbackMethod: "voice_fallback_method",
    StatusCallback: "status_callback",
    StatusCallbackMethod: "status_callback_method",
  };
  function setApplication(application, params) {
    for (const [name, key] of Object.entries(FIELDS)) if (params[name] !== undefined) application[key] = params[name] || null;
    application.updated = clock.now();
    return presentApplication(application);
  }
  const presentApplication = ({ created, updated, ...application }) => ({
    account_sid: seed.ACCOUNT_SID,
    api_version: "2010-04-01",
    friendly_name: "",
    message_status_callback: null,
    sms_fallback_method: "POST",
    sms_fallback_url: null,
    sms_method: "POST",
    sms_status_callback: null,
    sms_url: null,
    status_callback: null,
    status_callback_method: "POST",
    voice_caller_id_lookup: false,
    voice_fallback_method: "POST",
    voice_fallback_url: null,
    voice_method: "POST",
    voice_url: null,
    public_application_connect_enabled: false,
    ...application,
    date_created: rfc2822(created),
    date_updated: rfc2822(updated),
    uri: `/2010-04-01/Accounts/${seed.ACCOUNT_SID}/Applications/${application.sid}.json`,
  });

  const since = iso(clock.now());
  const presentWorkspace = () => ({
    account_sid: seed.ACCOUNT_SID,
    sid: seed.WORKSPACE_SID,
    friendly_name: "Flex Task Assignment",
    default_activity_name: "Offline",
    default_activity_sid: seed.ACTIVITIES.Offline.sid,
    timeout_activity_name: "Offline",
    timeout_activity_sid: seed.ACTIVITIES.Offline.sid,
    event_callback_url: null,
    events_filter: null,
    multi_task_enabled: true,
    prioritize_queue_order: "FIFO",
    date_created: since,
    date_updated: since,
    ...callback,
    url: workspace.base,
    links: { workflows: `${workspace.base}/Workflows`, task_queues: `${workspace.base}/TaskQueues` },
  });
  const onlyHere = ({ Sid }) => {
    if (Sid !== seed.WORKSPACE_SID) throw notFound(`/v1/Workspaces/${Sid}`);
  };

  const services = {
    "conversations/v1": {
      ListConfigurationAddress: ({ Type }, request) =>
        page(request, "address_configurations", [...addresses.values()].filter(({ type }) => !Type || type === Type).map(present), 50),
      FetchConfigurationAddress: ({ Sid }) => present(findAddress(Sid)),
      CreateConfigurationAddress: (params) => {
        if ([...addresses.values()].some(({ address }) => address === params.Address)) throw new Refusal(409, 50407, "The address exists");
        return setAddress(addAddress({ type: params.Type, address: params.Address, country: params.AddressCountry ?? null }), params);
      },
      UpdateConfigurationAddress: (params) => setAddress(findAddress(params.Sid), params),
      DeleteConfigurationAddress: ({ Sid }) => void addresses.delete(findAddress(Sid).sid),
    },
    "api/2010-04-01": {
      ListApplication: ({ FriendlyName }, request) =>
        page2010(
          request,
          "applications",
          [...applications.values()].filter((one) => !FriendlyName || one.friendly_name === FriendlyName).map(presentApplication),
        ),
      FetchApplication: ({ Sid }) => presentApplication(findApplication(Sid)),
      CreateApplication: (params) => {
        const application = { sid: newSid("AP"), created: clock.now() };
        applications.set(application.sid, application);
        return setApplication(application, params);
      },
      UpdateApplication: (params) => setApplication(findApplication(params.Sid), params),
      DeleteApplication: ({ Sid }) => void applications.delete(findApplication(Sid).sid),
    },
    "taskrouter/v1": {
      ListWorkspace: (_, request) => page(request, "workspaces", [presentWorkspace()]),
      FetchWorkspace: (params) => onlyHere(params) ?? presentWorkspace(),
      UpdateWorkspace: (params) => {
        onlyHere(params);
        if (params.EventCallbackUrl !== undefined) callback.event_callback_url = params.EventCallbackUrl || null;
        if (params.EventsFilter !== undefined) callback.events_filter = params.EventsFilter || null;
        if (params.MultiTaskEnabled !== undefined) callback.multi_task_enabled = params.MultiTaskEnabled;
        return presentWorkspace();
      },
    },
  };

  function reset() {
    callback = {};
    addresses.clear();
    applications.clear();
    if (twilio.options.account === "fresh") return;
    addAddress({ sid: seed.WEBCHAT_ADDRESS_SID, type: "chat", address: "webchat" });
    addAddress({ type: "sms", address: seed.MESSAGING_NUMBER, country: "US" });
  }

  return { services, reset };
}
