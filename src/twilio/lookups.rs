//! Lookup: <https://www.twilio.com/docs/lookup/v2-api>.

use serde::Deserialize;

use super::Twilio;
use crate::base::error::Result;
use crate::base::json;
use crate::base::text::encode;

/// What Lookup says of a number. A number that is none is an answer too.
#[derive(Clone, Debug, Deserialize)]
pub struct Lookup {
    /// Whether it is a number.
    pub valid: bool,
    /// In E.164 form.
    pub phone_number: Option<String>,
    /// The ISO code of its country.
    pub country_code: Option<String>,
    /// The calling code of its country.
    pub calling_country_code: Option<String>,
    /// Why it is none.
    #[serde(default)]
    pub validation_errors: Option<Vec<String>>,
}

impl Twilio<'_> {
    /// FetchPhoneNumber: Lookup's free check of a number's format. `country` (ISO) is where a
    /// national number belongs.
    pub async fn lookup(self, number: &str, country: Option<&str>) -> Result<Lookup> {
        let country = country.map(|code| format!("?CountryCode={}", encode(code)));
        let path = format!("/v2/PhoneNumbers/{}{}", encode(number), country.unwrap_or_default());
        json::read(&self.get(self.url("lookups", path)).await?.body)
    }
}
