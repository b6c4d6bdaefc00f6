//! Telephone numbers and SIP addresses.

use serde::{Deserialize as _, Deserializer};

/// Whether this is a telephone number in E.164 form.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    matches!(digits.len(), 7..=15)
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The telephone number of a WhatsApp address in E.164 form. Some accounts go by numbers that
/// cannot be dialled any more: Brazil's mobiles from before the ninth digit, and Mexico's with
/// the `1` that was dropped in 2019. Argentina's `+549` is dialled as it is.
#[must_use]
pub fn of_whatsapp(number: &str) -> String {
    if let Some((area, line)) = number.strip_prefix("+55").and_then(|rest| rest.split_at_checked(2))
        && line.len() == 8
        && line.starts_with(['6', '7', '8', '9'])
    {
        return format!("+55{area}9{line}");
    }
    match number.strip_prefix("+521") {
        Some(national) if national.len() == 10 => format!("+52{national}"),
        _ => number.to_owned(),
    }
}

/// Whether this is a SIP address.
#[must_use]
pub fn is_sip(text: &str) -> bool {
    let address = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"));
    let parts = address.and_then(|address| address.split_once('@'));
    parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        && text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'))
}

/// Reads a field with a number: some clients do not encode the plus, and a form makes a blank
/// of it.
pub fn with_plus<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    let text = String::deserialize(deserializer)?;
    let digits =
        text.strip_prefix(' ').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    Ok(digits.map(|digits| format!("+{digits}")).unwrap_or(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatsapps_numbers_become_what_can_be_dialled() {
        for (address, number) in [
            ("+551187654321", "+5511987654321"),
            ("+555567654321", "+5555967654321"),
            ("+5511987654321", "+5511987654321"),
            ("+551132654321", "+551132654321"), // a landline
            ("+5215512345678", "+525512345678"),
            ("+525512345678", "+525512345678"),
            ("+52155123456", "+52155123456"),
            ("+5491123456789", "+5491123456789"),
            ("+15551230001", "+15551230001"),
        ] {
            assert_eq!(of_whatsapp(address), number);
        }
    }

    #[test]
    fn only_e164_numbers_and_sip_addresses_are_dialled() {
        for good in ["+15551230001", "+4915112345678", "+123456789012345"] {
            assert!(is_number(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "15551230001",
            "+05551230001",
            "+1555",
            "+1234567890123456",
            "+1555 123",
            "+1555123000a",
            "null",
        ] {
            assert!(!is_number(bad), "{bad}");
        }
        for good in ["sip:a@b", "sips:alice@example.com;transport=tls", "sip:a@b.c?X-Id=1&X=2"] {
            assert!(is_sip(good), "{good}");
        }
        for bad in [
            "sip:",
            "sip:a",
            "sip:@b",
            "sip:a@",
            "sip:a@b\"",
            "sip:a@b<",
            "sip:a b@c",
            "client:a@b",
            "a@b",
        ] {
            assert!(!is_sip(bad), "{bad}");
        }
    }
}
