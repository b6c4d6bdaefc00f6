//! Dates as Twilio writes them, and as its JavaScript library does.

/// Milliseconds since 1970 of an ISO 8601 date: `2024-01-02T03:04:05Z`, with or without a
/// fraction, or with an offset such as `+01:00`.
#[must_use]
pub fn from_iso(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let mut clock = clock.splitn(3, ':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let fraction = format!("{fraction:0<3}");
    let millis: i64 = fraction.get(..3)?.parse().ok()?;
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, rest) => {
            let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let seconds = seconds(year, month, day, hour, minute, second)? - offset * 60;
    u64::try_from(seconds * 1000 + millis).ok()
}

/// Milliseconds since 1970 of an RFC 2822 date: `Fri, 20 Aug 2010 01:13:42 +0000`.
#[must_use]
pub fn from_rfc2822(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split(' ').skip(1); // the weekday
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let mut clock = words.next()?.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    if !matches!(words.next()?, "+0000" | "GMT") {
        return None;
    }
    let seconds = seconds(year, &month.to_string(), day, hour, minute, second)?;
    u64::try_from(seconds * 1000).ok()
}

/// `2024-01-02T03:04:05.000Z`, as JavaScript's `toISOString` has it.
#[must_use]
pub fn iso(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

fn seconds(
    year: &str,
    month: &str,
    day: &str,
    hour: &str,
    minute: &str,
    second: &str,
) -> Option<i64> {
    let number = |text: &str, most: i64| {
        text.parse::<i64>().ok().filter(|number| (0..=most).contains(number))
    };
    let days = days(number(year, 9999)?, number(month, 12)?, number(day, 31)?);
    let seconds = number(hour, 24)? * 3600 + number(minute, 59)? * 60 + number(second, 60)?;
    Some(days * 86_400 + seconds)
}

/// Days since 1970, by Howard Hinnant's «days from civil».
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
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
