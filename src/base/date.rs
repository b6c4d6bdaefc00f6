//! Points in time: milliseconds since 1970, as Twilio and JavaScript write them.

use std::fmt;
use std::time::Duration;

use serde::Deserializer;
use serde::de::{Error, Visitor};
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{OffsetDateTime, UtcDateTime};

/// Milliseconds since 1970.
pub type Millis = u64;

/// A span of time in milliseconds.
#[must_use]
pub fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}

/// Reads a date as Twilio writes it: ISO 8601, or RFC 2822 in the 2010 API.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    let iso = OffsetDateTime::parse(text, &Rfc3339);
    let date = iso.or_else(|_| OffsetDateTime::parse(text, &Rfc2822)).ok()?;
    Millis::try_from(date.unix_timestamp_nanos() / 1_000_000).ok()
}

/// Reads a field that has a date as Twilio writes it, or `null`. Most are texts; the task of an
/// invite has seconds since 1970. What is there and is no date is an error.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
    struct Date;
    impl<'de> Visitor<'de> for Date {
        type Value = Option<Millis>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a date")
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, date: D) -> Result<Self::Value, D::Error> {
            date.deserialize_any(self)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            parse(text).map(Some).ok_or_else(|| E::custom("is no date"))
        }

        fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
            Ok(Some(seconds.saturating_mul(1000)))
        }
    }
    deserializer.deserialize_option(Date)
}

/// Writes a date as JavaScript's `toISOString` does: `2026-11-21T14:40:00.000Z`.
#[must_use]
pub fn iso(date: Millis) -> String {
    let nanos = i128::from(date) * 1_000_000;
    let Ok(date) = UtcDateTime::from_unix_timestamp_nanos(nanos) else { return String::new() };
    let (day, month, year) = (date.day(), u8::from(date.month()), date.year());
    let (hour, minute, second, ms) = date.as_hms_milli();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::{Millis, iso, parse};

    #[test]
    fn dates_are_read_and_written() {
        for text in
            ["2010-08-20T01:13:42Z", "2010-08-20T01:13:42.000Z", "Fri, 20 Aug 2010 01:13:42 +0000"]
        {
            assert_eq!(parse(text), Some(1_282_266_822_000), "{text}");
        }
        assert_eq!(parse("2010-08-20T01:13:42.5+02:00"), Some(1_282_259_622_500));
        for bad in ["", "yesterday", "2010-08-20", "1969-01-01T00:00:00Z"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(iso(1_282_266_822_042), "2010-08-20T01:13:42.042Z");
    }

    #[test]
    fn a_field_has_a_date_or_none_and_nothing_else() {
        #[derive(serde::Deserialize)]
        struct Dated {
            #[serde(default, deserialize_with = "super::optional")]
            at: Option<Millis>,
        }
        let read = |json: &str| serde_json::from_str::<Dated>(json).map(|dated| dated.at).ok();
        for json in [r#"{"at":"2010-08-20T01:13:42Z"}"#, r#"{"at":1282266822}"#] {
            assert_eq!(read(json), Some(Some(1_282_266_822_000)), "{json}");
        }
        for json in ["{}", r#"{"at":null}"#] {
            assert_eq!(read(json), Some(None), "{json}");
        }
        for json in [r#"{"at":"soon"}"#, r#"{"at":""}"#, r#"{"at":-1}"#, r#"{"at":{}}"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
