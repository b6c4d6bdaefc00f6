//! What works, and what is missing for the rest.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::http::{Request, Response};

/// The answer.
#[derive(Serialize)]
struct Health {
    success: bool,
    version: &'static str,
    #[serde(serialize_with = "in_order")]
    features: Vec<(&'static str, State)>,
    missing: Vec<&'static str>,
    invalid: BTreeMap<&'static str, String>,
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

/// `health`: the version, and for each feature whether its settings are there. No secret,
/// no call to Twilio.
pub async fn report(cx: &Context, request: &Request) -> Result<Response> {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(Error::MethodNotAllowed("GET, HEAD, OPTIONS").into());
    }
    let config = cx.config();
    let mut all_missing: Vec<&str> = Vec::new();
    let mut features = Vec::new();
    for feature in Feature::ALL {
        let missing = config.missing(feature);
        all_missing.extend(
            missing.iter().filter(|name| !all_missing.contains(name)).copied().collect::<Vec<_>>(),
        );
        features.push((feature.name(), State { configured: missing.is_empty(), missing }));
    }
    let health = Health {
        success: true,
        version: env!("CARGO_PKG_VERSION"),
        features,
        missing: all_missing,
        invalid: config.invalid.iter().cloned().collect(),
    };
    Ok(Response::json(200, &health))
}
