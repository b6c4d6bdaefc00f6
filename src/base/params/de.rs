//! The serde side of [`super::Params`].

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer as _, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::sent::{Params, Value};
use crate::base::error;
use crate::base::members::Members;

/// A field that cannot be read, and why.
#[derive(Debug)]
pub struct Error {
    field: Option<String>,
    problem: String,
}

impl Error {
    fn new(problem: &str) -> Self {
        Self { field: None, problem: problem.to_owned() }
    }

    /// Names the field, unless one inside it has been named.
    fn at(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }
}

impl From<Error> for Box<error::Error> {
    fn from(error: Error) -> Self {
        error::Error::bad(error.field.as_deref().unwrap_or("body"), &error.problem)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.as_deref().unwrap_or("body"), self.problem)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::new(&problem.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").at(field)
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(&format!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        match expected {
            [others @ .., last] if !others.is_empty() => {
                Self::new(&format!("must be {} or {last}", others.join(", ")))
            }
            _ => Self::new(&format!("must be {}", expected.join(""))),
        }
    }
}

/// All fields, as a map without those that are absent.
pub struct Bag<'p>(pub &'p Params<'p>);

impl<'de> Deserializer<'de> for Bag<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let present = self.0.fields.iter().filter(|(_, value)| !value.is_absent());
        visitor.visit_map(Fields { fields: Box::new(present), value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

type Field<'p> = (std::borrow::Cow<'p, str>, Value<'p>);

struct Fields<'p> {
    fields: Box<dyn Iterator<Item = &'p Field<'p>> + 'p>,
    value: Option<&'p Field<'p>>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.value = self.fields.next();
        let Some((name, _)) = self.value else { return Ok(None) };
        seed.deserialize((&**name).into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((name, value)) = self.value.take() else { return Err(Error::new("is missing")) };
        seed.deserialize(OneValue(value)).map_err(|error| error.at(name))
    }
}

/// The digits of a whole number. To JSON, `78.0` is one too.
fn digits(number: &str) -> Option<&str> {
    let (digits, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_all =
        |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(fits);
    (is_all(digits, u8::is_ascii_digit) && is_all(fraction, |b| *b == b'0')).then_some(digits)
}

/// The value of one field, which is there.
struct OneValue<'p>(&'p Value<'p>);

impl OneValue<'_> {
    /// Text, or digits: a whole JSON number will do where a text is wanted.
    fn text(&self) -> Result<&str, Error> {
        match self.0 {
            Value::Text(text) => Ok(text),
            Value::Json(json) => digits(json).ok_or_else(|| Error::new("must be a text")),
        }
    }

    /// The JSON text: what is no JSON value here is one as text.
    fn json(&self) -> &str {
        match self.0 {
            Value::Text(text) => text,
            Value::Json(json) => json,
        }
    }
}

impl<'de> Deserializer<'de> for OneValue<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text()?)
    }

    /// A field that nobody reads may be anything.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.json() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Error::new("must be true or false")),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = digits(self.json()).and_then(|digits| digits.parse().ok());
        visitor.visit_u64(number.ok_or_else(|| Error::new("must be a whole number"))?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == JSON_OBJECT {
            return visitor.visit_str(self.json());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let list = serde_json::from_str::<serde_json::Value>(self.json());
        let read = list.and_then(|list| list.deserialize_seq(visitor));
        read.map_err(|_| Error::new("must be a JSON list of texts"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let inside = Params::from_json(Vec::new(), self.json())
            .map_err(|_| Error::new("must be a JSON object"))?;
        Bag(&inside).deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map identifier
    }
}

/// The name by which [`super::JsonObject`] asks for [`ObjectText`].
pub const JSON_OBJECT: &str = "JsonObject";

/// Reads the text of a JSON object, as [`super::JsonObject`] keeps it.
pub struct ObjectText;

impl Visitor<'_> for ObjectText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        if Members::parse(text).is_none() {
            return Err(E::custom("must be a JSON object"));
        }
        Ok(text.to_owned())
    }
}
