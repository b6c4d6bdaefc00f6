//! The checks of who is calling. Each is the only way to its proof: a handler that takes a
//! [`Webhook`] or an [`Agent`] cannot be called without it.

use std::collections::HashSet;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::agent::Agent;
use super::{signature, tokens};
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::http::Request;
use crate::base::params::{Params, pairs};

/// What Twilio wants of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// TwiML: what it asks changes nothing.
    Twiml,
    /// TwiML for a call that comes in, which is noted. Only the body is believed: the query is that
    /// of whatever URL an agent has named. What comes twice in the body is not believed either, as an
    /// agent can give a call to an application any parameters.
    TwimlForCall,
    /// To tell what has happened. Twilio also signs what it fetches from a URL that an agent has
    /// named, as for the music on hold: only a body is Twilio's own word, and of the query only
    /// what our own URLs carry.
    ToTell,
}

/// A request that Twilio has signed.
#[derive(Debug)]
pub struct Webhook<'r> {
    /// The URL that Twilio asked, up to and without the path.
    origin: String,
    /// The path that Twilio asked.
    path: &'r str,
}

impl<'r> Webhook<'r> {
    /// The absolute URL of `name` beside the path that Twilio asked.
    #[must_use]
    pub fn sibling(&self, name: &str) -> String {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{}{folder}/{name}", self.origin)
    }

    /// Checks that Twilio has signed this request, and reads what it says.
    pub fn check(cx: &Context, request: &'r Request, wants: Wants) -> Result<(Self, Params<'r>)> {
        let is_post = match (request.method.as_str(), wants) {
            ("POST", _) => true,
            ("GET", Wants::Twiml) => false,
            (_, Wants::Twiml) => return Err(Error::MethodNotAllowed("GET, POST, OPTIONS").into()),
            (_, Wants::TwimlForCall | Wants::ToTell) => {
                return Err(Error::MethodNotAllowed("POST, OPTIONS").into());
            }
        };
        let config = cx.config();
        config.require(Feature::Twilio)?;
        let mut query = pairs(request.query());
        let body = if is_post { request.body.as_str() } else { "" };
        let hash =
            query.iter().find(|(name, _)| name == "bodySHA256").map(|(_, hash)| hash.clone());
        let is_json =
            is_post && (request.content_type.starts_with("application/json") || hash.is_some());
        let mut form = if is_json { Vec::new() } else { pairs(body) };
        let public = config.public_url.as_ref().map(|url| format!("{url}{}", request.target()));
        let url = public.as_ref().unwrap_or(&request.url);
        let is_signed = signature::is_valid(&config.signing_keys, &request.signature, url, &form);
        // The signature of a JSON body covers the URL, and the URL the body's hash.
        let is_body_signed =
            !is_json || hash.as_deref() == Some(&*hex::encode(Sha256::digest(body)));
        if !is_signed || !is_body_signed {
            return Err(Error::forbidden("X-Twilio-Signature is missing or not valid."));
        }
        match wants {
            Wants::Twiml => {}
            Wants::TwimlForCall => {
                query.clear();
                let mut names = HashSet::new();
                let again = form.iter().filter(|(name, _)| !names.insert(name));
                let again: HashSet<_> = again.map(|(name, _)| name.clone()).collect();
                form.retain(|(name, _)| !again.contains(name));
            }
            // Twilio's own names begin with a capital.
            Wants::ToTell => {
                query.retain(|(name, _)| name.starts_with(|c: char| c.is_ascii_lowercase()));
            }
        }
        let params =
            if is_json { Params::from_json(query, body)? } else { Params::from_pairs(query, form) };
        let origin = config.public_url.as_deref().unwrap_or(request.origin_of_url());
        Ok((Self { origin: origin.to_owned(), path: request.path() }, params))
    }
}

/// Checks that this request carries a valid Flex token, as `Token` in the body or as
/// `Authorization: Bearer`, and reads what it asks for. A token in the query would end up
/// in logs and is not read.
pub async fn agent<'r>(cx: &Context, request: &'r Request) -> Result<(Rc<Agent>, Params<'r>)> {
    if request.method != "POST" {
        return Err(Error::MethodNotAllowed("POST, OPTIONS").into());
    }
    cx.config().require(Feature::Helpers)?;
    let query = pairs(request.query()).into_iter().filter(|(name, _)| name != "Token");
    let query = query.collect();
    let mut params = if request.content_type.starts_with("application/json") {
        Params::from_json(query, &request.body)?
    } else {
        Params::from_pairs(query, pairs(&request.body))
    };
    let bearer = request.authorization.strip_prefix("Bearer ").map(str::trim);
    let bearer = bearer.filter(|token| !token.is_empty()).map(str::to_owned);
    let token = params.take("Token").or(bearer).ok_or_else(|| {
        Error::forbidden("Token is missing: a Flex token in the body or as Authorization: Bearer.")
    })?;
    Ok((tokens::agent(cx, &token).await?, params))
}
