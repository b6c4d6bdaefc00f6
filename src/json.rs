//! JSON without a tree: objects are read one level at a time, and what is not looked at
//! stays text.
//!
//! That keeps numbers and strings of others letter for letter, costs a third of what
//! building a tree costs, and keeps the Worker small.

use std::borrow::Cow;

/// Deeper nesting is refused: reading it would use up the stack.
const MAX_DEPTH: u32 = 100;

/// A JSON object: its members in their order, each value still text.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<Member<'a>>);

/// A member's name, and its value as JSON text.
pub type Member<'a> = (Cow<'a, str>, &'a str);

impl<'a> Object<'a> {
    /// Reads an object; nothing when the text is anything else.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner { text, at: 0 };
        let mut members = Vec::new();
        scanner.members(0, Some(&mut members))?;
        scanner.end()?;
        Some(Self(members))
    }

    /// The members in their order; of a repeated name the last counts.
    #[must_use]
    pub fn members(&self) -> &[(Cow<'a, str>, &'a str)] {
        &self.0
    }

    /// A member's value as JSON text; nothing when it is missing or `null`.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.member(name).filter(|value| *value != "null")
    }

    /// A member's value as JSON text, `null` too; nothing when it is missing.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }

    /// A member that is a string; empty when it is missing or none.
    #[must_use]
    pub fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
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

    /// A member that is a list: those of its items that are strings.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).into_iter().filter_map(string).collect()
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
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(rest.len());
    // What is escaped by itself is taken over with what comes behind it.
    let mut from = 0;
    while let Some(at) = rest.bytes().skip(from).position(|byte| byte == b'\\') {
        text.push_str(rest.get(..from + at)?);
        let escaped = rest.get(from + at + 1..)?;
        (rest, from) = (escaped.get(1..)?, 0);
        text.push(match escaped.bytes().next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (unit, after) = code_unit(rest)?;
                rest = after;
                let pair = rest.strip_prefix("\\u").and_then(code_unit);
                match (char::from_u32(unit), pair) {
                    (Some(c), _) => c,
                    (None, Some((low, after)))
                        if unit < 0xdc00 && (0xdc00..0xe000).contains(&low) =>
                    {
                        rest = after;
                        char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?
                    }
                    _ => char::REPLACEMENT_CHARACTER, // half of a pair
                }
            }
            _ => {
                (rest, from) = (escaped, 1);
                continue;
            }
        });
    }
    text.push_str(rest);
    Some(text)
}

/// A list's items as JSON text; nothing when the JSON text is anything else.
#[must_use]
pub fn list(raw: &str) -> Option<Vec<&str>> {
    let mut scanner = Scanner { text: raw, at: 0 };
    let mut items = Vec::new();
    scanner.items(0, Some(&mut items))?;
    scanner.end()?;
    Some(items)
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

fn name_of(raw: &str) -> Cow<'_, str> {
    let plain = raw.get(1..raw.len() - 1).unwrap_or_default();
    if plain.contains('\\') {
        Cow::Owned(string(raw).unwrap_or_default())
    } else {
        Cow::Borrowed(plain)
    }
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    Some((u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?, after))
}

/// Walks over JSON text, checking its grammar (RFC 8259) and cutting out values.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte. NUL at the end: it has no place in JSON.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Takes a byte of punctuation, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    fn end(&mut self) -> Option<()> {
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    fn members(&mut self, depth: u32, mut into: Option<&mut Vec<Member<'a>>>) -> Option<()> {
        self.take(b'{').then_some(())?;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.space();
            let start = self.at;
            self.string()?;
            let name = self.text.get(start..self.at)?;
            self.take(b':').then_some(())?;
            let value = self.value(depth + 1)?;
            if let Some(members) = &mut into {
                members.push((name_of(name), value));
            }
            if !self.take(b',') {
                return self.take(b'}').then_some(());
            }
        }
    }

    fn items(&mut self, depth: u32, mut into: Option<&mut Vec<&'a str>>) -> Option<()> {
        self.take(b'[').then_some(())?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            let item = self.value(depth + 1)?;
            if let Some(items) = &mut into {
                items.push(item);
            }
            if !self.take(b',') {
                return self.take(b']').then_some(());
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<&'a str> {
        (depth < MAX_DEPTH).then_some(())?;
        self.space();
        let start = self.at;
        match self.peek() {
            b'{' => self.members(depth, None)?,
            b'[' => self.items(depth, None)?,
            b'"' => self.string()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.word("\"")?;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at += rest.iter().position(|byte| matches!(byte, 0..b' ' | b'"' | b'\\'))?;
            match self.peek() {
                b'"' => break self.at += 1,
                b'\\' => {
                    self.at += 1;
                    match self.peek() {
                        b'u' => {
                            code_unit(self.text.get(self.at + 1..)?)?;
                            self.at += 5;
                        }
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.peek() == b'-');
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Some(())
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
    pub fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds a string.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &quoted(value))
    }

    /// Adds a string, or `null`.
    pub fn optional_text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Adds `true` or `false`.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds a number.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.raw(name, &value.to_string())
    }

    /// Adds a list of strings.
    pub fn texts<'t>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = &'t str>,
    ) -> &mut Self {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        self.raw(name, &array(&values))
    }

    /// The object's text.
    #[must_use]
    pub fn end(&mut self) -> String {
        self.0.push('}');
        std::mem::take(&mut self.0)
    }
}

