//! Conversations come in: a customer's first message becomes an Interaction, and a task.
//!
//! An address of Conversations with `AutoCreation.Type=webhook` gives each conversation that
//! it makes a webhook to us. Twilio tells of a message at most a few times, perhaps never
//! again, and waits 5 s: what is to be done goes on behind the answer, and the gate sees to it
//! if nothing comes of it.

mod attributes;
mod open;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::json;
use crate::base::members::{lenient, nested, view};
use crate::base::sid::{ConversationSid, MemberSid, WebhookSid};
use crate::flex::alarm::{Alarm, Written};
use crate::flex::caller::Webhook;
use crate::flex::customer::Author;
use crate::once;
use crate::twilio::conversations::ConversationWebhook;

/// This webhook's path. By its end a webhook is known as ours, and it is the name in the log of what
/// goes on behind the answer.
const NAME: &str = "/conversations/inbound";
/// How long it is remembered that somebody who has written is no customer.
const REMEMBER_OTHERS: Duration = Duration::from_hours(1);

/// What the webhook takes:
/// <https://www.twilio.com/docs/conversations/conversations-webhooks#onmessageadded>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    event_type: Option<String>,
    conversation_sid: ConversationSid,
    webhook_sid: Option<WebhookSid>,
    participant_sid: Option<MemberSid>,
    author: Option<String>,
    /// The name that a customer has at WhatsApp.
    profile_name: Option<String>,
    /// The same, in JSON.
    channel_metadata: Option<String>,
}

/// Where WhatsApp's name stands besides.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "nested")]
    data: MetadataData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetadataData {
    #[serde(deserialize_with = "nested")]
    context: MetadataContext,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct MetadataContext {
    #[serde(deserialize_with = "lenient")]
    profile_name: Option<String>,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Came {
    /// The conversation has its Interaction.
    In,
    /// It is nothing that an agent answers.
    ToNothing,
}

/// `inbound`: somebody has written in a conversation that an address has made.
///
/// 1. Only messages count, and none of the system's.
/// 2. Claim the gate of who has written where; then answer. Of many messages at once one does
///    the work, and the others are let go.
/// 3. Behind the answer: see [`come_in`]. A failure: the gate does it again after a while.
/// 4. When the Interaction stands already, only the webhook is taken off: it was left.
pub async fn inbound(cx: &Context, _: &Webhook<'_>, event: Event) -> Result<Done<Nothing>> {
    let profile = event.profile_name.or_else(|| {
        let metadata: Metadata = view(event.channel_metadata.as_deref().unwrap_or_default());
        metadata.data.context.profile_name
    });
    let author = Author { member: event.participant_sid, name: event.author };
    if event.event_type.as_deref() != Some("onMessageAdded") || !author.may_be_customer() {
        return Ok(done());
    }
    cx.config().inbound_workflow()?;
    let (member, name) = (author.member.clone(), author.name.as_deref());
    let message = Written::new(event.conversation_sid, member, name, event.webhook_sid);
    let (key, alarm) = (key(&message), Alarm::Inbound(message.clone()));
    let left = message.clone();
    let work =
        async move |cx: &Context, attempt| come_in(cx, &message, &author, profile, attempt).await;
    if once::behind(cx, NAME, key, &alarm, work).await? == Some(Came::In) {
        cx.behind(NAME, async move |cx| take_off(cx, &left).await);
    }
    Ok(done())
}

/// Does what [`inbound`] has begun and nothing came of.
pub async fn again(cx: &Context, message: &Written) -> Result<()> {
    let author = Author { member: message.member.clone(), name: None };
    let work = async |cx: &Context, attempt| come_in(cx, message, &author, None, attempt).await;
    once::again(cx, &key(message), work).await.map(drop)
}

/// The gate of who has written where.
fn key(message: &Written) -> String {
    format!("inbound/{}/{}", message.conversation, message.who)
}

/// 1. Open the Interaction, once for all customers of the conversation ([`open::once`]).
/// 2. Take our webhook off: each further message would cost a request. If that fails, the
///    next message does it.
async fn come_in(
    cx: &Context,
    message: &Written,
    author: &Author,
    profile: Option<String>,
    attempt: u32,
) -> Result<(Came, Duration)> {
    cx.note(&message.conversation);
    if !open::once(cx, &message.conversation, author, profile, attempt).await? {
        return Ok((Came::ToNothing, REMEMBER_OTHERS));
    }
    if let Err(error) = take_off(cx, message).await {
        cx.warn("webhook not taken off", &error);
    }
    Ok((Came::In, open::REMEMBER))
}

/// Takes our webhook off the conversation: by its SID, or by where it calls.
async fn take_off(cx: &Context, message: &Written) -> Result<()> {
    let (twilio, conversation) = (cx.twilio(), &message.conversation);
    if let Some(webhook) = &message.webhook {
        return twilio.delete_webhook(conversation, webhook).await;
    }
    for webhook in unless_gone(twilio.webhooks(conversation).await)?.unwrap_or_default() {
        let webhook: ConversationWebhook = json::read(webhook.get())?;
        let url = webhook.url().unwrap_or_default();
        if url.split(['?', '#']).next().is_some_and(|url| url.ends_with(NAME)) {
            twilio.delete_webhook(conversation, &webhook.sid).await?;
        }
    }
    Ok(())
}
