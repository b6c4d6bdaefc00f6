//! Cloudflare Turnstile: whether a visitor is a person
//! (<https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>).

use serde::Deserialize;

use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::runtime::{Answer, Call};
use crate::base::text::form;
use crate::flex::visitor::Visitor;

const FIELD: &str = "formData.cf-turnstile-response";
/// The longest that an answer of Turnstile's widget is.
const MAX_RESPONSE: usize = 2048;

#[derive(Deserialize)]
struct Verdict {
    success: bool,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

/// Checks the widget's answer, when `TURNSTILE_SECRET` is set. It is good for one check: that is
/// never repeated, and who cannot be checked has to try again.
pub async fn check(cx: &Context, visitor: &Visitor, response: Option<&str>) -> Result<()> {
    let Some(secret) = &cx.config().turnstile_secret else { return Ok(()) };
    let response = response.ok_or_else(|| Error::bad(FIELD, "is missing"))?;
    if response.len() > MAX_RESPONSE {
        return Err(Error::bad(FIELD, "is longer than 2048 characters"));
    }
    let mut fields = vec![("secret", secret.expose()), ("response", response)];
    fields.extend(visitor.address().map(|address| ("remoteip", address)));
    let call = Call {
        method: "POST",
        url: cx.config().siteverify_url(),
        content_type: "application/x-www-form-urlencoded",
        body: form(&fields),
        ..Call::default()
    };
    let verdict = |answer: Answer| serde_json::from_str(&answer.body).ok();
    let Some(verdict): Option<Verdict> = cx.fetch(&call).await.ok().and_then(verdict) else {
        return Err(Error::refused(503, "Turnstile could not be asked: try again."));
    };
    if verdict.success {
        return Ok(());
    }
    if verdict.error_codes.iter().any(|code| code.ends_with("-input-secret")) {
        return Err(Error::internal("TURNSTILE_SECRET is not valid"));
    }
    Err(Error::forbidden("Turnstile did not accept formData.cf-turnstile-response."))
}
