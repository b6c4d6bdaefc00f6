//! What must not be printed.

use std::fmt;

use hmac::Hmac;
use sha1::Sha1;

/// A text that must not be printed.
#[derive(Clone)]
pub struct Secret(pub(super) String);

impl Secret {
    /// A text that must not be printed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A key for `X-Twilio-Signature`, with the first block of the HMAC already done.
#[derive(Clone)]
pub struct SigningKey(pub Hmac<Sha1>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
