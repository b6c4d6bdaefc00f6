//! Reads settings one by one, and keeps what is wrong with them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::base::phone::is_number;
use crate::base::sid::Sid;

/// Where settings come from, and those that cannot be read.
pub struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    pub invalid: Vec<(&'static str, String)>,
}

impl<'a> Reader<'a> {
    pub fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, invalid: Vec::new() }
    }

    pub fn text(&self, name: &str) -> Option<String> {
        text(self.get, name)
    }

    fn checked<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
        problem: impl FnOnce() -> String,
    ) -> Option<T> {
        let value = read(&self.text(name)?);
        if value.is_none() {
            self.invalid.push((name, problem()));
        }
        value
    }

    pub fn sid<T: Sid>(&mut self, name: &'static str) -> Option<T> {
        self.checked(name, T::parse, || format!("is not a {}… SID", T::PREFIX))
    }

    pub fn origin(&mut self, name: &'static str) -> Option<String> {
        self.checked(name, origin, || {
            "must be an origin: https:// or http://, a host and no path".into()
        })
    }

    pub fn number_to_call(&mut self, name: &'static str) -> Option<String> {
        let read = |text: &str| is_number(text).then(|| text.to_owned());
        self.checked(name, read, || "must be a number in E.164 form".into())
    }

    pub fn origins(&mut self, name: &'static str) -> Vec<String> {
        let texts = self.text(name).unwrap_or_default();
        let texts = texts.split(',').map(|text| text.trim().trim_end_matches('/'));
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    pub fn label(&mut self, name: &'static str) -> Option<String> {
        let is_label = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let read = |text: &str| is_label(text).then(|| text.to_owned());
        self.checked(name, read, || "must be letters, digits and dashes".into())
    }

    pub fn country(&mut self, name: &'static str) -> Option<String> {
        let is_code = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let read = |text: &str| is_code(text).then(|| text.to_ascii_uppercase());
        self.checked(name, read, || "must be a two-letter ISO code".into())
    }

    pub fn switch(&mut self, name: &'static str, default: bool) -> bool {
        let read = |text: &str| match text {
            "on" | "true" => Some(true),
            "off" | "false" => Some(false),
            _ => None,
        };
        self.checked(name, read, || "must be on or off".into()).unwrap_or(default)
    }

    pub fn number<T>(&mut self, name: &'static str, range: RangeInclusive<T>, default: T) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let read = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        let problem =
            || format!("must be a whole number from {} to {}", range.start(), range.end());
        self.checked(name, read, problem).unwrap_or(default)
    }

    pub fn seconds(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Duration {
        Duration::from_secs(self.number(name, range, default))
    }

    pub fn days(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Duration {
        Duration::from_secs(self.number(name, range, default) * 24 * 60 * 60)
    }
}

/// A setting without the blanks around it; an empty one is none.
pub fn text(get: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn origin(text: &str) -> Option<String> {
    let is_origin = text.starts_with("https://") || text.starts_with("http://");
    let origin = text.trim_end_matches('/');
    let has_path = origin.splitn(3, '/').nth(2).is_none_or(|host| host.contains(['/', '?', '#']));
    (is_origin && !has_path).then(|| origin.to_owned())
}
