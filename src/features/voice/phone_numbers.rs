//! Telephone numbers: which may be dialled, which the account has.

use futures_util::join;
use serde::{Deserialize, Serialize};

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::phone::with_plus;
use crate::flex::agent::Agent;
use crate::twilio::lookups::Lookup;
use crate::twilio::voice::{HighRiskPrefix, Permission, PhoneNumber};

/// As many numbers are listed.
const MAX_LISTED: usize = 1_000;
const UNKNOWN: &str = "COUNTRY_UNKNOWN";

/// What `validate-phone-number` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Validate {
    #[serde(deserialize_with = "with_plus")]
    phone_number: String,
}

/// What `validate-phone-number` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validity {
    valid: bool,
    /// Why it is not: Lookup's reasons, or what the account may not dial.
    invalid_reason: Option<String>,
}

/// `validate-phone-number`: whether a number is one, and may be dialled from this account.
///
/// 1. Lookup says whether it is one and where.
/// 2. The account's dialing permissions say whether it may be dialled; with the beginnings
///    of that country's high-risk special numbers, read at the same time.
pub async fn validate(cx: &Context, _: &Agent, ask: Validate) -> Result<Done<Validity>> {
    let found = cx.twilio().lookup(&ask.phone_number, None).await?;
    let invalid_reason = if found.valid {
        not_permitted(cx, &found).await?.map(str::to_owned)
    } else {
        Some(found.validation_errors.unwrap_or_default().join(", "))
    };
    Ok(Done::with(Validity { valid: invalid_reason.is_none(), invalid_reason }))
}

/// Why the account may not dial this number.
async fn not_permitted(cx: &Context, found: &Lookup) -> Result<Option<&'static str>> {
    let Some(code) = &found.calling_country_code else { return Ok(Some(UNKNOWN)) };
    // Canada's permissions are those of the United States.
    let country = match found.country_code.as_deref() {
        Some("CA") => Some("US"),
        country => country,
    };
    let twilio = cx.twilio();
    // Satellite telephones are in no country: the calling code alone says what is permitted.
    let prefixes = async {
        match country {
            Some(country) => twilio.high_risk_prefixes(country).await,
            None => Ok(Vec::new()),
        }
    };
    let (permissions, prefixes) = join!(twilio.dialing_permissions(code), prefixes);
    let permissions = permissions?;
    let is_there =
        |permission: &&Permission| country.is_some() && permission.iso_code.as_deref() == country;
    let permission = permissions.iter().find(is_there).or(permissions.first());
    let Some(permission) = permission else { return Ok(Some(UNKNOWN)) };
    if permission.low_risk_numbers_enabled != Some(true) {
        return Ok(Some("COUNTRY_DISABLED"));
    }
    if permission.high_risk_special_numbers_enabled == Some(true) {
        return Ok(None);
    }
    let number = found.phone_number.as_deref();
    let number = number.ok_or_else(|| Error::unreadable("phone_number"))?;
    let begins = |risky: &HighRiskPrefix| number.starts_with(&risky.prefix);
    let is_risky = unless_gone(prefixes)?.unwrap_or_default().iter().any(begins);
    Ok(is_risky.then_some("HIGH_RISK_SPECIAL_NUMBER_DISABLED"))
}

/// What `list-phone-numbers` takes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct List {
    /// Verified caller IDs too.
    include_outgoing: Option<bool>,
}

/// What `list-phone-numbers` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    phone_numbers: Vec<ShownNumber>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownNumber {
    friendly_name: Option<String>,
    phone_number: Option<String>,
}

/// `list-phone-numbers`: the account's numbers and, if asked for, its verified caller IDs.
pub async fn list(cx: &Context, _: &Agent, ask: List) -> Result<Done<Listed>> {
    let twilio = cx.twilio();
    let numbers = if ask.include_outgoing == Some(true) {
        let (numbers, caller_ids) = join!(twilio.phone_numbers(), twilio.caller_ids());
        [numbers?, caller_ids?].concat()
    } else {
        twilio.phone_numbers().await?
    };
    let shown = |number: PhoneNumber| ShownNumber {
        friendly_name: number.friendly_name,
        phone_number: number.phone_number,
    };
    let phone_numbers = numbers.into_iter().take(MAX_LISTED).map(shown).collect();
    Ok(Done::with(Listed { phone_numbers }))
}
