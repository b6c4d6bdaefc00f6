//! Texts that we keep where others can write: a seal shows that they are ours.

use hmac::Mac as _;

use crate::base::config::{Config, SigningKey};

/// What is sealed: never anything like a URL, which is what Twilio signs with the same key.
fn mac(key: &SigningKey, purpose: &str, text: &str) -> hmac::Hmac<sha1::Sha1> {
    let mut mac = key.0.clone();
    mac.update(purpose.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    mac
}

/// The seal of a text.
#[must_use]
pub fn seal(config: &Config, purpose: &str, text: &str) -> String {
    let key = config.signing_keys.first();
    key.map_or_else(String::new, |key| hex::encode(mac(key, purpose, text).finalize().into_bytes()))
}

/// Whether this is the seal of a text. During a rotation of the auth token both hold.
#[must_use]
pub fn holds(config: &Config, purpose: &str, text: &str, seal: &str) -> bool {
    let Ok(seal) = hex::decode(seal) else { return false };
    config.signing_keys.iter().any(|key| mac(key, purpose, text).verify_slice(&seal).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{holds, seal};
    use crate::base::config::Config;

    fn config(settings: &[(&str, &str)]) -> Config {
        Config::read(|name| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_seal_is_of_one_text_and_one_purpose_and_outlives_a_rotation() {
        let old = config(&[("TWILIO_AUTH_TOKEN", "old")]);
        let sealed = seal(&old, "parked", "text");
        assert_eq!(sealed.len(), 40);
        assert!(holds(&old, "parked", "text", &sealed));
        assert!(!holds(&old, "parked", "texts", &sealed));
        assert!(!holds(&old, "other", "text", &sealed));
        for broken in ["", "0", "zz", "é", &sealed[..38]] {
            assert!(!holds(&old, "parked", "text", broken), "{broken}");
        }
        let rotated =
            config(&[("TWILIO_AUTH_TOKEN", "new"), ("TWILIO_AUTH_TOKEN_SECONDARY", "old")]);
        assert!(holds(&rotated, "parked", "text", &sealed));
        let new = config(&[("TWILIO_AUTH_TOKEN", "new")]);
        assert!(!holds(&new, "parked", "text", &sealed));
        assert!(!holds(&config(&[]), "parked", "text", &seal(&config(&[]), "parked", "text")));
    }
}
