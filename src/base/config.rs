//! Every setting, read and checked here.

mod feature;
mod needed;
mod reader;
mod secret;

use std::time::Duration;

use hmac::{Hmac, Mac};

pub use feature::Feature;
use reader::Reader;
pub use secret::{Secret, SigningKey};

use super::sid::{
    AccountSid, AddressSid, ApiKeySid, ApplicationSid, ConversationsServiceSid, QueueSid,
    SyncServiceSid, WorkflowSid, WorkspaceSid,
};
use super::text::base64;

/// Every setting, by name: `.dev.vars.example` and `docs/settings.md` are held against it.
pub const NAMES: [&str; 34] = [
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_AUTH_TOKEN_SECONDARY",
    "TWILIO_API_KEY",
    "TWILIO_API_SECRET",
    "TWILIO_FLEX_WORKSPACE_SID",
    "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID",
    "TWILIO_FLEX_INTERNAL_CALL_APP_SID",
    "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID",
    "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID",
    "TWILIO_FLEX_OUTBOUND_QUEUE_SID",
    "TWILIO_FLEX_INBOUND_WORKFLOW_SID",
    "TWILIO_FLEX_FALLBACK_WORKFLOW_SID",
    "TWILIO_FLEX_CALLER_ID",
    "TWILIO_CONVERSATIONS_SERVICE_SID",
    "TWILIO_WEBCHAT_ADDRESS_SID",
    "TWILIO_SYNC_SERVICE_SID",
    "WEBCHAT_TOKEN_SECONDS",
    "WEBCHAT_USER_SECRET",
    "TURNSTILE_SECRET",
    "DEFAULT_COUNTRY",
    "TWILIO_REGION",
    "TWILIO_EDGE",
    "PUBLIC_URL",
    "ALLOWED_ORIGINS",
    "FUNCTIONS_ORIGIN",
    "ACCESS_CHECKS",
    "AGENTS_MAY_REMOVE_AGENTS",
    "TRANSFER_WRAP_UP",
    "FLEX_TOKEN_CACHE_SECONDS",
    "INTERNAL_CHAT_IDLE_DAYS",
    "INTERNAL_CHAT_CLEANUP_CALLS",
    "TWILIO_API_BASE",
    "TEST_CLOCK",
];

