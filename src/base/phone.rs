//! Telephone numbers and SIP addresses.

/// Whether this is a telephone number in E.164 form.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    matches!(digits.len(), 7..=15)
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;

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
