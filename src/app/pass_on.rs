//! Requests for paths that are none of ours go to the team's own Functions, so that one domain
//! serves a whole plugin.

use super::routes;
use crate::base::context::Context;
use crate::base::http::Request;

/// Where this request goes, when it is for a path that is none of ours: the same path and query
/// at `FUNCTIONS_ORIGIN`. Never back to where it came from.
#[must_use]
pub fn destination(cx: &Context, request: &Request) -> Option<String> {
    let origin = cx.config().functions_origin.as_deref()?;
    let is_ours = routes::find(request.path()).is_some();
    let is_here =
        [Some(request.origin_of_url()), cx.config().public_url.as_deref()].contains(&Some(origin));
    (!is_ours && !is_here).then(|| format!("{origin}{}", request.target()))
}
