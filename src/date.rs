//! Dates as Twilio writes them, and as its JavaScript library does.

/// Milliseconds since 1970 of an ISO 8601 date: `2024-01-02T03:04:05Z`, with or without a
/// fraction, or with an offset such as `+01:00`.
#[must_use]
pub fn from_iso(text: &str) -> Option<u64> {
    let (date, time) = text.split_at_checked(10)?;
    let (clock, rest) = time.split_at_checked(9)?;
    let is_date = matches!(date.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _]);
    let year_month_day = [date.get(..4)?, date.get(5..7)?, date.get(8..)?];
    let seconds = seconds(year_month_day, clock.strip_prefix(['T', ' '])?).filter(|_| is_date)?;
    let digits = rest.strip_prefix('.').unwrap_or_default();
    let length = digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(0);
    let fraction = [digits.get(..length.min(3))?, "000"].concat();
    let zone = if length > 0 { digits.get(length..)? } else { rest };
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        ("+" | "-", rest) => {
            let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
            (number(hours, 23)? * 60 + number(minutes, 59)?) * 60
        }
        _ => return None,
    };
    let seconds =
        if zone.starts_with('-') { seconds + offset } else { seconds.checked_sub(offset)? };
    Some(seconds * 1000 + number(fraction.get(..3)?, 999)?)
}

/// Milliseconds since 1970 of an RFC 2822 date: `Fri, 20 Aug 2010 01:13:42 +0000`.
#[must_use]
pub fn from_rfc2822(text: &str) -> Option<u64> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (date, time) = text.split_at_checked(17)?;
    let (clock, zone) = time.split_at_checked(8)?;
    let name = date.get(8..11)?.as_bytes();
    let month = (MONTHS.chunks(3).position(|known| known == name)? + 1).to_string();
    let seconds = seconds([date.get(12..16)?, &month, date.get(5..7)?], clock)?;
    matches!(zone, " +0000" | " GMT").then_some(seconds * 1000)
}

/// `2024-01-02T03:04:05.000Z`, as JavaScript's `toISOString` has it.
#[must_use]
pub fn iso(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let fields = [(0, 4, year), (5, 7, month), (8, 10, day), (11, 13, hour), (14, 16, minute)];
    for (from, to, number) in fields.into_iter().chain([(17, 19, second), (20, 23, rest % 1000)]) {
        let mut number = number;
        for digit in text.get_mut(from..to).unwrap_or_default().iter_mut().rev() {
            *digit += u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// A whole number within bounds.
fn number(text: &str, most: u64) -> Option<u64> {
    let add = |number: u64, byte: u8| {
        byte.is_ascii_digit().then(|| number.saturating_mul(10) + u64::from(byte - b'0'))
    };
    text.bytes().try_fold(0, add).filter(|number| !text.is_empty() && *number <= most)
}

/// Seconds since 1970, by Howard Hinnant's «days from civil».
fn seconds([year, month, day]: [&str; 3], clock: &str) -> Option<u64> {
    let (month, day) = (number(month, 12)?, number(day, 31)?);
    let year = number(year, 9999)? - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    let colons = matches!(clock.as_bytes(), [_, _, b':', _, _, b':', _, _]);
    let (hour, minute) = (number(clock.get(..2)?, 24)?, number(clock.get(3..5)?, 59)?);
    let seconds = (hour * 60 + minute) * 60 + number(clock.get(6..)?, 60)?;
    (days.checked_sub(719_469)? * 86_400).checked_add(seconds).filter(|_| colons)
}

/// Year, month and day of a number of days since 1970: the way back.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
            ("2024-02-29T23:59:59.25Z", 1_709_251_199_250),
            ("2024-03-01T01:59:59+02:00", 1_709_251_199_000),
            ("2024-02-29T18:59:59-0500", 1_709_251_199_000),
            ("2026-12-31T00:00:00.123456Z", 1_798_675_200_123),
        ] {
            assert_eq!(from_iso(text), Some(millis), "{text}");
        }
        assert_eq!(iso(1_709_251_199_250), "2024-02-29T23:59:59.250Z");
        assert_eq!(
            from_rfc2822("Fri, 20 Aug 2010 01:13:42 +0000"),
            from_iso("2010-08-20T01:13:42Z")
        );
        for broken in [
            "",
            "soon",
            "2024-02-29",
            "2024-13-01T00:00:00Z",
            "2024-02-29T23:59Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(from_iso(broken), None, "{broken}");
        }
    }

    #[test]
    fn every_day_survives_the_way_there_and_back() {
        for day in 0..40_000 {
            let text = iso(day * 86_400_000);
            assert_eq!(from_iso(&text), Some(day * 86_400_000), "{text}");
        }
    }
}
