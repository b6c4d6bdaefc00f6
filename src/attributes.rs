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
    combine(current, update, How::Merge)
}

/// Puts the members of `update` over those of `current`, whole.
pub fn overwrite(current: &str, update: &str) -> Result<String> {
    combine(current, update, How::Overwrite)
}

/// What becomes of a member that is on both sides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// They are merged, at the top.
    Merge,
    /// They are merged, further down: `null` stays.
    MergeInside,
    /// The new one counts.
    Overwrite,
}

fn combine(current: &str, update: &str, how: How) -> Result<String> {
    let current = if current.trim().is_empty() { "{}" } else { current };
    let object =
        |text| Object::parse(text).ok_or_else(|| Error::internal("attributes are no JSON object"));
    let mut text = String::with_capacity(current.len() + update.len());
    write_object(&mut text, &object(current)?, &object(update)?, how);
    Ok(text)
}

fn write_object(into: &mut String, current: &Object<'_>, update: &Object<'_>, how: How) {
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
        write_member(into, start, name, Some(old), new, how);
    }
    for (name, new) in update.members() {
        if !find(current, name) {
            write_member(into, start, name, None, Some(new), how);
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
    how: How,
) {
    if how == How::Merge && new.or(old) == Some("null") {
        return;
    }
    if into.len() > start {
        into.push(',');
    }
    json::quote(into, name);
    into.push(':');
    write_value(into, old.filter(|_| how != How::Overwrite || new.is_none()), new);
}

fn write_value(into: &mut String, old: Option<&str>, new: Option<&str>) {
    let (Some(before), Some(after)) = (old, new) else {
        return into.push_str(new.or(old).unwrap_or("null"));
    };
    if let (Some(before), Some(after)) = (Object::parse(before), Object::parse(after)) {
        return write_object(into, &before, &after, How::MergeInside);
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
    use super::{merge, overwrite};

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
    fn overwriting_puts_whole_members_over_others() {
        for (current, update, result) in [
            (
                r#"{"a":{"x":1},"n":null,"k":[1.50]}"#,
                r#"{"a":{"y":2}}"#,
                r#"{"a":{"y":2},"n":null,"k":[1.50]}"#,
            ),
            (r#"{"a":[1,2]}"#, r#"{"a":[3],"b":null}"#, r#"{"a":[3],"b":null}"#),
            ("", r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(overwrite(current, update).unwrap(), result);
        }
    }

    #[test]
    fn attributes_that_are_no_object_are_refused() {
        for broken in ["[]", "1", "{", "null"] {
            assert!(merge(broken, "{}").is_err(), "{broken}");
        }
    }
}
