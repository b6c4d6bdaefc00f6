//! Parked conversations come back.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::back::Back;
use super::{list, webhook};
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone, unless_gone_again};
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, MemberSid, WebhookSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::caller::Webhook;
use crate::flex::customer::{Author, who_wrote};
use crate::flex::parked as note;
use crate::once;
use crate::once::alarm::{Alarm, Parking, Written};
use crate::twilio::conversations::{Conversation, ConversationState};

/// How long the answer is given to the agent who asks the same again.
const REMEMBER_ANSWER: Duration = Duration::from_secs(30);
/// How long it is remembered that a message brought nothing back.
const REMEMBER_OTHERS: Duration = Duration::from_hours(1);

/// What `unpark-interaction` takes of an agent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unpark {
    conversation_sid: ConversationSid,
    /// Which webhook goes is known by its URL.
    webhook_sid: Option<WebhookSid>,
    /// Back to who has parked it, and to nobody else.
    #[serde(default)]
    route_to_same_worker: bool,
}

/// What it answers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unparked {
    status: u16,
    participant_invite: Box<RawValue>,
}

/// `unpark-interaction` of an agent: the conversation comes back.
///
/// 1. Read the conversation and its note. One that is not parked is off the agent's list; who has
///    just brought it back gets the same answer again. A note that is not known to be ours says
///    nothing: the customer's message brings it back.
/// 2. Only who has parked it, and supervisors, go on.
/// 3. Invite, once for each parking, and only then take note and webhook away ([`Back::bring`]).
///    A failure: all is as before. When there is somebody already, nobody is invited.
pub async fn by_agent(cx: &Context, agent: &Agent, ask: Unpark) -> Result<Done<Unparked>> {
    let sid = &ask.conversation_sid;
    let conversation = unless_gone(cx.twilio().conversation(sid.to_string().as_str()).await)?;
    let is_over = |c: &Conversation| c.state == Some(ConversationState::Closed);
    let found = conversation.as_ref().filter(|c| !is_over(c)).and_then(|c| note::of(cx, c));
    // Each parking has a webhook of its own.
    let same = ask.webhook_sid.map(|w| format!("unpark-by-hand/{sid}/{w}/{}", agent.key()));
    let Some(found) = found else {
        if let Some(same) = &same
            && let Some(unparked) = once::known(cx, same).await?
        {
            return Ok(Done::with(unparked));
        }
        if let Some(worker) = agent.worker_sid() {
            list::remove(cx, worker, sid).await;
        }
        return Err(Error::refused(409, "This conversation is not parked."));
    };
    if !found.is_ours {
        let message = "Only the customer's next message brings this conversation back.";
        return Err(Error::refused(409, message).with("reason", "onlyByMessage"));
    }
    if agent.worker_sid() != Some(&found.note.by) && !access::is_unlimited(cx, agent) {
        return Err(Error::forbidden("You have not parked this conversation."));
    }
    let to_same_worker = ask.route_to_same_worker;
    let back = Back { to_same_worker, ..Back::of_note(sid, &found.note) };
    let Some(participant_invite) = back.bring(cx).await? else {
        let message = "This conversation is not parked: an agent is there, or asked to come.";
        return Err(Error::refused(409, message));
    };
    let unparked = Unparked { status: 200, participant_invite };
    if let Some(same) = same {
        let work = async |_| Ok(unparked.clone());
        if let Err(error) = once::once(cx, &same, REMEMBER_ANSWER, work).await {
            cx.warn("unparking not remembered", &error);
        }
    }
    Ok(Done::with(unparked))
}

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

/// 1. At the same time: read the conversation, and whether a customer has written. Nobody's
///    message and closed conversations bring nothing back. Somebody has just written: that there
///    is no such conversation is believed the second time.
/// 2. The note says what is parked, if it is ours and the webhook's, or another one that still
///    counts. When it is lost, the webhook's URL says it.
/// 3. Invite ([`Back::bring`]); then the webhook goes. For how long the outcome counts is
///    answered.
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
        let customer = unless_gone_again(who_wrote(cx, sid, author).await, attempt)?.flatten();
        Ok::<_, Box<Error>>(customer.is_some())
    };
    let (conversation, is_customers) = join!(cx.twilio().conversation(&name), is_customers);
    let conversation = unless_gone_again(conversation, attempt)?;
    let conversation = conversation.filter(|c| c.state != Some(ConversationState::Closed));
    let Some(conversation) = conversation.filter(|_| !matches!(is_customers, Ok(false))) else {
        return Ok(REMEMBER_OTHERS);
    };
    is_customers?;
    let parking = message.parking.as_ref();
    let note = note::of(cx, &conversation).filter(|found| found.is_ours).map(|found| found.note);
    let counts = match (&note, parking) {
        (Some(note), Some(parking)) if note.id != parking.id => {
            note::is_parked(cx, sid, note).await?
        }
        (note, _) => note.is_some(),
    };
    if let Some(note) = note.as_ref().filter(|_| counts) {
        Back::of_note(sid, note).bring(cx).await?;
    } else if let Some(parking) = parking {
        Back::of_webhook(sid, parking).bring(cx).await?;
    } else if let Some(webhook) = &message.webhook {
        cx.twilio().delete_webhook(sid, webhook).await?;
    }
    Ok(REMEMBER_OTHERS)
}
