//! What works, and what is missing for the rest.

use crate::Context;
use crate::config::Feature;
use crate::error::{Error, Result};
use crate::json;
use crate::runtime::{Request, Response};

/// `health`: the version, and for each feature whether its settings are there. No secret,
/// no call to Twilio.
pub fn report(cx: &Context, request: &Request) -> Result<Response> {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(Error::MethodNotAllowed("GET, HEAD, OPTIONS").into());
    }
    let config = &cx.app.config;
    let mut features = json::object();
    let mut missing: Vec<&str> = Vec::new();
    for feature in Feature::ALL {
        let lacks = config.missing(feature);
        let state = json::object()
            .flag("configured", lacks.is_empty())
            .texts("missing", lacks.iter().copied());
        features = features.raw(feature.name(), &state.end());
        for name in lacks {
            if !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    let add = |object: json::Writer, (name, problem): &(&str, String)| object.text(name, problem);
    let invalid = config.invalid.iter().fold(json::object(), add);
    let body = json::object()
        .flag("success", true)
        .text("version", env!("CARGO_PKG_VERSION"))
        .raw("features", &features.end())
        .texts("missing", missing)
        .raw("invalid", &invalid.end());
    Ok(Response::json(200, body.end()))
}
