//! Somebody has written in a parked conversation, which brings it back.

use std::time::Duration;

use futures_util::join;
use serde::Deserialize;

use super::back::{self, Back};
use super::webhook;
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone_again};
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, MemberSid, WebhookSid};
use crate::flex::alarm::{Alarm, Parking, Written};
use crate::flex::caller::Webhook;
use crate::flex::chat::Company;
use crate::flex::customer::{Author, who_wrote};
use crate::flex::parked as note;
use crate::once;
use crate::twilio::conversations::ConversationState;

/// How long it is remembered that a message brought nothing back.
const REMEMBER_OTHERS: Duration = Duration::from_hours(1);

/// What the webhook takes:
/// <https://www.twilio.com/docs/conversations/conversations-webhooks#onmessageadded>, and
/// what [`webhook`] has put into its URL.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    event_type: Option<String>,
    conversation_sid: ConversationSid,
    webhook_sid: Option<WebhookSid>,
    participant_sid: Option<MemberSid>,
    author: Option<String>,
    #[serde(rename = "interactionSid")]
    interaction_sid: Option<InteractionSid>,
    #[serde(rename = "channelSid")]
    channel_sid: Option<ChannelSid>,
    #[serde(rename = "parkId")]
    park_id: Option<String>,
}

/// `unpark-interaction` of Conversations: somebody has written in a parked conversation.
///
/// 1. Only messages count, and none of the system's.
/// 2. Claim the gate of who has written where; then answer. The rest goes on behind the
///    answer, and if nothing comes of it, the gate does it again.
/// 3. See [`come_back`].
pub async fn by_message(cx: &Context, _: &Webhook<'_>, event: Event) -> Result<Done<Nothing>> {
    let is_message = event.event_type.is_none_or(|event| event == "onMessageAdded");
    let author = Author { member: event.participant_sid, name: event.author };
    if !is_message || author.name.as_deref() == Some("system") {
        return Ok(done());
    }
    let (member, name) = (author.member.clone(), author.name.as_deref());
    let parking = match (event.park_id, event.interaction_sid, event.channel_sid) {
        (Some(id), Some(interaction), Some(channel)) => Some(Parking { id, interaction, channel }),
        _ => None,
    };
    let message = Written::new(event.conversation_sid, member, name, event.webhook_sid);
    let message = Written { parking, ..message };
    let (key, alarm) = (key(&message), Alarm::Unpark(message.clone()));
    let work = async move |cx: &Context, attempt| {
        come_back(cx, &message, &author, attempt).await.map(|keep| ((), keep))
    };
    once::behind(cx, webhook::PATH, key, &alarm, work).await?;
    Ok(done())
}

/// Does what [`by_message`] has begun and nothing came of.
pub async fn again(cx: &Context, message: &Written) -> Result<()> {
    let author = Author { member: message.member.clone(), name: None };
    let work = async |cx: &Context, attempt| {
        come_back(cx, message, &author, attempt).await.map(|keep| ((), keep))
    };
    once::again(cx, &key(message), work).await
}

fn key(message: &Written) -> String {
    let webhook = message.webhook.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("unpark/{}/{webhook}/{}", message.conversation, message.who)
}

/// 1. At the same time: read the conversation, whether a customer has written, and who is in the
///    webhook's channel. Nobody's message and closed conversations bring nothing back. Somebody
///    has just written: that there is no such conversation, or that they are not in it, is believed the
///    second time.
/// 2. The note says what is parked, if it is ours and the webhook's, or another one that still
///    counts. When it is lost, the webhook's URL says it.
/// 3. Invite ([`Back::bring`]), and look meanwhile what has to go then; then it goes
///    ([`Left`](super::left::Left)). For how long the outcome counts is answered.
pub async fn come_back(
    cx: &Context,
    message: &Written,
    author: &Author,
    attempt: u32,
) -> Result<Duration> {
    cx.note(&message.conversation);
    let (sid, name) = (&message.conversation, message.conversation.to_string());
    let is_customers = async {
        if !author.may_be_worker() {
            return Ok(true);
        }
        match unless_gone_again(who_wrote(cx, sid, author).await, attempt)? {
            Some(writer) => Ok::<_, Box<Error>>(writer.customer(attempt)?.is_some()),
            None => Ok(false),
        }
    };
    let parking = message.parking.as_ref();
    let channel = parking.map(back::channel);
    // What fails here is read again.
    let company = async { Company::read(cx, channel.as_ref()?).await.ok() };
    let (conversation, is_customers, company) =
        join!(cx.twilio().conversation(&name), is_customers, company);
    let conversation = unless_gone_again(conversation, attempt)?;
    let conversation = conversation.filter(|c| c.state != Some(ConversationState::Closed));
    let Some(conversation) = conversation.filter(|_| !matches!(is_customers, Ok(false))) else {
        return Ok(REMEMBER_OTHERS);
    };
    is_customers?;
    let note = note::of(cx, &conversation).filter(|found| found.is_ours).map(|found| found.note);
    let counts = match (&note, parking) {
        (Some(note), Some(parking)) if note.id != parking.id => {
            note::is_parked(cx, sid, note).await?
        }
        (note, _) => note.is_some(),
    };
    let back = match (note.as_ref().filter(|_| counts), parking) {
        (Some(note), _) => Back::of_note(sid, note),
        (None, Some(parking)) => Back::of_webhook(sid, parking),
        (None, None) => {
            if let Some(webhook) = &message.webhook {
                cx.twilio().delete_webhook(sid, webhook).await?;
            }
            return Ok(REMEMBER_OTHERS);
        }
    };
    let (company, left) =
        (company.filter(|_| channel.as_ref() == Some(&back.channel)), back.left());
    let (invited, found) = join!(back.bring(cx, company), left.look(cx));
    invited?;
    left.clean_up(cx, found).await;
    Ok(REMEMBER_OTHERS)
}
