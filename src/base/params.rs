//! What the caller sent: query and body, form or JSON, read into a struct by serde.
//!
//! Twilio's own runtime merges query and body so that the body wins. The plugins send absent
//! values as the words `null` and `undefined`, truth as a word, objects as JSON or as its
//! text, numbers as digits: all of that ends here.

mod de;

use std::borrow::Cow;
use std::mem::swap;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::{Error, Result};
use super::members::Members;
use super::sid;

/// A decoded name and value of a query or a form.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the caller sent, as one flat bag of names.
#[derive(Debug, Default)]
pub struct Params<'a> {
    /// Each name once, with its last value; sorted by name.
    fields: Vec<(Cow<'a, str>, Value<'a>)>,
}

#[derive(Clone, Debug)]
enum Value<'a> {
    Text(Cow<'a, str>),
    /// JSON text of anything but a string.
    Json(&'a str),
}

impl Value<'_> {
    fn is_absent(&self) -> bool {
        let (Self::Text(Cow::Borrowed(text)) | Self::Json(text)) = self else {
            let Self::Text(text) = self else { return false };
            return matches!(&**text, "" | "null" | "undefined");
        };
        matches!(*text, "" | "null" | "undefined")
    }
}

impl<'a> Params<'a> {
    /// Puts query and form together; a repeated name keeps its last value, the body wins.
    #[must_use]
    pub fn from_pairs(query: Vec<Pair<'a>>, form: Vec<Pair<'a>>) -> Self {
        let pairs = query.into_iter().chain(form);
        Self::from_values(pairs.map(|(name, value)| (name, Value::Text(value))))
    }

    /// Puts query and JSON body together; the body must be an object.
    pub fn from_json(query: Vec<Pair<'a>>, body: &'a str) -> Result<Self> {
        let object =
            Members::parse(body).ok_or_else(|| Error::bad("body", "must be a JSON object"))?;
        let query = query.into_iter().map(|(name, value)| (name, Value::Text(value)));
        let members = object.iter().map(|member| {
            let text = serde_json::from_str(member.value).map(Value::Text);
            (member.name.clone(), text.unwrap_or(Value::Json(member.value)))
        });
        Ok(Self::from_values(query.chain(members)))
    }

    fn from_values(values: impl Iterator<Item = (Cow<'a, str>, Value<'a>)>) -> Self {
        let mut fields: Vec<_> = values.collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other)); // stable: the last stays last
        fields.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                swap(later, kept);
            }
            is_same
        });
        Self { fields }
    }

    /// Takes a field out: nothing reads it any more.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.fields.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        match self.fields.remove(place).1 {
            value if value.is_absent() => None,
            Value::Text(text) => Some(text.into_owned()),
            Value::Json(json) => Some(json.to_owned()),
        }
    }

    /// Reads the fields into a struct. A field that is missing or cannot be read is a `400`
    /// that names it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(de::Bag(self)).map_err(Into::into)
    }

    /// The values that are SIDs, whatever their kind.
    pub fn sids(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|(_, value)| match value {
            Value::Text(text) if sid::is_any(text) => Some(&**text),
            _ => None,
        })
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
    const NAME: &'static str = "JsonObject";

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
        deserializer.deserialize_newtype_struct(Self::NAME, de::ObjectText).map(Self)
    }
}

#[cfg(test)]
mod tests;
