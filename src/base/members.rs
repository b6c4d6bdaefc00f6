//! The members of a JSON object, in their order and letter for letter.
//!
//! Attributes belong to others: what we do not change goes back exactly as it came, numbers
//! as `1.50` and halves of an emoji included. Of a repeated name the last value counts, as
//! in JavaScript, and it is written once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{self, Error};

/// How deep objects and lists may be nested in each other.
pub const MAX_DEPTH: usize = 64;

/// The members of an object: names and values.
#[derive(Debug, Default)]
pub struct Members<'a> {
    list: Vec<Member<'a>>,
    places: BTreeMap<Cow<'a, str>, usize>,
}

/// A name, decoded and as it is written, and its value as JSON text.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The name; with half an emoji in it, which is no Unicode, as it is written.
    pub name: Cow<'a, str>,
    /// The name as JSON text.
    pub written: &'a str,
    /// The value as JSON text.
    pub value: &'a str,
}

impl<'a> Members<'a> {
    /// Reads an object; nothing when the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        // To be told what else it is would cost more than to look.
        if !text.trim_start().starts_with('{') || depth(text) > MAX_DEPTH {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// Reads attributes: Twilio has an empty text where there are none.
    #[must_use]
    pub fn parse_attributes(text: &'a str) -> Option<Self> {
        if text.trim().is_empty() { Some(Self::default()) } else { Self::parse(text) }
    }

    /// Reads attributes; an error when they are no object.
    #[track_caller]
    pub fn attributes(text: &'a str) -> error::Result<Self> {
        match Self::parse_attributes(text) {
            Some(members) => Ok(members),
            None => Err(Error::internal("attributes are no JSON object")),
        }
    }

    fn push(&mut self, member: Member<'a>) {
        if let Some(place) = self.places.get(&member.name).copied() {
            // The last value counts, at the place of the first.
            if let Some(known) = self.list.get_mut(place) {
                *known = member;
            }
            return;
        }
        self.places.insert(member.name.clone(), self.list.len());
        self.list.push(member);
    }

    /// All members, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Member<'a>> {
        self.list.iter()
    }

    /// The value of a member, as JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let place = self.places.get(name)?;
        self.list.get(*place).map(|member| member.value)
    }

    /// Reads the members into a view: a struct with `#[serde(default)]` whose fields are read
    /// by [`lenient`] or [`nested`].
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> T {
        let members = Sequence { members: self.list.iter(), value: "null" };
        T::deserialize(MapAccessDeserializer::new(members)).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    let (written, value) = (name.get(), value.get());
                    members.push(Member { name: decoded(written), written, value });
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A JSON string's text; what cannot be decoded stands for itself.
fn decoded(written: &str) -> Cow<'_, str> {
    let bare = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match bare {
        Some(bare) if !bare.contains('\\') => Cow::Borrowed(bare),
        _ => serde_json::from_str(written).map_or(Cow::Borrowed(written), Cow::Owned),
    }
}

/// How deep objects and lists are nested in a text at most: `serde_json` sets no limit where it
/// skips over values.
fn depth(text: &str) -> usize {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if brackets <= MAX_DEPTH {
        return brackets; // it cannot be deeper
    }
    let (mut deepest, mut depth, mut in_string, mut escaped) = (0, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Members handed to serde one by one.
struct Sequence<'m, 'a> {
    members: std::slice::Iter<'m, Member<'a>>,
    value: &'a str,
}

impl<'a> MapAccess<'a> for Sequence<'_, 'a> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some(member) = self.members.next() else { return Ok(None) };
        self.value = member.value;
        seed.deserialize((&*member.name).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.value))
    }
}

/// A field of a view: what cannot be read counts as absent.
pub fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).ok())
}

/// A field of a view that is a view itself.
pub fn nested<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(Members::parse(json.get()).map(|members| members.view()).unwrap_or_default())
}

/// Reads attributes into a view; what is no object has none of its fields.
#[must_use]
pub fn view<T: DeserializeOwned + Default>(attributes: &str) -> T {
    Members::parse_attributes(attributes).map(|members| members.view()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{MAX_DEPTH, Members, lenient, nested, view};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Outer {
        #[serde(deserialize_with = "lenient")]
        to: Option<String>,
        #[serde(deserialize_with = "nested")]
        room: Inner,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        #[serde(deserialize_with = "lenient")]
        sid: Option<String>,
    }

    #[test]
    fn what_a_view_cannot_read_is_absent_and_the_rest_is_read() {
        let room = |sid: &str| Inner { sid: Some(sid.into()) };
        for (text, to, room) in [
            (r#"{"to":"a","room":{"sid":"x"},"more":[{}]}"#, Some("a"), room("x")),
            (r#"{"to":5,"room":{"sid":"x"}}"#, None, room("x")),
            (r#"{"to":"\ud83d","room":{"sid":"x","odd":"\ud83d"}}"#, None, room("x")),
            (r#"{"\ud83d":1,"to":"a"}"#, Some("a"), Inner::default()),
            (r#"{"to":"a","to":"b","room":{"sid":1,"sid":"x"}}"#, Some("b"), room("x")),
            (r#"{"t\u006f":"a","room":7}"#, Some("a"), Inner::default()),
            ("", None, Inner::default()),
            ("[1]", None, Inner::default()),
            ("{", None, Inner::default()),
        ] {
            assert_eq!(view::<Outer>(text), Outer { to: to.map(Into::into), room }, "{text}");
        }
    }

    #[test]
    fn a_repeated_name_keeps_its_place_and_its_last_value() {
        let members = Members::parse(r#"{"a":1,"b":2,"\u0061":3.0}"#).unwrap();
        let all: Vec<_> = members.iter().map(|m| (&*m.name, m.value)).collect();
        assert_eq!(all, [("a", "3.0"), ("b", "2")]);
    }

    #[test]
    fn what_is_nested_too_deep_is_no_object() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Members::parse(&deep(MAX_DEPTH - 1)).is_some());
        assert!(Members::parse(&deep(MAX_DEPTH)).is_none());
        assert!(Members::parse(r#"{"a":"[[[[\"[["}"#).is_some());
    }
}
