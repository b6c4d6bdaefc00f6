// Flex's configuration: one object for the account.
import * as seed from "./accounts.mjs";
import { iso } from "./shape.mjs";

const initial = () => ({
  account_sid: seed.ACCOUNT_SID,
  attributes: {},
  status: "ok",
  taskrouter_workspace_sid: seed.WORKSPACE_SID,
  taskrouter_target_workflow_sid: seed.INBOUND_WORKFLOW_SID,
  taskrouter_target_taskqueue_sid: seed.QUEUES.Everyone.sid,
  taskrouter_taskqueues: [],
  taskrouter_skills: [],
  taskrouter_worker_channels: {},
  taskrouter_worker_attributes: {},
  taskrouter_offline_activity_sid: seed.ACTIVITIES.Offline.sid,
  runtime_domain: "https://example.com",
  messaging_service_instance_sid: null,
  chat_service_instance_sid: seed.CHAT_SERVICE_SID,
  flex_service_instance_sid: seed.CHAT_SERVICE_SID,
  flex_instance_sid: seed.FLEX_INSTANCE_SID,
  ui_language: "en",
  ui_attributes: {},
  ui_dependencies: {},
  ui_version: "2.0",
  service_version: "1.0",
  call_recording_enabled: false,
  call_recording_webhook_url: null,
  crm_enabled: false,
  crm_type: null,
  crm_callback_url: null,
  crm_fallback_url: null,
  crm_attributes: null,
  public_attributes: {},
  plugin_service_enabled: true,
  plugin_service_attributes: {},
  integrations: [],
  outbound_call_flows: {
    default: { workflow_sid: seed.OUTBOUND_WORKFLOW_SID, queue_sid: seed.OUTBOUND_QUEUE_SID, caller_id: seed.CALLER_ID },
  },
  serverless_service_sids: [],
  queue_stats_configuration: {},
  notifications: {},
  markdown: {},
  flex_insights_hr: null,
  flex_insights_drilldown: false,
  flex_url: null,
  channel_configs: [],
  debugger_integration: null,
  flex_ui_status_report: null,
  agent_conv_end_methods: null,
  citrix_voice_vdi: null,
  offline_config: null,
});

export function createFlexConfiguration(twilio) {
  const { clock } = twilio;
  const settings = {};

  function reset() {
    for (const name of Object.keys(settings)) delete settings[name];
    Object.assign(settings, initial(), { date_created: iso(clock.now()), date_updated: iso(clock.now()) });
  }

  const operations = {
    FetchConfiguration: () => ({ ...settings, url: "https://flex-api.twilio.com/v1/Configuration" }),
  };

  return { settings, reset, services: { "flex-api/v1": operations } };
}
