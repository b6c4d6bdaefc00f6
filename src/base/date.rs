//! Points in time: milliseconds since 1970, as Twilio and JavaScript write them.

use std::time::Duration;

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
    use super::{iso, parse};

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
}
