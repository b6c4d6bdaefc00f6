//! Points in time: milliseconds since 1970, as Twilio and JavaScript write them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

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
    let iso = text.parse::<Timestamp>().ok();
    let timestamp = iso.or_else(|| rfc2822::parse(text).ok().map(|date| date.timestamp()))?;
    Millis::try_from(timestamp.as_millisecond()).ok()
}

/// Writes a date as JavaScript's `toISOString` does: `2026-11-21T14:40:00.000Z`.
#[must_use]
pub fn iso(date: Millis) -> String {
    let timestamp = i64::try_from(date).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    timestamp.map_or_else(String::new, |timestamp| format!("{timestamp:.3}"))
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
