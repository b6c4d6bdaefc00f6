//! Every setting, read and checked here.

use std::fmt;

use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::auth::base64;
use crate::error::{Error, Result};
use crate::runtime::{Millis, SECOND};
use crate::sid::Sid;

/// A text that must not be printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the service can do, as far as its settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Answering Twilio's webhooks and asking Twilio anything at all.
    Twilio,
    /// One agent calls another.
    InternalCall,
    /// A conversation changes hands.
    ConversationTransfer,
    /// Hold, mute, add and remove in a conference; queues, channels, tasks and workers.
    Helpers,
    /// Calling the customer from a chat.
    Dial,
    /// Agents chat with each other.
    InternalChat,
}

impl Feature {
    /// All of them, in the order of `GET /health`.
    pub const ALL: [Self; 6] = [
        Self::Twilio,
        Self::InternalCall,
        Self::ConversationTransfer,
        Self::Helpers,
        Self::Dial,
        Self::InternalChat,
    ];

    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::InternalCall => "internal-call",
            Self::ConversationTransfer => "conversation-transfer",
            Self::Helpers => "helpers",
            Self::Dial => "dial",
            Self::InternalChat => "internal-chat",
        }
    }

    /// The settings it cannot do without.
    #[must_use]
    pub fn settings(self) -> &'static [&'static str] {
        const ACCOUNT: &str = "TWILIO_ACCOUNT_SID";
        const TOKEN: &str = "TWILIO_AUTH_TOKEN";
        match self {
            Self::Twilio => &[ACCOUNT, TOKEN],
            Self::InternalCall => &[ACCOUNT, TOKEN, WORKSPACE, INTERNAL_CALL_WORKFLOW],
            Self::ConversationTransfer => &[ACCOUNT, TOKEN, WORKSPACE, CHAT_TRANSFER_WORKFLOW],
            Self::Helpers | Self::InternalChat => &[ACCOUNT, TOKEN, WORKSPACE],
            Self::Dial => &[ACCOUNT, TOKEN, WORKSPACE, OUTBOUND_WORKFLOW],
        }
    }
}

/// `WS…`
pub const WORKSPACE: &str = "TWILIO_FLEX_WORKSPACE_SID";
/// `WW…` of the called agent's task.
pub const INTERNAL_CALL_WORKFLOW: &str = "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID";
/// `WW…` of transfers.
pub const CHAT_TRANSFER_WORKFLOW: &str = "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID";
/// `WW…` of dialled calls.
pub const OUTBOUND_WORKFLOW: &str = "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID";
/// `WQ…` of dialled calls.
pub const OUTBOUND_QUEUE: &str = "TWILIO_FLEX_OUTBOUND_QUEUE_SID";

/// Every setting that is a SID, with its kind.
const SIDS: [(&str, &str); 7] = [
    ("TWILIO_ACCOUNT_SID", "AC"),
    ("TWILIO_API_KEY", "SK"),
    (WORKSPACE, "WS"),
    (INTERNAL_CALL_WORKFLOW, "WW"),
    (CHAT_TRANSFER_WORKFLOW, "WW"),
    (OUTBOUND_WORKFLOW, "WW"),
    (OUTBOUND_QUEUE, "WQ"),
];

/// Every setting, by name: `.dev.vars.example` and the README are held against this list.
pub const NAMES: [&str; 21] = [
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_AUTH_TOKEN_SECONDARY",
    "TWILIO_API_KEY",
    "TWILIO_API_SECRET",
    WORKSPACE,
    INTERNAL_CALL_WORKFLOW,
    CHAT_TRANSFER_WORKFLOW,
    OUTBOUND_WORKFLOW,
    OUTBOUND_QUEUE,
    "TWILIO_FLEX_CALLER_ID",
    "DEFAULT_COUNTRY",
    "TWILIO_REGION",
    "TWILIO_EDGE",
    "PUBLIC_URL",
    "ALLOWED_ORIGINS",
    "ACCESS_CHECKS",
    "FLEX_TOKEN_CACHE_SECONDS",
    "INTERNAL_CHAT_IDLE_DAYS",
    "INTERNAL_CHAT_CLEANUP_CALLS",
    "TWILIO_API_BASE",
];

