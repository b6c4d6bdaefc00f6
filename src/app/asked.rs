//! What was asked for that is none of ours: operators see what the plugins still need.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// As many paths are counted.
const MOST_PATHS: usize = 100;
/// The longest path that is counted.
const MAX_PATH: usize = 120;
/// More digits than this in a row may be somebody's number.
const MAX_DIGITS: usize = 3;

/// How often which paths that are none of ours were asked for, on this instance.
#[derive(Default)]
pub struct Asked(RefCell<BTreeMap<String, u64>>);

impl Asked {
    /// Counts a path.
    pub fn count(&self, path: &str) {
        let mut asked = self.0.borrow_mut();
        if asked.len() < MOST_PATHS || asked.contains_key(path) {
            *asked.entry(path.to_owned()).or_default() += 1;
        }
    }

    /// The counts by path.
    #[must_use]
    pub fn by_path(&self) -> BTreeMap<String, u64> {
        self.0.borrow().clone()
    }
}

/// A path as it may be logged and shown: a path that is none of ours may hold anything, such as
/// a telephone number or a token.
#[must_use]
pub fn shown(path: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    let digits = path.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    let is_word = |part: &str| part.len() <= 40;
    let may_be_shown = path.len() <= MAX_PATH
        && path.chars().all(is_plain)
        && path.split('/').all(is_word)
        && digits.is_none_or(|digits| digits <= MAX_DIGITS);
    if may_be_shown { path } else { "(not shown)" }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn paths_are_shown_unless_they_may_hold_anything() {
        for path in ["/features/callbacks/flex/create-callback", "/studio/v2/x.json", "/"] {
            assert_eq!(shown(path), path);
        }
        let long = format!("/{}", "a".repeat(41));
        for path in ["/call/+4917012345", "/call/4917012345", "/t/a%20b", "/Grüße", &long] {
            assert_eq!(shown(path), "(not shown)", "{path}");
        }
    }
}
