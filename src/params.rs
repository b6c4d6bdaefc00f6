//! What the caller sent: query and body, form or JSON, as one flat bag.
//!
//! Twilio's own runtime merges them so that the body wins, and the peers' plugins send
//! absent values as the words `null` and `undefined`.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::json::{self, Object};
use crate::sid::Sid;

/// A decoded name and value of a query or a form.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the caller sent: names and values, one behind the other in one text.
#[derive(Debug, Default)]
pub struct Params {
    text: String,
    fields: Vec<Field>,
}

/// Where a name and its value stand.
#[derive(Debug)]
struct Field {
    start: usize,
    middle: usize,
    end: usize,
    /// JSON text of anything but a string, from a JSON body; else the text itself.
    is_json: bool,
}

impl Params {
    /// Puts query and form together; a repeated name keeps its last value, the body wins.
    #[must_use]
    pub fn from_pairs(query: Vec<Pair<'_>>, form: Vec<Pair<'_>>) -> Self {
        let mut params = Self::default();
        for pairs in [query, form] {
            for (name, value) in &pairs {
                params.add(name, value, false);
            }
        }
        params
    }

    /// Puts query and JSON body together; the body must be an object.
    pub fn from_json(query: Vec<Pair<'_>>, body: &str) -> Result<Self> {
        let object =
            Object::parse(body).ok_or_else(|| Error::bad("body", "must be a JSON object"))?;
        let mut params = Self::from_pairs(query, Vec::new());
        params.add_members(&object);
        Ok(params)
    }

    fn add(&mut self, name: &str, value: &str, is_json: bool) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.fields.push(Field { start, middle, end: self.text.len(), is_json });
    }

    fn add_members(&mut self, object: &Object<'_>) {
        for (name, raw) in object.members() {
            match json::string(raw) {
                Some(text) => self.add(name, &text, false),
                None => self.add(name, raw, true),
            }
        }
    }

    /// A value, and whether it is JSON text.
    fn get(&self, name: &str) -> Option<(&str, bool)> {
        let is_it = |field: &&Field| self.text.get(field.start..field.middle) == Some(name);
        let field = self.fields.iter().rev().find(is_it)?;
        let value = self.text.get(field.middle..field.end)?;
        (!matches!(value, "" | "null" | "undefined")).then_some((value, field.is_json))
    }

    /// A text, when there is one.
    pub fn optional_text(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            Some((value, true)) if !value.bytes().all(|b| b.is_ascii_digit()) => {
                Err(Error::bad(name, "must be a text"))
            }
            found => Ok(found.map(|(value, _)| value)),
        }
    }

    /// A text that must be there.
    pub fn text(&self, name: &str) -> Result<&str> {
        self.optional_text(name)?.ok_or_else(|| Error::bad(name, "is missing"))
    }

    /// A SID of the kind that `prefix` names, when there is one.
    pub fn optional_sid(&self, name: &str, prefix: &str) -> Result<Option<Sid>> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        match Sid::parse(prefix, text) {
            Some(sid) => Ok(Some(sid)),
            None => Err(Error::bad(name, &["is not a ", prefix, "… SID"].concat())),
        }
    }

    /// A SID that must be there.
    pub fn sid(&self, name: &str, prefix: &str) -> Result<Sid> {
        self.optional_sid(name, prefix)?.ok_or_else(|| Error::bad(name, "is missing"))
    }

    /// A truth value, as a word or as JSON, when there is one.
    pub fn optional_flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(("true", _)) => Ok(Some(true)),
            Some(("false", _)) => Ok(Some(false)),
            Some(_) => Err(Error::bad(name, "must be true or false")),
        }
    }

    /// A truth value that must be there.
    pub fn flag(&self, name: &str) -> Result<bool> {
        self.optional_flag(name)?.ok_or_else(|| Error::bad(name, "is missing"))
    }

    /// A whole number from 0 up, when there is one.
    pub fn optional_number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Error::bad(name, "must be a whole number")),
        }
    }

    /// The text of a JSON object, sent as JSON or as its text, when there is one.
    pub fn optional_object(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some((text, _)) if Object::parse(text).is_some() => Ok(Some(text)),
            Some(_) => Err(Error::bad(name, "must be a JSON object")),
        }
    }

    /// The text of a JSON object that must be there.
    pub fn object(&self, name: &str) -> Result<&str> {
        self.optional_object(name)?.ok_or_else(|| Error::bad(name, "is missing"))
    }

    /// The texts of a JSON list, sent as JSON or as its text, when there is one.
    pub fn optional_texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        let Some((text, _)) = self.get(name) else { return Ok(None) };
        match json::list(text).and_then(|items| items.into_iter().map(json::string).collect()) {
            Some(texts) => Ok(Some(texts)),
            None => Err(Error::bad(name, "must be a JSON list of texts")),
        }
    }

    /// The same bag, one level down: the members of a JSON object as parameters.
    pub fn inside(&self, name: &str) -> Result<Self> {
        let object = Object::parse(self.object(name)?).unwrap_or_default();
        let mut inside = Self::default();
        inside.add_members(&object);
        Ok(inside)
    }
}

