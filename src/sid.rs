//! A Twilio SID: two letters that say what it names, and 32 hexadecimal digits.

use std::fmt;

/// A SID of a known kind. There is no other way to put text into a REST path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(String);

impl Sid {
    /// Reads a SID of the kind that `prefix` names (`WT`, `CF`, …).
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix)?;
        (text.len() == 34 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
