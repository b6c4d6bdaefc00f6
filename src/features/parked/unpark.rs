//! Parked conversations come back.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{WEBHOOK, drop_note, list, turn, write_without};
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::lenient;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, InviteSid, MemberSid, WebhookSid,
};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::caller::Webhook;
use crate::flex::chat;
use crate::flex::customer::{Author, who_wrote};
use crate::flex::parked::{self as note, Found, Note};
use crate::once::alarm::{Alarm, Written};
use crate::once::{self, Outcome};
use crate::twilio::conversations::{Conversation, ConversationState, ConversationWebhook};
use crate::twilio::interactions::{Channel, Invite, Participant, Routing};
use crate::twilio::resource::camel_case;
use crate::twilio::taskrouter::AssignmentStatus;

/// How long it is remembered that a parking is over: a note that could not be taken away
/// brings nobody back a second time.
const REMEMBER: Duration = Duration::from_hours(30 * 24);
/// How long parking may take: whoever is listed may still be on their way out, in milliseconds.
const PARKING: Millis = 15_000;
/// How long the answer is given to the agent who asks the same again.
const REMEMBER_ANSWER: Duration = Duration::from_secs(30);
/// How long it is remembered that a message brought nothing back.
const REMEMBER_OTHERS: Duration = Duration::from_hours(1);

/// What `unpark-interaction` takes of an agent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unpark {
    conversation_sid: ConversationSid,
    webhook_sid: Option<WebhookSid>,
    /// Back to who has parked it, and to nobody else.
    #[serde(default)]
    route_to_same_worker: bool,
}

/// What it answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unparked {
    status: u16,
    participant_invite: Box<RawValue>,
}

/// `unpark-interaction` of an agent: the conversation comes back.
///
/// 1. Read the conversation and its note. Only who has parked it, and supervisors, go on. One
///    that is not parked is off the agent's list.
/// 2. Invite, once for each parking, and only then take note and webhook away ([`Back::bring`]).
///    A failure: all is as before.
///
/// The same request again gets the same answer. Without the webhook it does not say which
/// parking it means, and is done anew.
pub async fn by_agent(cx: &Context, agent: &Agent, ask: Unpark) -> Result<Done<Unparked>> {
    let Some(webhook) = &ask.webhook_sid else {
        return bring_back(cx, agent, &ask).await.map(Done::with);
    };
    let key = format!("unpark-by-hand/{}/{webhook}/{}", ask.conversation_sid, agent.key());
    let work = async |_| bring_back(cx, agent, &ask).await;
    let unparked = once::once(cx, &key, REMEMBER_ANSWER, work).await?;
    Ok(Done::with(unparked.into_inner()))
}

async fn bring_back(cx: &Context, agent: &Agent, ask: &Unpark) -> Result<Unparked> {
    let sid = &ask.conversation_sid;
    let conversation = unless_gone(cx.twilio().conversation(sid.to_string().as_str()).await)?;
    let is_over = |c: &Conversation| c.state == Some(ConversationState::Closed);
    let found = conversation.as_ref().filter(|c| !is_over(c)).and_then(|c| note::of(cx, c));
    let Some(found) = found else {
        if let Some(worker) = agent.worker_sid() {
            list::remove(cx, worker, sid).await;
        }
        return Err(Error::refused(409, "This conversation is not parked."));
    };
    let is_theirs = found.is_ours && agent.worker_sid() == Some(&found.note.by);
    if !is_theirs && !access::is_unlimited(cx, agent) {
        return Err(Error::forbidden("You have not parked this conversation."));
    }
    let back = Back {
        conversation: sid,
        webhook: ask.webhook_sid.as_ref(),
        to_same_worker: ask.route_to_same_worker,
    };
    let participant_invite = back.bring(cx, &found).await?;
    Ok(Unparked { status: 200, participant_invite })
}

