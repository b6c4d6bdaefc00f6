//! Webchat's tokens: Twilio's access tokens for Conversations, with no claim of our own
//! (<https://www.twilio.com/docs/iam/access-tokens>).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result};
use crate::base::jwt;

const CONTENT_TYPE: &str = "twilio-fpa;v=1";
const TYPE: &str = "JWT";

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    cty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    twr: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    jti: Cow<'a, str>,
    grants: Grants<'a>,
    /// Seconds since 1970, as is `exp`.
    iat: u64,
    exp: u64,
    iss: Cow<'a, str>,
    sub: Cow<'a, str>,
}

/// A token that grants anything else is none of ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grants<'a> {
    identity: Cow<'a, str>,
    chat: Chat<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chat<'a> {
    service_sid: Cow<'a, str>,
}

/// A token that has been made.
#[derive(Serialize)]
pub struct Issued {
    token: String,
    /// When it ends, in milliseconds since 1970.
    expiration: Millis,
}

/// Makes a token for this identity, which ends before `ends`.
pub fn issue(cx: &Context, identity: &str, ends: Millis) -> Result<Issued> {
    let config = cx.config();
    let (key, secret) = config.api_key()?;
    let iat = cx.started() / 1000;
    let exp = (iat + config.webchat_token.as_secs()).min(ends / 1000);
    let header = Header { alg: jwt::HS256, typ: TYPE, cty: CONTENT_TYPE, twr: config.region() };
    let claims = Claims {
        jti: format!("{key}-{iat}").into(),
        grants: Grants {
            identity: identity.into(),
            chat: Chat { service_sid: config.conversations_service()?.to_string().into() },
        },
        iat,
        exp,
        iss: key.to_string().into(),
        sub: config.account()?.to_string().into(),
    };
    Ok(Issued { token: jwt::sign(secret, &header, &claims), expiration: exp * 1000 })
}

/// Whose token this is. One that is not valid, or not for webchat, is refused.
pub fn identity(cx: &Context, token: &str) -> Result<String> {
    let config = cx.config();
    let (key, secret) = config.api_key()?;
    let (account, service) = (config.account()?, config.conversations_service()?);
    let read = jwt::verify::<Claims<'static>>(secret, token);
    let is_ours = |(header, claims): &(jwt::Header, Claims<'_>)| {
        header.typ.as_deref() == Some(TYPE)
            && header.cty.as_deref() == Some(CONTENT_TYPE)
            && *key == *claims.iss
            && *account == *claims.sub
            && *service == *claims.grants.chat.service_sid
            && claims.exp > cx.started() / 1000
    };
    let (_, claims) =
        read.filter(is_ours).ok_or_else(|| Error::forbidden("The token is not valid."))?;
    Ok(claims.grants.identity.into_owned())
}
