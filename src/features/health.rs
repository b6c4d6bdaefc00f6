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
            .texts("missing", lacks.iter().copied())
            .end();
        features.raw(feature.name(), &state);
        for name in lacks {
            if !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    let mut invalid = json::object();
    for (name, problem) in &config.invalid {
        invalid.text(name, problem);
    }
    let body = json::object()
        .flag("success", true)
        .text("version", env!("CARGO_PKG_VERSION"))
        .raw("features", &features.end())
        .texts("missing", missing)
        .raw("invalid", &invalid.end())
        .end();
    Ok(Response::json(200, body))
}