/// What the webhook takes:
/// <https://www.twilio.com/docs/conversations/conversations-webhooks#onmessageadded>, and
/// what [`super::park`] has put into its URL.
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
    let message = Written::new(event.conversation_sid, member, name, event.webhook_sid);
    let channel = event.interaction_sid.zip(event.channel_sid);
    let channel = channel.map(|(interaction, sid)| Channel { interaction, sid });
    let (key, alarm) = (key(&message), Alarm::Unpark(message.clone()));
    let work = async move |cx: &Context, _| {
        come_back(cx, &message, &author, channel.as_ref()).await.map(|keep| ((), keep))
    };
    once::behind(cx, WEBHOOK, key, &alarm, work).await?;
    Ok(done())
}

/// Does what [`by_message`] has begun and nothing came of.
pub async fn again(cx: &Context, message: &Written) -> Result<()> {
    let author = Author { member: message.member.clone(), name: None };
    let work =
        async |cx: &Context, _| come_back(cx, message, &author, None).await.map(|keep| ((), keep));
    once::again(cx, &key(message), work).await
}

fn key(message: &Written) -> String {
    let webhook = message.webhook.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("unpark/{}/{webhook}/{}", message.conversation, message.who)
}

/// 1. At the same time: read the conversation, whether a customer has written, and who is in the
///    channel.
/// 2. Nobody's message and closed conversations bring nothing back; that there is no such
///    conversation is a failure: somebody has just written in it. Without a note there is
///    nothing to come back to: the webhook goes. So it does, and the note, when the agent is
///    still there: parking was not done.
/// 3. Invite ([`Back::bring`]). For how long the outcome counts is answered.
async fn come_back(
    cx: &Context,
    message: &Written,
    author: &Author,
    channel: Option<&Channel>,
) -> Result<Duration> {
    cx.note(&message.conversation);
    let (sid, name) = (&message.conversation, message.conversation.to_string());
    let is_customers = async {
        if !author.may_be_worker() {
            return Ok(true);
        }
        Ok::<_, Box<Error>>(who_wrote(cx, sid, author).await?.is_some())
    };
    let there = async {
        match channel {
            Some(channel) => cx.twilio().channel_participants(channel).await.map(Some),
            None => Ok(None),
        }
    };
    let (conversation, is_customers, there) =
        join!(cx.twilio().conversation(&name), is_customers, there);
    let conversation = conversation?;
    let is_over = conversation.state == Some(ConversationState::Closed);
    if is_over || matches!(is_customers, Ok(false)) {
        return Ok(REMEMBER_OTHERS);
    }
    is_customers?;
    let back = Back { conversation: sid, webhook: message.webhook.as_ref(), to_same_worker: false };
    let Some(found) = note::of(cx, &conversation) else {
        if let Some(webhook) = back.webhook {
            cx.twilio().delete_webhook(sid, webhook).await?;
        }
        return Ok(REMEMBER_OTHERS);
    };
    let there = match there? {
        Some(there) => there,
        None => cx.twilio().channel_participants(&found.note.channel()).await?,
    };
    if is_still_there(cx, &found.note, &there).await? {
        if cx.now() < found.note.at + PARKING {
            return Err(Error::Busy.into()); // they may be on their way out: look again
        }
        back.clean_up(cx, &found.note, None).await;
        return Ok(REMEMBER_OTHERS);
    }
    back.bring(cx, &found).await.map(|_| REMEMBER_OTHERS)
}

/// Whether the agent who has parked it was never taken out: listed, and their task is in their
/// hands.
async fn is_still_there(cx: &Context, note: &Note, there: &[Participant]) -> Result<bool> {
    if !there.iter().any(|participant| participant.sid == note.participant_sid) {
        return Ok(false);
    }
    let task = unless_gone(cx.twilio().task(&note.task_sid).await)?;
    Ok(task.is_some_and(|task| task.assignment_status == AssignmentStatus::Assigned))
}

/// How a conversation comes back.
struct Back<'a> {
    conversation: &'a ConversationSid,
    webhook: Option<&'a WebhookSid>,
    to_same_worker: bool,
}

