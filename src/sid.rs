//! A Twilio SID: two letters that say what it names, and 32 hexadecimal digits.

use std::fmt;
use std::rc::Rc;

use crate::json::Object;

/// A SID of a known kind. Other text gets into a REST path only through `params::encode`, or
/// as a page that Twilio named.
///
/// One pointer wide: SIDs are handed on everywhere, and each move of a wider one is code.
#[derive(Clone, PartialEq, Eq)]
pub struct Sid(Rc<String>);

impl Sid {
    /// Reads a SID of the kind that `prefix` names (`WT`, `CF`, …).
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix)?;
        let is_sid = prefix.len() == 2
            && digits.len() == 32
            && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_sid.then(|| Self(Rc::new(text.to_owned())))
    }

    /// Reads the SID that is a member of a JSON object.
    #[must_use]
    pub fn member(object: &Object<'_>, name: &str, prefix: &str) -> Option<Self> {
        Self::parse(prefix, &object.text(name)?)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
