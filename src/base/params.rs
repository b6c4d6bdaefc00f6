//! What the caller sent: query and body, form or JSON, read into a struct by serde.
//!
//! Twilio's own runtime merges query and body so that the body wins. The plugins send absent
//! values as the words `null` and `undefined`, truth as a word, objects as JSON or as its
//! text, numbers as digits: all of that ends here.

mod de;
mod sent;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::Result;
pub use sent::{Pair, Params};

impl Params<'_> {
    /// Reads the fields into a struct. A field that is missing or cannot be read is a `400`
    /// that names it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(de::Bag(self)).map_err(Into::into)
    }
}

/// Takes a query or form apart (`application/x-www-form-urlencoded`), in its order.
///
/// What is not valid percent-encoding stands for itself, as browsers and Node have it.
#[must_use]
pub fn pairs(encoded: &str) -> Vec<Pair<'_>> {
    let parts = encoded.split('&').filter(|part| !part.is_empty());
    let named = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    named.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Most texts are written as they are: they are neither checked nor copied.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

/// A JSON object as it was sent, as JSON or as its text, to be read or merged later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonObject(String);

impl JsonObject {
    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for JsonObject {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(de::JSON_OBJECT, de::ObjectText).map(Self)
    }
}

#[cfg(test)]
mod tests;
