//! Attributes: JSON objects as text, changed without touching what we do not know.
//!
//! Twilio replaces the whole text on a write, so whatever others keep there has to come
//! through unharmed: the text is taken apart only along the paths that change.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::error::{Error, Result};
use super::members::Members;

/// What Twilio takes as the attributes of a task, a worker or an invite, in bytes
/// (<https://www.twilio.com/docs/taskrouter/limits>).
pub const MAX_TASK: usize = 4 * 1024;
/// What Twilio takes as the attributes of a conversation, in bytes
/// (<https://www.twilio.com/docs/conversations/conversations-limits>).
pub const MAX_CONVERSATION: usize = 16 * 1024;

/// Refuses a field that is longer than Twilio would take it, before any work is done with it.
pub fn check_size(field: &str, text: &str, most: usize) -> Result<()> {
    if text.len() > most {
        return Err(Error::bad(field, &format!("is longer than {} KB", most / 1024)));
    }
    Ok(())
}

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
    let (current, update) = (Members::attributes(current)?, Members::attributes(update)?);
    let mut writer = Writer::default();
    write_members(&mut writer, &current, &update, how);
    Ok(writer.end())
}

/// Writes an object member by member, values as JSON text.
#[derive(Debug)]
pub struct Writer {
    text: String,
}

impl Default for Writer {
    fn default() -> Self {
        Self { text: "{".to_owned() }
    }
}

impl Writer {
    /// Adds a member; name and value are JSON text.
    pub fn member(&mut self, written_name: &str, value: &str) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(written_name);
        self.text.push(':');
        self.text.push_str(value);
        self
    }

    /// The object.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

fn write_members(writer: &mut Writer, current: &Members<'_>, update: &Members<'_>, how: How) {
    let is_dropped = |value: &str| how == How::Merge && value == "null";
    for old in current.iter() {
        let value = match update.get(&old.name) {
            Some(new) => combined(old.value, new, how),
            None => Cow::Borrowed(old.value),
        };
        if !is_dropped(&value) {
            writer.member(old.written, &value);
        }
    }
    for new in update.iter() {
        if current.get(&new.name).is_none() && !is_dropped(new.value) {
            writer.member(new.written, new.value);
        }
    }
}

fn combined<'a>(old: &'a str, new: &'a str, how: How) -> Cow<'a, str> {
    if how == How::Overwrite {
        return Cow::Borrowed(new);
    }
    if let (Some(before), Some(after)) = (Members::parse(old), Members::parse(new)) {
        let mut writer = Writer::default();
        write_members(&mut writer, &before, &after, How::MergeInside);
        return Cow::Owned(writer.end());
    }
    let (Some(before), Some(after)) = (list(old), list(new)) else { return Cow::Borrowed(new) };
    let items: Vec<Cow<'_, str>> = (0..before.len().max(after.len()))
        .filter_map(|at| match (before.get(at), after.get(at)) {
            (Some(old), Some(new)) => Some(combined(old.get(), new.get(), How::MergeInside)),
            (old, new) => new.or(old).map(|value| Cow::Borrowed(value.get())),
        })
        .collect();
    Cow::Owned(format!("[{}]", items.join(",")))
}

fn list(text: &str) -> Option<Vec<&RawValue>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok())?
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
    #[expect(clippy::disallowed_methods, reason = "tests run where there is a clock")]
    fn many_members_are_merged_in_the_time_of_few() {
        // Every member against every other would be a hundred times the work.
        let time = |members: usize| {
            let all: Vec<_> = (0..members).map(|at| format!(r#""a{at}":{at}"#)).collect();
            let text = format!("{{{}}}", all.join(","));
            let least = (0..5).map(|_| {
                let began = std::time::Instant::now();
                assert_eq!(merge(&text, &text).unwrap().len(), text.len());
                began.elapsed()
            });
            least.min().unwrap()
        };
        let (few, many) = (time(2_000), time(20_000));
        assert!(many < few * 40, "{few:?} for 2,000 members, {many:?} for 20,000");
    }

    #[test]
    fn attributes_that_are_no_object_are_refused() {
        for broken in ["[]", "1", "{", "null"] {
            assert!(merge(broken, "{}").is_err(), "{broken}");
        }
    }
}
