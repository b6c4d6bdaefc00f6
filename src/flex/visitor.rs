//! The third proof of who is calling: a visitor of the customer's own web site.

use std::net::{IpAddr, Ipv6Addr};

use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::http::Request;
use crate::base::params::{Params, pairs};
use crate::base::runtime::Limit;

/// The limits count by the minute.
const RETRY_AFTER: u64 = 60;

/// Somebody on a page of an allowed origin who has not asked too often. It says nothing of who
/// it is, and what is no browser can forge the origin: a visitor gets nothing but a chat of their
/// own.
#[derive(Debug)]
pub struct Visitor {
    address: String,
}

impl Visitor {
    /// The address that the visitor calls from; nothing when the platform does not say.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        Some(self.address.as_str()).filter(|address| !address.is_empty())
    }

    /// Checks where this request comes from and how often, and reads what it says. What stands
    /// in the query would end up in logs and is not read.
    ///
    /// 1. `Origin` is one of `ALLOWED_ORIGINS`. Without that setting there is no webchat.
    /// 2. The caller is within the limit. When the rate limiter fails, the log says so, and the
    ///    visitor is let in: customers come first.
    pub async fn check<'r>(
        cx: &Context,
        request: &'r Request,
        limit: Limit,
    ) -> Result<(Self, Params<'r>)> {
        if request.method != "POST" {
            return Err(Error::MethodNotAllowed("POST, OPTIONS").into());
        }
        let foreign = || Error::forbidden("Origin is not one of ALLOWED_ORIGINS.");
        if request.origin.is_empty() {
            return Err(foreign());
        }
        cx.config().require(Feature::Webchat)?;
        if !cx.config().allowed_origins.contains(&request.origin) {
            return Err(foreign());
        }
        let is_within = cx.runtime().limit(limit, &caller(&request.address)).await;
        let is_within = is_within.unwrap_or_else(|error| {
            cx.warn("rate limit unknown", &error);
            true
        });
        if !is_within {
            return Err(Error::TooMany { retry_after: RETRY_AFTER }.into());
        }
        let params = if request.content_type.starts_with("application/json") {
            Params::from_json(Vec::new(), &request.body)?
        } else {
            Params::from_pairs(Vec::new(), pairs(&request.body))
        };
        Ok((Self { address: request.address.clone() }, params))
    }
}

/// Who is counted: an address, and of IPv6 the network, as everybody there has 2^64 of them.
fn caller(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let network = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(network).to_string()
        }
        _ => address.to_owned(),
    }
}

/// What a visitor is told of a failure: nothing of what Twilio has said, which the log has.
#[must_use]
pub fn told(cx: &Context, error: Box<Error>) -> Box<Error> {
    let (status, retry_after) = match *error {
        Error::Twilio { status: 429 | 503, retry_after, .. } => (503, retry_after.or(Some(1))),
        Error::Twilio { .. } => (502, None),
        _ => return error,
    };
    cx.warn("visitor refused", &error);
    let message = "The chat is not available now.".to_owned();
    Error::Twilio { status, code: None, message, page: None, retry_after }.into()
}

#[cfg(test)]
mod tests {
    use super::caller;

    #[test]
    fn callers_are_addresses_and_networks() {
        for (address, counted) in [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
            ("", ""),
        ] {
            assert_eq!(caller(address), counted);
        }
    }
}
