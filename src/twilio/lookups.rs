//! Lookup: <https://www.twilio.com/docs/lookup/v2-api>.

use super::Twilio;
use crate::error::Result;
use crate::params::encode;
use crate::runtime::Answer;

impl Twilio<'_> {
    /// FetchPhoneNumber: Lookup's free check of a number's format. A number that is none is
    /// an answer too, with `valid` false. `country` (ISO) is where a national number belongs.
    pub fn phone_number(self, number: &str, country: Option<&str>) -> Result<Answer> {
        let number = encode(number);
        let path = match country {
            Some(country) => {
                ["/v2/PhoneNumbers/", &number, "?CountryCode=", &encode(country)].concat()
            }
            None => ["/v2/PhoneNumbers/", &number].concat(),
        };
        self.get("lookups", &path)
    }
}
