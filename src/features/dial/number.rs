//! The number to call.

use super::chat::Chat;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::phone::{is_number, of_whatsapp};

/// The customer's number as the channels have it: SMS and WhatsApp as their address, web
/// chat and e-mail at best among the customer's data.
pub fn of_customer(chat: &Chat) -> Result<String> {
    let addresses = [&chat.customer_address, &chat.from, &chat.customers.phone];
    let is_number = |address: &&String| digits(without_channel(address)).is_some_and(|d| d > 3);
    match addresses.into_iter().flatten().find(is_number) {
        Some(number) => Ok(number.clone()),
        None => unprocessable("This conversation's channel has no phone number.", Vec::new()),
    }
}

/// An address without its channel.
fn without_channel(address: &str) -> &str {
    let address = address.trim();
    let bare =
        ["whatsapp:", "sms:", "tel:"].into_iter().find_map(|channel| address.strip_prefix(channel));
    bare.unwrap_or(address).trim()
}

/// How many digits a number has as people write it; nothing when it is none.
fn digits(text: &str) -> Option<usize> {
    let is_punctuation = |c| matches!(c, ' ' | '(' | ')' | '-' | '.' | '/' | '\u{a0}');
    let rest = text.strip_prefix('+').unwrap_or(text);
    let is_number = rest.chars().all(|c| c.is_ascii_digit() || is_punctuation(c));
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (is_number && (1..=32).contains(&digits) && text.len() <= 64).then_some(digits)
}

/// The number in E.164 form. One that is not written so is Lookup's to read, as it is written:
/// the zero of `+44 (0)20…` is not dialled, and national numbers are those of
/// `DEFAULT_COUNTRY`.
pub async fn destination(cx: &Context, to: &str) -> Result<String> {
    let number = without_channel(to);
    if is_number(number) {
        let is_whatsapp = to.trim_start().starts_with("whatsapp:");
        return Ok(if is_whatsapp { of_whatsapp(number) } else { number.to_owned() });
    }
    if digits(number).is_none() {
        return unprocessable("to: is not a phone number.", vec!["NOT_A_NUMBER".into()]);
    }
    let country = cx.config().default_country.as_deref();
    if country.is_none() && !number.starts_with('+') {
        let message = "to: is not in E.164 form, and DEFAULT_COUNTRY is not set.";
        return unprocessable(message, Vec::new());
    }
    let lookup = cx.twilio().lookup(number, country).await?;
    let found = lookup.phone_number.filter(|found| lookup.valid && is_number(found));
    match found {
        Some(found) => Ok(found),
        None => unprocessable(
            "to: is not a valid phone number.",
            lookup.validation_errors.unwrap_or_default(),
        ),
    }
}

/// `reasons`: Lookup's.
fn unprocessable<T>(message: &str, reasons: Vec<String>) -> Result<T> {
    let error = Error::refused(422, message).with("validationErrors", reasons).with("field", "to");
    Err(error)
}
