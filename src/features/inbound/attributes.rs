//! What the task of an Interaction is told of the customer.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::base::attributes::{MAX_TASK, Writer};
use crate::base::config::Config;
use crate::base::json;
use crate::base::members::Members;
use crate::base::sid::ConversationSid;
use crate::flex::customer::{cut, number};
use crate::flex::verified::{self, Verified};
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::Medium;

/// The longest that a name or an address is, in characters.
const MAX_NAME: usize = 128;
/// The longest that an answer before the chat is.
const MAX_ANSWER: usize = 500;
/// The longest that all answers before the chat are, in bytes of JSON.
const MAX_ANSWERS: usize = MAX_TASK / 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    from: &'a str,
    customer_address: &'a str,
    customer_name: &'a str,
    customers: Customers<'a>,
    channel_type: Medium,
    conversation_sid: &'a ConversationSid,
    #[serde(rename = "pre_engagement_data", skip_serializing_if = "Option::is_none")]
    pre_engagement_data: Option<Box<RawValue>>,
    /// What the customer's own site says of who is signed in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<&'a Verified>,
}

#[derive(Serialize)]
struct Customers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// The attributes, as JSON. A customer who has no name goes by their number or identity.
pub fn of(
    config: &Config,
    conversation: &Conversation,
    medium: Medium,
    address: &str,
    name: Option<&str>,
) -> String {
    let given = given(conversation);
    let given = given.as_deref().and_then(Members::parse);
    let sealed = given.as_ref().and_then(|given| given.get(verified::MEMBER));
    let verified = sealed.and_then(|sealed| Verified::read(config, address, sealed));
    let answers = given.and_then(|given| answers(&given));
    let asked = answers.as_deref().and_then(asked_name);
    let phone = number(address);
    let address = &*cut(address, MAX_NAME);
    let vouched = verified.as_ref().and_then(|verified| verified.name.as_deref());
    let known = vouched.or(name).or(asked.as_deref()).map(|name| cut(name, MAX_NAME));
    let name = known.as_deref().unwrap_or(phone.unwrap_or(address));
    json::write(&Attributes {
        from: if medium == Medium::Web { name } else { address },
        customer_address: address,
        customer_name: name,
        customers: Customers {
            phone,
            name: phone.is_none().then_some(name),
            email: verified.as_ref().and_then(|verified| verified.email.as_deref()),
        },
        channel_type: medium,
        conversation_sid: &conversation.sid,
        pre_engagement_data: answers,
        verified: verified.as_ref(),
    })
}

/// What was asked before the chat, as JSON.
fn given(conversation: &Conversation) -> Option<String> {
    let attributes = Members::parse_attributes(conversation.attributes().ok()?)?;
    let given = attributes.get("pre_engagement_data")?;
    let text: Option<String> = serde_json::from_str(given).ok();
    Some(text.unwrap_or_else(|| given.to_owned()))
}

/// The answers, each cut; as many as there is room for.
fn answers(given: &Members<'_>) -> Option<Box<RawValue>> {
    let (mut kept, mut room) = (Writer::default(), MAX_ANSWERS);
    for answer in given.iter().filter(|answer| answer.name != verified::MEMBER) {
        let text: Option<String> = serde_json::from_str(answer.value).ok();
        let value = text.map(|text| json::write(&*cut(&text, MAX_ANSWER)));
        let value = value.as_deref().unwrap_or(answer.value);
        let size = answer.written.len() + value.len() + 2;
        if size <= room {
            room -= size;
            kept.member(answer.written, value);
        }
    }
    json::read(&kept.end()).ok()
}

fn asked_name(answers: &RawValue) -> Option<String> {
    let answers = Members::parse(answers.get())?;
    let name: String = serde_json::from_str(answers.get("friendlyName")?).ok()?;
    Some(name).filter(|name| !name.is_empty())
}
