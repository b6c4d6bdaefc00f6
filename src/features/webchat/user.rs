//! Visitors who are signed in at the customer's own site, by its word: a token with HS256 and
//! `WEBCHAT_USER_SECRET`.

use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use super::form::MAX_NAME;
use crate::base::config::Secret;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::jwt;
use crate::base::members::lenient;
use crate::flex::customer::cut;
use crate::flex::verified::Verified;

const FIELD: &str = "formData.userToken";
/// A token is good for a day at most, in seconds.
const MAX_LIFE: u64 = 24 * 60 * 60;
const MAX_SUBJECT: usize = 256;
/// The longest that an e-mail address is (RFC 5321).
const MAX_EMAIL: usize = 254;

/// Somebody who is signed in.
pub struct User {
    /// Their identity in the chat.
    pub identity: String,
    /// What the site says of them.
    pub verified: Verified,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, as is `nbf`.
    exp: u64,
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    email: Option<String>,
}

/// Who this token says is there.
pub fn check(cx: &Context, token: &str) -> Result<User> {
    let off = || Error::bad(FIELD, "is not taken here: WEBCHAT_USER_SECRET is not set");
    let secret = cx.config().webchat_user_secret.as_ref().ok_or_else(off)?;
    let now = cx.started() / 1000;
    let is_valid = |(header, claims): &(jwt::Header, Claims)| {
        header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"))
            && (now + 1..=now + MAX_LIFE).contains(&claims.exp)
            && claims.nbf.is_none_or(|from| from <= now)
            && (1..=MAX_SUBJECT).contains(&claims.sub.len())
    };
    let read = jwt::verify(secret, token).filter(is_valid);
    let (_, claims) = read.ok_or_else(|| Error::forbidden("formData.userToken is not valid."))?;
    let plain = |text: &String| !text.trim().is_empty() && !text.chars().any(char::is_control);
    let name = claims.name.filter(plain).map(|name| cut(&name, MAX_NAME).into_owned());
    let email = claims.email.filter(|email| plain(email) && email.len() <= MAX_EMAIL);
    let identity = identity(secret, &claims.sub)?;
    Ok(User { identity, verified: Verified { name, email } })
}

/// The chat's identity: the same for whoever comes back, and nothing that tells who it is. What
/// is signed is never anything like a token, which has no line's end in it.
fn identity(secret: &Secret, subject: &str) -> Result<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
    let mut mac = mac.map_err(|_| Error::internal("WEBCHAT_USER_SECRET makes no key"))?;
    mac.update(b"identity\n");
    mac.update(subject.as_bytes());
    Ok(format!("webchat-{}", hex::encode(mac.finalize().into_bytes())))
}
