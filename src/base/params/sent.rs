//! What was sent, before it is read: each name with one value.

use std::borrow::Cow;
use std::mem::swap;

use crate::base::error::{Error, Result};
use crate::base::members::Members;
use crate::base::sid;

/// A decoded name and value of a query or a form.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the caller sent, as one flat bag of names.
#[derive(Debug, Default)]
pub struct Params<'a> {
    /// Each name once, with its last value; sorted by name.
    pub(super) fields: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// A value as it was sent.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// JSON text of anything but a string.
    Json(&'a str),
}

impl Value<'_> {
    /// Whether it stands for nothing.
    pub fn is_absent(&self) -> bool {
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

    /// The values that are SIDs, whatever their kind.
    pub fn sids(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|(_, value)| match value {
            Value::Text(text) if sid::is_any(text) => Some(&**text),
            _ => None,
        })
    }
}