/// Takes a query or form apart (`application/x-www-form-urlencoded`), in its order.
///
/// What is not valid percent-encoding stands for itself, as browsers and Node have it.
#[must_use]
pub fn pairs(encoded: &str) -> Vec<Pair<'_>> {
    let parts = encoded.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(encoded: &str) -> Cow<'_, str> {
    if !encoded.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(encoded);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match (byte, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => byte,
        });
    }
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| lossy(error.as_bytes())))
}

/// Bytes as text, with U+FFFD for what is none: what `String::from_utf8_lossy` does, which
/// would add a kilobyte to the Worker.
fn lossy(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while let Err(error) = str::from_utf8(bytes) {
        let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        text.push(char::REPLACEMENT_CHARACTER);
        bytes = rest.get(error.error_len().unwrap_or(rest.len())..).unwrap_or_default();
    }
    text.push_str(str::from_utf8(bytes).unwrap_or_default());
    text
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Percent-encodes everything but letters, digits and `-._~`: safe in a path segment, a
/// query and a form.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 4);
    encode_with(&mut encoded, text, b"-._~");
    encoded
}

/// Appends `text` percent-encoded, but for letters, digits and the bytes in `bare`.
pub fn encode_with(into: &mut String, text: &str, bare: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut bytes = std::mem::take(into).into_bytes();
    bytes.reserve(text.len() + text.len() / 2);
    let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || bare.iter().any(|b| b == byte);
    let digit = |four: u8| DIGITS.get(usize::from(four)).copied().unwrap_or_default();
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| !is_bare(byte)) {
        let Some((plain, [byte, behind @ ..])) = rest.split_at_checked(at) else { break };
        bytes.extend_from_slice(plain);
        bytes.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        rest = behind;
    }
    bytes.extend_from_slice(rest);
    *into = String::from_utf8(bytes).unwrap_or_default();
}

/// Writes a form body (`application/x-www-form-urlencoded`).
#[must_use]
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        encode_with(&mut body, name, b"-._~");
        body.push('=');
        encode_with(&mut body, value, b"-._~");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_params(body: &str) -> Params {
        Params::from_pairs(Vec::new(), pairs(body))
    }

    #[test]
    fn the_body_wins_over_the_query_and_the_last_value_over_the_first() {
        let params = Params::from_pairs(pairs("a=1&b=2"), pairs("b=3&b=4"));
        assert_eq!(params.text("a").unwrap(), "1");
        assert_eq!(params.text("b").unwrap(), "4");
    }

    #[test]
    fn null_undefined_and_nothing_are_absent() {
        for body in ["", "x=", "x=null", "x=undefined", "y=1"] {
            assert_eq!(form_params(body).optional_text("x").unwrap(), None, "{body}");
        }
        assert!(Params::from_json(Vec::new(), r#"{"x":null}"#).unwrap().text("x").is_err());
    }

    #[test]
    fn truth_is_a_word_or_json() {
        assert!(form_params("x=true").flag("x").unwrap());
        assert!(!form_params("x=false").flag("x").unwrap());
        assert!(Params::from_json(Vec::new(), r#"{"x":true}"#).unwrap().flag("x").unwrap());
        assert!(form_params("x=1").flag("x").is_err());
    }

    #[test]
    fn broken_encodings_stand_for_themselves() {
        assert_eq!(form_params("x=%&y=%4&z=%zz+%41").text("x").unwrap(), "%");
        assert_eq!(form_params("x=%&y=%4&z=%zz+%41").text("y").unwrap(), "%4");
        assert_eq!(form_params("x=%&y=%4&z=%zz+%41").text("z").unwrap(), "%zz A");
        assert_eq!(form_params("x=%ff").text("x").unwrap(), "\u{fffd}");
    }

    #[test]
    fn json_fields_must_be_objects() {
        assert!(form_params("x=%7B%22a%22:1%7D").object("x").is_ok());
        for body in ["x=1", "x=[1]", "x=%7B", "x=%22a%22"] {
            assert!(form_params(body).object("x").is_err(), "{body}");
        }
        assert!(Params::from_json(Vec::new(), "[1]").is_err());
        assert!(Params::from_json(Vec::new(), "{").is_err());
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let nasty = "a+b c%d&e=f/é👋\u{0}";
        let body = form(&[(nasty, nasty)]);
        assert_eq!(pairs(&body), vec![(nasty.into(), nasty.into())]);
    }
}