/// The settings, read and checked.
#[derive(Debug)]
pub struct Config {
    sids: Vec<(&'static str, Sid)>,
    auth_token: Option<Secret>,
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
    /// Whether agents are held to what they take part in.
    pub access_checks: bool,
    /// How long a valid Flex token is believed without asking again.
    pub token_cache: Millis,
    /// How long an internal chat may be idle before it is closed.
    pub internal_chat_idle: Millis,
    /// How many Twilio calls one clean-up run may make.
    pub cleanup_calls: u32,
    /// Settings that are there and cannot be read, with what is wrong.
    pub invalid: Vec<(&'static str, String)>,
}

/// A key for `X-Twilio-Signature`, with the first block of the HMAC already done.
#[derive(Clone)]
pub struct SigningKey(pub Hmac<Sha1>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl Config {
    /// Reads all settings through `get`. What is missing or wrong stops only the features
    /// that need it.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let mut invalid = Vec::new();
        let mut sids = Vec::new();
        for (name, prefix) in SIDS {
            match get(name).map(|text| Sid::parse(prefix, &text)) {
                Some(Some(sid)) => sids.push((name, sid)),
                Some(None) => invalid.push((name, ["is not a ", prefix, "… SID"].concat())),
                None => {}
            }
        }
        // One that is not as it must be counts as missing.
        let mut checked = |name, is_good: fn(&str) -> bool, problem: &str| {
            let text = get(name)?;
            if is_good(&text) {
                return Some(text);
            }
            invalid.push((name, problem.to_owned()));
            None
        };
        let is_origin = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        let problem = "must begin with https:// or http://";
        let mut origin = |name| {
            checked(name, is_origin, problem).map(|text| text.trim_end_matches('/').to_owned())
        };
        let (public_url, api_base) = (origin("PUBLIC_URL"), origin("TWILIO_API_BASE"));
        let is_label = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let problem = "must be letters, digits and dashes";
        let region = checked("TWILIO_REGION", is_label, problem);
        let edge = checked("TWILIO_EDGE", is_label, problem);
        let is_country =
            |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let problem = "must be a two-letter ISO code";
        let default_country = checked("DEFAULT_COUNTRY", is_country, problem);
        let is_switch = |text: &str| text == "on" || text == "off";
        let access_checks = checked("ACCESS_CHECKS", is_switch, "must be on or off");
        let mut number = |name, is_good: fn(&str) -> bool, problem: &str, default: u64| {
            let text = checked(name, is_good, problem);
            text.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let problem = "must be a whole number of seconds";
        let is_number = |text: &str| text.parse::<u64>().is_ok();
        let token_cache = number("FLEX_TOKEN_CACHE_SECONDS", is_number, problem, 60);
        let problem = "must be a whole number of days from 1 up";
        let is_days = |text: &str| matches!(text.parse(), Ok(1_u64..));
        let idle_days = number("INTERNAL_CHAT_IDLE_DAYS", is_days, problem, 30);
        let problem = "must be a whole number from 4 to 900";
        let is_calls = |text: &str| matches!(text.parse(), Ok(4_u64..=900));
        let cleanup_calls = number("INTERNAL_CHAT_CLEANUP_CALLS", is_calls, problem, 40);
        let tokens = [get("TWILIO_AUTH_TOKEN"), get("TWILIO_AUTH_TOKEN_SECONDARY")];
        let auth_token = tokens.first().cloned().flatten().map(Secret);
        let mut signing_keys = Vec::new();
        for token in tokens.into_iter().flatten() {
            signing_keys.extend(Hmac::new_from_slice(token.as_bytes()).ok().map(SigningKey));
        }
        let mut allowed_origins = Vec::new();
        for origin in get("ALLOWED_ORIGINS").unwrap_or_default().split(',') {
            let origin = origin.trim().trim_end_matches('/');
            if !origin.is_empty() {
                allowed_origins.push(origin.to_owned());
            }
        }
        let mut config = Self {
            sids,
            auth_token,
            signing_keys,
            rest_authorization: String::new(),
            caller_id: get("TWILIO_FLEX_CALLER_ID"),
            default_country: default_country.map(|country| country.to_ascii_uppercase()),
            region,
            edge,
            api_base,
            public_url,
            allowed_origins,
            access_checks: access_checks.is_none_or(|switch| switch == "on"),
            token_cache: token_cache.saturating_mul(SECOND),
            internal_chat_idle: idle_days.saturating_mul(24 * 60 * 60 * SECOND),
            cleanup_calls: u32::try_from(cleanup_calls).unwrap_or(40),
            invalid,
        };
        config.rest_authorization = match (config.find("TWILIO_API_KEY"), get("TWILIO_API_SECRET"))
        {
            (Some(key), Some(secret)) => basic(key.as_str(), &secret),
            _ => config.account_authorization(),
        };
        config
    }

    /// The value of `Authorization` with the account's own credentials: IAM takes no others.
    #[must_use]
    pub fn account_authorization(&self) -> String {
        match (self.find("TWILIO_ACCOUNT_SID"), &self.auth_token) {
            (Some(account), Some(token)) => basic(account.as_str(), token.expose()),
            _ => String::new(),
        }
    }

    fn find(&self, name: &str) -> Option<&Sid> {
        self.sids.iter().find(|(known, _)| *known == name).map(|(_, sid)| sid)
    }

    /// The settings that a feature lacks.
    #[must_use]
    pub fn missing(&self, feature: Feature) -> Vec<&'static str> {
        let has = |name: &&str| match *name {
            "TWILIO_AUTH_TOKEN" => self.auth_token.is_some(),
            name => self.find(name).is_some(),
        };
        feature.settings().iter().copied().filter(|name| !has(name)).collect()
    }

    /// Fails, with all the names, when a feature lacks settings.
    pub fn require(&self, feature: Feature) -> Result<()> {
        let missing = self.missing(feature);
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::NotConfigured { feature: feature.name(), missing }.into())
    }

    /// A setting that is a SID; empty when it is missing, which [`Config::require`] has
    /// said before.
    #[must_use]
    pub fn sid(&self, name: &str) -> &str {
        self.find(name).map_or("", Sid::as_str)
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.sid("TWILIO_ACCOUNT_SID")
    }

    /// The TaskRouter workspace.
    #[must_use]
    pub fn workspace(&self) -> &str {
        self.sid(WORKSPACE)
    }

    /// The absolute URL of `path` at the Twilio product `subdomain`
    /// (<https://www.twilio.com/docs/global-infrastructure>).
    #[must_use]
    pub fn url(&self, subdomain: &str, path: &str) -> String {
        if let Some(base) = &self.api_base {
            return [base, "/", subdomain, path].concat();
        }
        let (mut edge, mut region) = (self.edge.as_deref(), self.region.as_deref());
        if subdomain == "iam" {
            // IAM has no edges, and goes by the first part of the region's name.
            edge = None;
            region = region.and_then(|region| region.split('-').next());
        } else if edge.is_some() {
            region = region.or(Some("us1"));
        }
        let dot = |part: Option<&str>| part.map_or_else(String::new, |part| [".", part].concat());
        ["https://", subdomain, &dot(edge), &dot(region), ".twilio.com", path].concat()
    }
}

fn basic(user: &str, password: &str) -> String {
    ["Basic ", &base64([user, ":", password].concat().as_bytes())].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Config {
        Config::read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn hosts_follow_region_and_edge() {
        let url = |settings| config(settings).url("taskrouter", "/v1");
        assert_eq!(url(&[]), "https://taskrouter.twilio.com/v1");
        assert_eq!(url(&[("TWILIO_REGION", "ie1")]), "https://taskrouter.ie1.twilio.com/v1");
        assert_eq!(
            url(&[("TWILIO_EDGE", "dublin")]),
            "https://taskrouter.dublin.us1.twilio.com/v1"
        );
        let both = [("TWILIO_EDGE", "dublin"), ("TWILIO_REGION", "ie1")];
        assert_eq!(url(&both), "https://taskrouter.dublin.ie1.twilio.com/v1");
        assert_eq!(
            config(&[("TWILIO_REGION", "stage-us1")]).url("iam", "/v1"),
            "https://iam.stage.twilio.com/v1"
        );
        let local = [("TWILIO_API_BASE", "http://127.0.0.1:4010/")];
        assert_eq!(url(&local), "http://127.0.0.1:4010/taskrouter/v1");
    }

    #[test]
    fn missing_and_broken_settings_are_named() {
        let config = config(&[
            ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
            (WORKSPACE, "WSnonsense"),
            ("ACCESS_CHECKS", "maybe"),
            ("FLEX_TOKEN_CACHE_SECONDS", "0"),
            ("INTERNAL_CHAT_IDLE_DAYS", "0"),
            ("INTERNAL_CHAT_CLEANUP_CALLS", "901"),
        ]);
        assert_eq!(config.missing(Feature::Helpers), ["TWILIO_AUTH_TOKEN", WORKSPACE]);
        let names: Vec<_> = config.invalid.iter().map(|(name, _)| *name).collect();
        let wrong = ["INTERNAL_CHAT_IDLE_DAYS", "INTERNAL_CHAT_CLEANUP_CALLS"];
        assert_eq!(names, [&[WORKSPACE, "ACCESS_CHECKS"][..], &wrong].concat());
        assert!(config.access_checks);
        assert_eq!((config.token_cache, config.cleanup_calls), (0, 40));
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = config(&[("TWILIO_AUTH_TOKEN", "hush")]);
        assert!(!format!("{:?}{:?}", config.auth_token, config.signing_keys).contains("hush"));
    }

    #[test]
    fn an_api_key_is_used_for_rest_but_not_for_iam() {
        let account = ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001");
        let with_key = config(&[
            account,
            ("TWILIO_AUTH_TOKEN", "t"),
            ("TWILIO_API_KEY", "SK00000000000000000000000000000001"),
            ("TWILIO_API_SECRET", "s"),
        ]);
        assert_ne!(with_key.rest_authorization, with_key.account_authorization());
        let without = config(&[account, ("TWILIO_AUTH_TOKEN", "t")]);
        assert_eq!(without.rest_authorization, without.account_authorization());
    }
}
