//! Lookup: <https://www.twilio.com/docs/lookup/v2-api>.

use super::{Later, Twilio};
use crate::params::encode;
use crate::runtime::Answer;

impl<'a> Twilio<'a> {
    /// FetchPhoneNumber: Lookup's free check of a number's format. A number that is none is
    /// an answer too, with `valid` false. `country` (ISO) is where a national number belongs.
    #[must_use]
    pub fn phone_number(self, number: &str, country: Option<&str>) -> Later<'a, Answer> {
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
