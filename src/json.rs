//! JSON without a tree: objects are read one level at a time, and what is not looked at
//! stays text.
//!
//! That keeps numbers and strings of others letter for letter, costs a third of what
//! building a tree costs, and keeps the Worker small.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object: its members in their order, each value still text.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// Reads an object; nothing when the text is anything else.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The members in their order.
    #[must_use]
    pub fn members(&self) -> &[(Cow<'a, str>, &'a str)] {
        &self.0
    }

    /// A member's value as JSON text; nothing when it is missing or `null`.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (*value != "null").then_some(*value)
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }

    /// A member that is a whole number from 0 up.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.raw(name)?.parse().ok()
    }

    /// A member that is `true` or `false`.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.raw(name)?.parse().ok()
    }

    /// A member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        Object::parse(self.raw(name)?)
    }

    /// A member that is a list, each item as JSON text; empty when it is none.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.raw(name).and_then(list).unwrap_or_default()
    }
}

/// A string's value; nothing when the JSON text is anything else.
#[must_use]
pub fn string(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains(['\\', '"']) {
        return Some(inner.to_owned());
    }
    serde_json::from_str(raw).ok()
}

/// A list's items as JSON text; nothing when the JSON text is anything else.
#[must_use]
pub fn list(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The string at the end of a path of object members: `at(text, &["conference", "sid"])`.
#[must_use]
pub fn at(text: &str, path: &[&str]) -> Option<String> {
    let (last, folders) = path.split_last()?;
    let mut object = Object::parse(text)?;
    for folder in folders {
        object = object.object(folder)?;
    }
    object.text(last)
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de str)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    let name = match name.get().get(1..name.get().len() - 1) {
                        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
                        _ => Cow::Owned(string(name.get()).unwrap_or_default()),
                    };
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some(member) => member.1 = value.get(), // of a repeated name the last counts
                        None => members.push((name, value.get())),
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Writes a JSON object, member by member.
#[derive(Debug, Clone)]
pub struct Writer(String);

/// An empty object to be filled.
#[must_use]
pub fn object() -> Writer {
    Writer(String::from("{"))
}

impl Writer {
    /// Adds a member whose value is JSON text already.
    #[must_use]
    pub fn raw(mut self, name: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds a string.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quoted(value))
    }

    /// Adds a string, or `null`.
    #[must_use]
    pub fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Adds `true` or `false`.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// Adds a list of strings.
    #[must_use]
    pub fn texts<'t>(self, name: &str, values: impl IntoIterator<Item = &'t str>) -> Self {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        self.raw(name, &array(&values))
    }

    /// The object's text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A list of values that are JSON text already.
#[must_use]
pub fn array(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}

/// A string as JSON text.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    quote(&mut json, text);
    json
}

/// Appends a string as JSON text.
pub fn quote(into: &mut String, text: &str) {
    into.push('"');
    for c in text.chars() {
        match c {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            c if c < ' ' => {
                into.push_str(if c < '\u{10}' { "\\u000" } else { "\\u001" });
                into.extend(char::from_digit(u32::from(c) & 15, 16));
            }
            c => into.push(c),
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_one_level_at_a_time() {
        let text = r#" {"a":"x\ny","n":12,"f":1.5,"t":true,"z":null,"o":{"p":{"q":"deep"}},"l":[1,"two",{}],"k\u0041":"esc"} "#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.text("a").unwrap(), "x\ny");
        assert_eq!(object.number("n"), Some(12));
        assert_eq!(object.number("f"), None);
        assert_eq!(object.flag("t"), Some(true));
        assert_eq!(object.raw("z"), None);
        assert_eq!(object.list("l"), ["1", "\"two\"", "{}"]);
        assert_eq!(object.text("kA").unwrap(), "esc");
        assert_eq!(at(text, &["o", "p", "q"]).unwrap(), "deep");
        assert_eq!(at(text, &["o", "p"]), None);
        for broken in ["", "1", "[]", "{", r#"{"a":}"#, r#"{"a":1}x"#, r#"{"a":"\ud800"}"#] {
            let read = Object::parse(broken).and_then(|object| object.text("a"));
            assert_eq!(read, None, "{broken}");
        }
    }

    #[test]
    fn of_a_repeated_name_the_last_counts() {
        assert_eq!(Object::parse(r#"{"a":1,"a":2}"#).unwrap().raw("a"), Some("2"));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let nasty = "\"\\\n\r\t\u{0}\u{1f}é👋</script>";
        let text = object().text(nasty, nasty).flag("f", false).number("n", 7).optional_text("o", None).end();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[nasty], nasty);
        assert_eq!(value["n"], 7);
        assert!(value["o"].is_null());
        assert_eq!(object().end(), "{}");
        assert_eq!(object().texts("l", ["a", "b"]).end(), r#"{"l":["a","b"]}"#);
    }
}