impl Back<'_> {
    /// Invites, once for each parking, and then takes note, webhook and list's entry away;
    /// answers the invite. What cannot be taken away is told in the log: it brings nobody back
    /// a second time.
    async fn bring(&self, cx: &Context, found: &Found) -> Result<Box<RawValue>> {
        let note = &found.note;
        let key = format!("unpark/{}/{}", self.conversation, note.id);
        let invited = once::once(cx, &key, REMEMBER, async |attempt| {
            // Who writes the attributes meanwhile would be overwritten.
            once::alone(cx, &turn(self.conversation), async || {
                let name = self.conversation.to_string();
                let (invite, fresh) =
                    join!(self.invite(cx, found, attempt), cx.twilio().conversation(&name));
                let invite = invite?;
                self.clean_up(cx, note, fresh.ok().as_ref()).await;
                Ok(invite)
            })
            .await
        });
        match invited.await? {
            Outcome::New(invite) => Ok(invite),
            Outcome::Known(invite) => {
                self.clean_up(cx, note, None).await;
                Ok(invite)
            }
        }
    }

    /// Invites as the parked task was routed. A note that is not ours, or of which that cannot
    /// be known any more, brings the customer back as one whom nobody took.
    async fn invite(&self, cx: &Context, found: &Found, attempt: u32) -> Result<Box<RawValue>> {
        let (note, twilio) = (&found.note, cx.twilio());
        let plain = json::write(&Plain { conversation_sid: self.conversation, park_id: &note.id });
        let routing = if found.is_ours {
            let routing =
                Routing::by(cx, &note.workflow_sid, &note.task_channel, note.attributes.get())?;
            if self.to_same_worker { routing.to(&note.by, &note.queue_sid) } else { routing }
        } else {
            let there = twilio.channel_participants(&note.channel()).await?;
            if there.iter().any(Participant::is_agent) {
                return Err(Error::refused(409, "An agent is in this conversation."));
            }
            Routing::by(cx, cx.config().fallback_workflow()?, &note.task_channel, &plain)?
        };
        let routing = routing.parameter();
        let look = async || {
            let is_ours = |made: &Made| made.park_id.as_ref() == Some(&note.id);
            let made = chat::invite_where(cx, &note.channel(), is_ours).await?;
            Ok(made.map(|Invite { sid, .. }| {
                let Note { interaction_sid, channel_sid, .. } = note;
                json::raw(&Known { sid, interaction_sid, channel_sid })
            }))
        };
        let make = async || {
            let invite = twilio.create_invite_as_is(&note.channel(), &routing).await?;
            camel_case(&invite)
        };
        once::make(cx, attempt, look, make).await
    }

    /// Takes note, webhook and list's entry away. `fresh` is the conversation as just read in
    /// turn with other writers.
    async fn clean_up(&self, cx: &Context, note: &Note, fresh: Option<&Conversation>) {
        let disarmed = async {
            match self.webhook {
                Some(webhook) => cx.twilio().delete_webhook(self.conversation, webhook).await,
                None => disarm(cx, self.conversation).await,
            }
        };
        let forgotten = async {
            match fresh {
                Some(fresh) => write_without(cx, fresh, &note.id).await,
                None => drop_note(cx, self.conversation, &note.id).await,
            }
        };
        let unlisted = list::remove(cx, &note.by, self.conversation);
        let (disarmed, forgotten, ()) = join!(disarmed, forgotten, unlisted);
        for error in [disarmed.err(), forgotten.err()].into_iter().flatten() {
            cx.warn("parking not cleaned up", &error);
        }
    }
}

/// Takes away our webhooks, whichever they are.
async fn disarm(cx: &Context, conversation: &ConversationSid) -> Result<()> {
    for webhook in cx.twilio().webhooks(conversation).await? {
        let webhook: ConversationWebhook = json::read(webhook.get())?;
        let url = webhook.url().unwrap_or_default();
        if url.split(['?', '#']).next().is_some_and(|url| url.ends_with(WEBHOOK)) {
            cx.twilio().delete_webhook(conversation, &webhook.sid).await?;
        }
    }
    Ok(())
}

/// What a task is told whose parking is not known to be ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plain<'a> {
    conversation_sid: &'a ConversationSid,
    park_id: &'a str,
}

/// Which parking has made an invite.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "lenient")]
    park_id: Option<String>,
}

/// An invite that an earlier try has left.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Known<'a> {
    sid: InviteSid,
    interaction_sid: &'a InteractionSid,
    channel_sid: &'a ChannelSid,
}
