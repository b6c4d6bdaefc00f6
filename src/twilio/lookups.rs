//! Lookup: <https://www.twilio.com/docs/lookup/v2-api>.

use super::{Api, Twilio};
use crate::error::Result;
use crate::params::encode;
use crate::runtime::Answer;

impl Twilio<'_> {
    /// FetchPhoneNumber: Lookup's free check of a number's format. A number that is none is
    /// an answer too, with `valid` false. `country` (ISO) is where a national number belongs.
    pub fn phone_number(self, number: &str, country: Option<&str>) -> Result<Answer> {
        let number = encode(number);
        let country = country.map(encode).unwrap_or_default();
        let of = if country.is_empty() { "" } else { "?CountryCode=" };
        self.get(Api::Lookups, &["/v2/PhoneNumbers/", &number, of, &country])
    }
}