/// The settings, read and checked. A text that is not what it must be counts as missing, or
/// has its default, and is in `invalid`.
#[derive(Debug)]
pub struct Config {
    account: Option<AccountSid>,
    auth_token: Option<Secret>,
    api_key: Option<(ApiKeySid, Secret)>,
    workspace: Option<WorkspaceSid>,
    internal_call_workflow: Option<WorkflowSid>,
    chat_transfer_workflow: Option<WorkflowSid>,
    outbound_workflow: Option<WorkflowSid>,
    inbound_workflow: Option<WorkflowSid>,
    fallback_workflow: Option<WorkflowSid>,
    conversations_service: Option<ConversationsServiceSid>,
    webchat_address: Option<AddressSid>,
    internal_call_app: Option<ApplicationSid>,
    /// The queue recorded for dialled calls.
    pub outbound_queue: Option<QueueSid>,
    /// Where parked conversations are listed besides.
    pub sync_service: Option<SyncServiceSid>,
    /// The keys that a webhook may be signed with: primary and, during a rotation, secondary.
    pub signing_keys: Vec<SigningKey>,
    /// The value of `Authorization` for Twilio's REST API.
    pub rest_authorization: String,
    /// The caller ID of dialled calls when the agent has none.
    pub caller_id: Option<String>,
    /// The ISO code of the country whose national numbers are understood.
    pub default_country: Option<String>,
    region: Option<String>,
    edge: Option<String>,
    api_base: Option<String>,
    /// The origin that Twilio was given, when it differs from the one the Worker sees.
    pub public_url: Option<String>,
    /// The origins that browsers may call from; empty: all.
    pub allowed_origins: Vec<String>,
    /// Where requests for paths that are none of ours go.
    pub functions_origin: Option<String>,
    /// Whether agents are held to what they take part in.
    pub access_checks: bool,
    /// Whether an agent may take out another agent of the same chat.
    pub agents_may_remove_agents: bool,
    /// Whether who hands a conversation over goes to wrap-up instead of being out at once.
    pub transfer_wrap_up: bool,
    /// How long a valid Flex token is believed without asking again.
    pub token_cache: Duration,
    /// How long a webchat token lives.
    pub webchat_token: Duration,
    /// The key of the customer site's own user tokens.
    pub webchat_user_secret: Option<Secret>,
    /// Cloudflare Turnstile's secret.
    pub turnstile_secret: Option<Secret>,
    /// How long an internal chat may be idle before it is closed.
    pub internal_chat_idle: Duration,
    /// How many Twilio calls one clean-up run may make.
    pub cleanup_calls: u32,
    /// Settings that are there and cannot be read, with what is wrong.
    pub invalid: Vec<(&'static str, String)>,
}

impl Config {
    /// Reads all settings through `get`. What is missing or wrong stops only the features
    /// that need it.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let mut reader = Reader::new(&get);
        let r = &mut reader;
        let secret = |name: &str| reader::text(&get, name).map(Secret);
        let tokens = [secret("TWILIO_AUTH_TOKEN"), secret("TWILIO_AUTH_TOKEN_SECONDARY")];
        let key = |token: &Secret| Hmac::new_from_slice(token.expose().as_bytes()).ok();
        let signing_keys = tokens.iter().flatten().filter_map(key).map(SigningKey).collect();
        let [auth_token, _] = tokens;
        let mut config = Self {
            account: r.sid("TWILIO_ACCOUNT_SID"),
            auth_token,
            api_key: r.sid("TWILIO_API_KEY").zip(secret("TWILIO_API_SECRET")),
            workspace: r.sid("TWILIO_FLEX_WORKSPACE_SID"),
            internal_call_workflow: r.sid("TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID"),
            chat_transfer_workflow: r.sid("TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID"),
            outbound_workflow: r.sid("TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"),
            inbound_workflow: r.sid("TWILIO_FLEX_INBOUND_WORKFLOW_SID"),
            fallback_workflow: r.sid("TWILIO_FLEX_FALLBACK_WORKFLOW_SID"),
            conversations_service: r.sid("TWILIO_CONVERSATIONS_SERVICE_SID"),
            webchat_address: r.sid("TWILIO_WEBCHAT_ADDRESS_SID"),
            internal_call_app: r.sid("TWILIO_FLEX_INTERNAL_CALL_APP_SID"),
            outbound_queue: r.sid("TWILIO_FLEX_OUTBOUND_QUEUE_SID"),
            sync_service: r.sid("TWILIO_SYNC_SERVICE_SID"),
            signing_keys,
            rest_authorization: String::new(),
            caller_id: r.number_to_call("TWILIO_FLEX_CALLER_ID"),
            default_country: r.country("DEFAULT_COUNTRY"),
            region: r.label("TWILIO_REGION"),
            edge: r.label("TWILIO_EDGE"),
            api_base: r.origin("TWILIO_API_BASE"),
            public_url: r.origin("PUBLIC_URL"),
            allowed_origins: r.origins("ALLOWED_ORIGINS"),
            functions_origin: r.origin("FUNCTIONS_ORIGIN"),
            access_checks: r.switch("ACCESS_CHECKS", true),
            agents_may_remove_agents: r.switch("AGENTS_MAY_REMOVE_AGENTS", true),
            transfer_wrap_up: r.switch("TRANSFER_WRAP_UP", false),
            token_cache: r.seconds("FLEX_TOKEN_CACHE_SECONDS", 0..=86_400, 60),
            webchat_token: r.seconds("WEBCHAT_TOKEN_SECONDS", 60..=86_400, 21_600),
            webchat_user_secret: secret("WEBCHAT_USER_SECRET"),
            turnstile_secret: secret("TURNSTILE_SECRET"),
            internal_chat_idle: r.days("INTERNAL_CHAT_IDLE_DAYS", 1..=36_500, 30),
            cleanup_calls: r.number("INTERNAL_CHAT_CLEANUP_CALLS", 4..=900, 40),
            invalid: Vec::new(),
        };
        config.rest_authorization = match &config.api_key {
            Some((key, secret)) => basic(&key.to_string(), secret),
            None => config.account_authorization(),
        };
        config.invalid = reader.invalid;
        config
    }

    /// The value of `Authorization` with the account's own credentials: IAM takes no others.
    #[must_use]
    pub fn account_authorization(&self) -> String {
        match (&self.account, &self.auth_token) {
            (Some(account), Some(token)) => basic(&account.to_string(), token),
            _ => String::new(),
        }
    }

    /// The region of Twilio, when it is set.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Where Cloudflare Turnstile verifies what a visitor has answered
    /// (<https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>).
    #[must_use]
    pub fn siteverify_url(&self) -> String {
        match &self.api_base {
            Some(base) => format!("{base}/turnstile/v0/siteverify"),
            None => "https://challenges.cloudflare.com/turnstile/v0/siteverify".to_owned(),
        }
    }

    /// The absolute URL of `path` at the Twilio product `subdomain`
    /// (<https://www.twilio.com/docs/global-infrastructure>).
    #[must_use]
    pub fn url(&self, subdomain: &str, path: &str) -> String {
        if let Some(base) = &self.api_base {
            return format!("{base}/{subdomain}{path}");
        }
        let (mut edge, mut region) = (self.edge.as_deref(), self.region.as_deref());
        if subdomain == "iam" {
            // IAM has no edges, and goes by the first part of the region's name.
            edge = None;
            region = region.and_then(|region| region.split('-').next());
        } else if edge.is_some() {
            region = region.or(Some("us1"));
        }
        let dot = |part: Option<&str>| part.map_or_else(String::new, |part| format!(".{part}"));
        format!("https://{subdomain}{}{}.twilio.com{path}", dot(edge), dot(region))
    }
}

fn basic(user: &str, password: &Secret) -> String {
    format!("Basic {}", base64(format!("{user}:{}", password.expose()).as_bytes()))
}

#[cfg(test)]
mod tests;
