//! A Twilio SID: two letters that say what it names, and 32 hexadecimal digits.

use std::fmt;

/// A SID of a known kind. There is no other way to put text into a REST path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sid([u8; 34]);

impl Sid {
    /// Reads a SID of the kind that `prefix` names (`WT`, `CF`, …).
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix)?;
        let bytes = text.as_bytes().try_into().ok()?;
        (prefix.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(Self(bytes))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default() // letters and digits: never the default
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Sid;

    #[test]
    fn a_sid_is_its_prefix_and_32_hexadecimal_digits() {
        let good = "WT0123456789abcdefABCDEF0123456789";
        assert_eq!(Sid::parse("WT", good).unwrap().as_str(), good);
        for bad in [
            "",
            "WT",
            "CF0123456789abcdefABCDEF0123456789",
            "WT0123456789abcdefABCDEF012345678",
            "WT0123456789abcdefABCDEF01234567890",
            "WT0123456789abcdefABCDEF012345678g",
            "WT0123456789abcdefABCDEF01234567/9",
            "wt0123456789abcdefABCDEF0123456789",
            "WT0123456789abcdefABCDEF01234567é",
        ] {
            assert_eq!(Sid::parse("WT", bad), None, "{bad}");
        }
    }
}
