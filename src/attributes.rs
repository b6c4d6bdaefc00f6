//! Attributes: JSON objects as text, changed without touching what we do not know.
//!
//! Twilio replaces the whole text on a write, so whatever others keep there has to come
//! through unharmed: the text is taken apart only along the paths that change, and every
//! other value is copied letter for letter.

use crate::error::{Error, Result};
use crate::json::{self, Object};

/// Merges `update` into `current` as lodash's `merge` does, and then drops the top-level
/// members that are `null`: objects are merged, arrays by index, `null` overwrites.
pub fn merge(current: &str, update: &str) -> Result<String> {
    let current = if current.trim().is_empty() { "{}" } else { current };
    let object =
        |text| Object::parse(text).ok_or_else(|| Error::internal("attributes are no JSON object"));
    let mut text = String::with_capacity(current.len() + update.len());
    write_object(&mut text, &object(current)?, &object(update)?, true);
    Ok(text)
}

fn write_object(into: &mut String, current: &Object<'_>, update: &Object<'_>, is_top: bool) {
    into.push('{');
    let start = into.len();
    let find =
        |object: &Object<'_>, name: &str| object.members().iter().any(|(known, _)| known == name);
    for (at, (name, old)) in current.members().iter().enumerate() {
        if current.members().iter().skip(at + 1).any(|(later, _)| later == name) {
            continue; // of a repeated name the last counts
        }
        let new =
            update.members().iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value);
        write_member(into, start, name, Some(old), new, is_top);
    }
    for (name, new) in update.members() {
        if !find(current, name) {
            write_member(into, start, name, None, Some(new), is_top);
        }
    }
    into.push('}');
}

fn write_member(
    into: &mut String,
    start: usize,
    name: &str,
    old: Option<&str>,
    new: Option<&str>,
    is_top: bool,
) {
    if is_top && new.or(old) == Some("null") {
        return;
    }
    if into.len() > start {
        into.push(',');
    }
    json::quote(into, name);
    into.push(':');
    write_value(into, old, new);
}

fn write_value(into: &mut String, old: Option<&str>, new: Option<&str>) {
    let (Some(before), Some(after)) = (old, new) else {
        return into.push_str(new.or(old).unwrap_or("null"));
    };
    if let (Some(before), Some(after)) = (Object::parse(before), Object::parse(after)) {
        return write_object(into, &before, &after, false);
    }
    let (Some(before), Some(items)) = (json::list(before), json::list(after)) else {
        return into.push_str(after);
    };
    into.push('[');
    for index in 0..before.len().max(items.len()) {
        if index > 0 {
            into.push(',');
        }
        write_value(into, before.get(index).copied(), items.get(index).copied());
    }
    into.push(']');
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn merging_follows_lodash() {
        for (current, update, merged) in [
            ("{}", "{}", "{}"),
            ("", r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1,"b":2}"#, r#"{"b":3,"c":4}"#, r#"{"a":1,"b":3,"c":4}"#),
            (
                r#"{"a":{"x":1,"y":{"z":1}}}"#,
                r#"{"a":{"y":{"w":2}}}"#,
                r#"{"a":{"x":1,"y":{"z":1,"w":2}}}"#,
            ),
            (r#"{"a":[1,2,3]}"#, r#"{"a":[9]}"#, r#"{"a":[9,2,3]}"#),
            (r#"{"a":[{"x":1},2]}"#, r#"{"a":[{"y":2}]}"#, r#"{"a":[{"x":1,"y":2},2]}"#),
            (r#"{"a":[1]}"#, r#"{"a":[null,5]}"#, r#"{"a":[null,5]}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"a":1,"n":null}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":{"x":1}}"#, r#"{"a":{"x":null}}"#, r#"{"a":{"x":null}}"#),
            (r#"{"k\"ey":"é👋"}"#, r#"{"a":1}"#, r#"{"k\"ey":"é👋","a":1}"#),
        ] {
            assert_eq!(merge(current, update).unwrap(), merged, "{current} + {update}");
        }
    }

    #[test]
    fn what_is_not_touched_stays_letter_for_letter() {
        let current = r#"{"big":12345678901234567890123,"f":1.10,"s":"\u00e9","o":{ "k" : 1e3 }}"#;
        let merged = merge(current, r#"{"a":true}"#).unwrap();
        for piece in ["12345678901234567890123", "1.10", r#""\u00e9""#, r#"{ "k" : 1e3 }"#] {
            assert!(merged.contains(piece), "{piece}");
        }
    }

    #[test]
    fn attributes_that_are_no_object_are_refused() {
        for broken in ["[]", "1", "{", "null"] {
            assert!(merge(broken, "{}").is_err(), "{broken}");
        }
    }
}
