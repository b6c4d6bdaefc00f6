//! What works, and what is missing for the rest.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::asked::Asked;
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::date::iso;
use crate::base::error::{Error, Result};
use crate::base::http::{Request, Response};
use crate::features::events;

/// The answer.
#[derive(Serialize)]
struct Health {
    success: bool,
    version: &'static str,
    #[serde(serialize_with = "in_order")]
    features: Vec<(&'static str, State)>,
    missing: Vec<&'static str>,
    invalid: BTreeMap<&'static str, String>,
    /// How often which paths that are none of ours were asked for, on this instance.
    #[serde(rename = "notOurs")]
    not_ours: BTreeMap<String, u64>,
    /// When TaskRouter's last event came, give or take a minute: whether the callback is set.
    #[serde(rename = "lastTaskRouterEvent")]
    last_event: Option<String>,
}

#[derive(Serialize)]
struct State {
    configured: bool,
    missing: Vec<&'static str>,
}

fn in_order<S: serde::Serializer>(
    features: &[(&'static str, State)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(features.len()))?;
    for (name, state) in features {
        map.serialize_entry(name, state)?;
    }
    map.end()
}

/// `health`: the version, for each feature whether its settings are there, and what was asked
/// for that is none of ours. No secret, no call to Twilio.
///
/// `503` when a feature whose settings are begun cannot work.
pub async fn report(cx: &Context, request: &Request) -> Result<Response> {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(Error::MethodNotAllowed("GET, HEAD, OPTIONS").into());
    }
    let config = cx.config();
    let mut all_missing: Vec<&str> = Vec::new();
    let mut features = Vec::new();
    for feature in Feature::ALL {
        let missing = config.missing(feature);
        let new = missing.iter().filter(|name| !all_missing.contains(name)).copied();
        all_missing.extend(new.collect::<Vec<_>>());
        features.push((feature.name(), State { configured: missing.is_empty(), missing }));
    }
    let success = !Feature::ALL.into_iter().any(|feature| config.is_begun(feature));
    let last_event = events::last(cx).await.unwrap_or_else(|error| {
        cx.warn("last event unknown", &error);
        None
    });
    let health = Health {
        success,
        version: env!("CARGO_PKG_VERSION"),
        features,
        missing: all_missing,
        invalid: config.invalid.iter().cloned().collect(),
        not_ours: cx.memory::<Asked>().by_path(),
        last_event: last_event.map(iso),
    };
    Ok(Response::json(if success { 200 } else { 503 }, &health))
}