/// A list of values that are JSON text already.
#[must_use]
pub fn array(values: &[String]) -> String {
    let mut list = String::from("[");
    for value in values {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(value);
    }
    list.push(']');
    list
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
    let mut rest = text;
    // What is escaped by itself is taken over with what comes behind it.
    let mut from = 0;
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    while let Some(at) = rest.bytes().skip(from).position(is_special) {
        let (plain, special) = rest.split_at_checked(from + at).unwrap_or_default();
        into.push_str(plain);
        let (byte, behind) = special.split_at_checked(1).unwrap_or_default();
        (rest, from) = (behind, 0);
        match byte {
            "\n" => into.push_str("\\n"),
            "\r" => into.push_str("\\r"),
            "\t" => into.push_str("\\t"),
            "\"" | "\\" => {
                into.push('\\');
                (rest, from) = (special, 1);
            }
            control => {
                let code = control.bytes().next().map_or(0, u32::from);
                into.push_str(if code < 16 { "\\u000" } else { "\\u001" });
                into.extend(char::from_digit(code & 15, 16));
            }
        }
    }
    into.push_str(rest);
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
    }

    /// Whatever serde_json takes or refuses, so do we, and read the same in it.
    #[test]
    fn the_grammar_is_serde_jsons() {
        let seeds = [
            r#"{"a":"x\ny","n":-12.5e+3,"t":true,"z":null,"o":{"p":{"q":[]}},"l":[1,"two",{},[[]]]}"#,
            r#"{"\u0041\ud83d\udc4b":"\u00e9\\\/\b\f","é":0}"#,
            r#"  { "a" : [ 1 , 0.5 , -0 ] }  "#,
        ];
        let mut random = 7u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(random >> 33).unwrap() % below
        };
        let pieces = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "e", ".", "-", "u", "t", " ",
            "null", "\n", "é", "\\ud800",
        ];
        let (mut taken, mut refused) = (0, 0);
        for round in 0..60_000 {
            let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
            for _ in 0..next(3) {
                let at = next(text.len());
                match next(3) {
                    0 => drop(text.remove(at)),
                    1 => text.splice(at..at, pieces[next(pieces.len())].chars()).for_each(drop),
                    _ => text.splice(at..=at, pieces[next(pieces.len())].chars()).for_each(drop),
                }
            }
            let text: String = text.into_iter().collect();
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
            let ours = Object::parse(&text);
            // Half a surrogate pair is the one difference: JavaScript takes it, so do we.
            if text.contains("\\ud8") || text.contains("\\udc") {
                continue;
            }
            assert_eq!(ours.is_some(), theirs.is_ok(), "{text}");
            let (Some(ours), Ok(theirs)) = (ours, theirs) else {
                refused += 1;
                continue;
            };
            taken += 1;
            for (name, value) in &theirs {
                let raw = ours.raw(name);
                assert_eq!(raw.is_none(), value.is_null(), "{text}");
                let read =
                    raw.map_or(serde_json::Value::Null, |raw| serde_json::from_str(raw).unwrap());
                assert_eq!(read, *value, "{text}");
                assert_eq!(ours.text(name).as_deref(), value.as_str(), "{text}");
            }
        }
        assert!(taken > 10_000 && refused > 10_000, "{taken} {refused}");
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Object::parse(&nested(90)).is_some());
        assert!(Object::parse(&nested(100_000)).is_none());
    }

    #[test]
    fn half_a_pair_is_replaced() {
        assert_eq!(string(r#""a\ud800b""#).unwrap(), "a\u{fffd}b");
        assert_eq!(string(r#""\udc4b\ud83d""#).unwrap(), "\u{fffd}\u{fffd}");
        assert_eq!(string(r#""\ud83d\udc4b""#).unwrap(), "👋");
    }

    #[test]
    fn of_a_repeated_name_the_last_counts() {
        assert_eq!(Object::parse(r#"{"a":1,"a":2}"#).unwrap().raw("a"), Some("2"));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let nasty = "\"\\\n\r\t\u{0}\u{1f}é👋</script>";
        let text = object()
            .text(nasty, nasty)
            .flag("f", false)
            .number("n", 7)
            .optional_text("o", None)
            .end();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[nasty], nasty);
        assert_eq!(value["n"], 7);
        assert!(value["o"].is_null());
        assert_eq!(object().end(), "{}");
        assert_eq!(object().texts("l", ["a", "b"]).end(), r#"{"l":["a","b"]}"#);
    }
}
