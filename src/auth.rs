//! The two proofs of who is calling: [`Webhook`] is Twilio, [`FlexCall`] is an agent.
//!
//! Each has one constructor, and a handler that takes one cannot be called without it.

mod signature;
mod tokens;

use std::rc::Rc;

use sha2::{Digest as _, Sha256};

pub use signature::is_valid;
pub use tokens::Tokens;

use crate::Context;
use crate::config::Feature;
use crate::error::{Error, Result};
use crate::params::{self, Params};
use crate::runtime::Request;
use crate::sid::Sid;

/// A request that Twilio has signed.
#[expect(clippy::manual_non_exhaustive, reason = "no other module may make one")]
pub struct Webhook {
    /// What it says.
    pub params: Params,
    _proof: (),
}

/// A request with a valid Flex token.
#[expect(clippy::manual_non_exhaustive, reason = "no other module may make one")]
pub struct FlexCall {
    /// What it asks for, without the token.
    pub params: Params,
    /// Whose token it is.
    pub agent: Rc<Agent>,
    _proof: (),
}

/// The owner of a Flex token, by Twilio's word.
#[derive(Debug)]
pub struct Agent {
    /// The TaskRouter worker; administrators may have none.
    pub worker: Option<Sid>,
    /// The identity, as `client:<identity>` and the Conversations user have it.
    pub identity: String,
    /// The Flex roles.
    pub roles: Vec<String>,
}

impl Agent {
    /// The worker, for what only workers can do.
    pub fn worker(&self) -> Result<&Sid> {
        self.worker.as_ref().ok_or_else(|| Error::forbidden("This token belongs to no worker."))
    }

    /// Whether this is a supervisor or an administrator, who may act on anything.
    #[must_use]
    pub fn is_supervisor(&self) -> bool {
        self.roles.iter().any(|role| role == "supervisor" || role == "admin")
    }

    /// Who this is in the key of something that is done once.
    #[must_use]
    pub fn key(&self) -> &str {
        self.worker.as_ref().map_or(self.identity.as_str(), Sid::as_str)
    }
}

/// Checks that Twilio has signed this request.
pub fn webhook(cx: &Context, request: &Request) -> Result<Webhook> {
    let is_post = match request.method.as_str() {
        "POST" => true,
        "GET" => false,
        _ => return Err(Error::MethodNotAllowed("GET, POST, OPTIONS").into()),
    };
    let config = &cx.app.config;
    config.require(Feature::Twilio)?;
    let query = params::pairs(request.query());
    let body = if is_post { request.body.as_str() } else { "" };
    let hash = query.iter().find(|(name, _)| name == "bodySHA256").map(|(_, value)| value.as_ref());
    let is_json =
        is_post && (request.content_type.starts_with("application/json") || hash.is_some());
    let form = if is_json { Vec::new() } else { params::pairs(body) };
    let is_signed = match &config.public_url {
        Some(public) => {
            let url = [public, request.target()].concat();
            signature::is_valid(&config.signing_keys, &request.signature, &url, &form)
        }
        None => signature::is_valid(&config.signing_keys, &request.signature, &request.url, &form),
    };
    // The signature of a JSON body covers the URL, and the URL the body's hash.
    if !is_signed || (is_json && hash != Some(hex(&Sha256::digest(body.as_bytes())).as_str())) {
        return Err(Error::forbidden("X-Twilio-Signature is missing or not valid."));
    }
    let params =
        if is_json { Params::from_json(query, body)? } else { Params::from_pairs(query, form) };
    Ok(Webhook { params, _proof: () })
}

/// Checks that this request carries a valid Flex token: as `Token` in the body, or as
/// `Authorization: Bearer`. A token in the query would end up in logs and is not read.
pub fn flex(cx: &Context, request: &Request) -> Result<FlexCall> {
    if request.method != "POST" {
        return Err(Error::MethodNotAllowed("POST, OPTIONS").into());
    }
    cx.app.config.require(Feature::Helpers)?;
    let query = params::pairs(request.query()).into_iter().filter(|(name, _)| name != "Token");
    let query = query.collect();
    let params = if request.content_type.starts_with("application/json") {
        Params::from_json(query, &request.body)?
    } else {
        Params::from_pairs(query, params::pairs(&request.body))
    };
    let bearer = request.authorization.strip_prefix("Bearer ").map(str::trim);
    let token = match params.optional_text("Token")? {
        Some(token) => token,
        None => bearer.filter(|token| !token.is_empty()).ok_or_else(|| {
            Error::forbidden(
                "Token is missing: a Flex token in the body or as Authorization: Bearer.",
            )
        })?,
    };
    let agent = tokens::agent(cx, token)?;
    Ok(FlexCall { params, agent, _proof: () })
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from_digit(four.into(), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

/// Bytes in Base64 (RFC 4648, with padding).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let byte = |at| group.get(at).map_or(0, |byte| u32::from(*byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * at) & 63) as usize);
            text.extend(
                digit.filter(|_| at <= group.len()).or(Some(&b'=')).map(|d| char::from(*d)),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding as _};

    #[test]
    fn base64_is_that_of_everybody() {
        for length in 0..100_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(151) ^ length).collect();
            assert_eq!(super::base64(&bytes), Base64::encode_string(&bytes));
        }
    }
}
