//! Settings: what is missing, and what cannot be read.

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
    assert_eq!(url(&[("TWILIO_EDGE", "dublin")]), "https://taskrouter.dublin.us1.twilio.com/v1");
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
        ("TWILIO_FLEX_WORKSPACE_SID", "WSnonsense"),
        ("ACCESS_CHECKS", "maybe"),
        ("FLEX_TOKEN_CACHE_SECONDS", "0"),
        ("INTERNAL_CHAT_IDLE_DAYS", "0"),
        ("INTERNAL_CHAT_CLEANUP_CALLS", "901"),
    ]);
    assert_eq!(
        config.missing(Feature::Helpers),
        ["TWILIO_AUTH_TOKEN", "TWILIO_FLEX_WORKSPACE_SID"]
    );
    let names: Vec<_> = config.invalid.iter().map(|(name, _)| *name).collect();
    let wrong = ["INTERNAL_CHAT_IDLE_DAYS", "INTERNAL_CHAT_CLEANUP_CALLS"];
    assert_eq!(names, [&["TWILIO_FLEX_WORKSPACE_SID", "ACCESS_CHECKS"][..], &wrong].concat());
    assert!(config.access_checks);
    assert_eq!((config.token_cache, config.cleanup_calls), (Duration::ZERO, 40));
}

#[test]
fn settings_that_are_no_texts_in_toml_are_read_as_well() {
    // As the platform hands numbers and truth values on: as their text.
    let config = config(&[
        ("FLEX_TOKEN_CACHE_SECONDS", &0.0_f64.to_string()),
        ("INTERNAL_CHAT_IDLE_DAYS", &90.0_f64.to_string()),
        ("WEBCHAT_TOKEN_SECONDS", &86_400.0_f64.to_string()),
        ("ACCESS_CHECKS", &false.to_string()),
        ("AGENTS_MAY_REMOVE_AGENTS", &false.to_string()),
        ("TRANSFER_WRAP_UP", &true.to_string()),
    ]);
    assert!(config.invalid.is_empty(), "{:?}", config.invalid);
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    assert_eq!((config.token_cache, config.internal_chat_idle), (Duration::ZERO, days(90)));
    assert_eq!(config.webchat_token, days(1));
    assert!(!config.access_checks && !config.agents_may_remove_agents && config.transfer_wrap_up);
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
