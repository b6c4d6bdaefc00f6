//! The number to call.

use super::plan::Chat;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::phone::is_number;

/// The customer's number, as the channels have it: SMS and WhatsApp as their address, web
/// chat and e-mail at best among the customer's data.
pub fn of_customer(chat: &Chat) -> Result<String> {
    let addresses = [&chat.customer_address, &chat.from, &chat.customers.phone];
    let numbers = addresses.into_iter().flatten().filter_map(|address| digits(address));
    match numbers.into_iter().find(|number| number.len() > 3) {
        Some(number) => Ok(number),
        None => unprocessable("This conversation's channel has no phone number.", Vec::new()),
    }
}

/// A number without its channel and punctuation; nothing when it is none.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let bare =
        ["whatsapp:", "sms:", "tel:"].into_iter().find_map(|channel| text.strip_prefix(channel));
    let bare = bare.unwrap_or(text).trim();
    let mut number = String::with_capacity(bare.len());
    for c in bare.chars() {
        match c {
            '0'..='9' => number.push(c),
            '+' if number.is_empty() => number.push(c),
            ' ' | '(' | ')' | '-' | '.' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (number.len() <= 32 && number.len() > usize::from(number.starts_with('+'))).then_some(number)
}

/// The number in E.164 form. Lookup reads national ones by `DEFAULT_COUNTRY`, and knows
/// each country's habits, such as Brazil's ninth digit.
pub async fn destination(cx: &Context, to: &str) -> Result<String> {
    let Some(number) = digits(to) else {
        return unprocessable("to: is not a phone number.", vec!["NOT_A_NUMBER".into()]);
    };
    if is_number(&number) {
        return Ok(number);
    }
    let country = cx.config().default_country.as_deref().filter(|_| !number.starts_with('+'));
    if country.is_none() && !number.starts_with('+') {
        let message = "to: is not in E.164 form, and DEFAULT_COUNTRY is not set.";
        return unprocessable(message, Vec::new());
    }
    let lookup = cx.twilio().lookup(&number, country).await?;
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
