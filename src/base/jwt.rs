//! JSON Web Tokens signed with HS256 (RFC 7519), and no others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::config::Secret;
use super::json;

/// The one algorithm.
pub const HS256: &str = "HS256";
/// The longest token that is read.
const MAX_TOKEN: usize = 8 * 1024;

/// What the header of a token says.
#[derive(Clone, Debug, Deserialize)]
pub struct Header {
    alg: String,
    /// The type: `JWT`, if it says.
    pub typ: Option<String>,
    /// The type of what is in it.
    pub cty: Option<String>,
    /// What has to be understood besides: nothing is.
    crit: Option<IgnoredAny>,
}

/// Writes a token.
#[must_use]
pub fn sign(key: &Secret, header: &impl Serialize, claims: &impl Serialize) -> String {
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let signed = format!("{}.{}", part(json::write(header)), part(json::write(claims)));
    let signature = mac(key, &signed).map(|mac| mac.finalize().into_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.unwrap_or_default()))
}

/// Reads a token whose signature holds. Whether its time is up is the caller's to see.
#[must_use]
pub fn verify<C: DeserializeOwned>(key: &Secret, token: &str) -> Option<(Header, C)> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(key, signed)?.verify_slice(&signature).ok()?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let header: Header = serde_json::from_str(&part(header)?).ok()?;
    if header.alg != HS256 || header.crit.is_some() {
        return None;
    }
    Some((header, serde_json::from_str(&part(claims)?).ok()?))
}

fn mac(key: &Secret, signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{sign, verify};
    use crate::base::config::Secret;

    #[test]
    fn the_example_of_the_standard_is_read() {
        // RFC 7515, A.1, has a key of bytes; this is the example of jwt.io.
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let key = Secret::new("your-256-bit-secret");
        let (header, claims) = verify::<Value>(&key, token).unwrap();
        assert_eq!((header.typ.as_deref(), &claims["name"]), (Some("JWT"), &json!("John Doe")));
        let written =
            sign(&key, &json!({ "alg": "HS256", "typ": "JWT" }), &json!({ "sub": "1234567890" }));
        assert!(verify::<Value>(&key, &written).is_some());
    }

    #[test]
    fn what_is_not_signed_so_is_nothing() {
        let key = Secret::new("key");
        let (header, claims) = (json!({ "alg": "HS256" }), json!({ "sub": "x" }));
        let good = sign(&key, &header, &claims);
        assert!(verify::<Value>(&key, &good).is_some());
        assert!(verify::<Value>(&Secret::new("other"), &good).is_none());
        for header in [json!({ "alg": "none" }), json!({ "alg": "HS512" }), json!({}), json!(7)] {
            assert!(verify::<Value>(&key, &sign(&key, &header, &claims)).is_none(), "{header}");
        }
        let critical = sign(&key, &json!({ "alg": "HS256", "crit": ["exp"] }), &claims);
        assert!(verify::<Value>(&key, &critical).is_none());
        let unsigned = good.rsplit_once('.').unwrap().0;
        let long = format!("{good}{}", "A".repeat(8 * 1024));
        for broken in ["", ".", "..", unsigned, &format!("{unsigned}."), &format!("{good}="), &long]
        {
            assert!(verify::<Value>(&key, broken).is_none(), "{broken}");
        }
    }
}
