//! The Interaction of a conversation: one, whatever happens.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::attributes;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone, unless_gone_again};
use crate::base::members::Members;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid};
use crate::flex::attributes::ChatTask;
use crate::flex::customer::{self, Author, medium, who_wrote};
use crate::once::{self, Outcome};
use crate::twilio::conversations::{Conversation, ConversationState, Member};
use crate::twilio::interactions::{Channel, ChannelResource, ChannelStatus, Medium, Routing};

/// How long it is remembered that a conversation has its Interaction: as long as its channel
/// lives without anybody doing anything in it.
pub const REMEMBER: Duration = Duration::from_hours(180 * 24);
/// How often a channel that is being made is looked at, and how far apart.
const LOOKS: u32 = 4;
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The Interaction that a conversation has, as the gate keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opened {
    interaction: InteractionSid,
    channel: ChannelSid,
    /// Its channel was seen to stand. Else Twilio has accepted it, and nobody knows more.
    stands: bool,
}

impl Opened {
    fn of(channel: Channel, stands: bool) -> Self {
        Self { interaction: channel.interaction, channel: channel.sid, stands }
    }

    fn channel(&self) -> Channel {
        Channel { interaction: self.interaction.clone(), sid: self.channel.clone() }
    }
}

/// Opens the Interaction of a conversation, once; false when there is nobody to open it for.
///
/// 1. Read the conversation and who is in it, at the same time. Closed ones, chats between
///    agents, and messages of somebody who is no customer open nothing. Somebody has just
///    written: that there is no such conversation, or that they are not in it, is believed the
///    second time.
/// 2. Create the Interaction ([`create`]). It is remembered as soon as Twilio has accepted it.
/// 3. As long as nobody has seen its channel stand, that is a failure: whoever comes next, at the
///    latest the gate, looks at this same channel again. When it has failed since, it is made anew.
pub async fn once(
    cx: &Context,
    sid: &ConversationSid,
    author: &Author,
    profile: Option<String>,
    attempt: u32,
) -> Result<bool> {
    let (name, who) = (sid.to_string(), who_wrote(cx, sid, author));
    let (conversation, writer) = join!(cx.twilio().conversation(&name), who);
    let conversation = unless_gone_again(conversation, attempt)?.filter(is_open);
    let Some(conversation) = conversation else { return Ok(false) };
    let Some(writer) = unless_gone_again(writer, attempt)? else { return Ok(false) };
    let Some(customer) = writer.customer(attempt)? else { return Ok(false) };
    let (key, profile) = (format!("inbound/{sid}"), profile.as_deref());
    let work =
        async |attempt| create(cx, &conversation, &customer, profile, attempt).await.map(Some);
    // Older versions have kept nothing but that it was made.
    let is_over = async |opened: &Option<Opened>| match opened {
        Some(opened) if !opened.stands => Ok(look_at(cx, &opened.channel()).await? == Seen::Failed),
        _ => Ok(false),
    };
    match once::once_until_over(cx, &key, REMEMBER, is_over, work).await? {
        Outcome::New(Some(Opened { stands: false, .. })) => Err(Error::Busy.into()),
        Outcome::New(_) | Outcome::Known(_) => Ok(true),
    }
}

/// Whether it goes on, and is no chat between agents.
fn is_open(conversation: &Conversation) -> bool {
    let attributes = conversation.attributes().ok().and_then(Members::parse_attributes);
    let mark = attributes.and_then(|all| all.get("internalChat").map(str::to_owned));
    conversation.state != Some(ConversationState::Closed) && mark.is_none_or(|mark| mark == "null")
}

/// 1. Create it. When the answer is lost, or somebody before us may have created it, look for
///    its task first.
/// 2. That it was accepted does not say that it stands: look at its channel. One that could
///    not be made is told in the log, and tried once more. One of which that cannot be known yet
///    is neither made nor failed: nothing is made anew on a guess.
async fn create(
    cx: &Context,
    conversation: &Conversation,
    customer: &Member,
    profile: Option<&str>,
    attempt: u32,
) -> Result<Opened> {
    let (medium, address) = medium(customer)?;
    let name = profile.map(str::to_owned).or_else(|| customer::name(customer));
    let about = attributes::of(cx.config(), conversation, medium, &address, name.as_deref());
    let task_channel = if medium == Medium::Sms { "sms" } else { "chat" };
    let workflow = cx.config().inbound_workflow()?;
    let routing = Routing::by(cx, workflow, task_channel, &about)?.parameter();
    let look = async || find(cx, &conversation.sid).await;
    let make = async || {
        let made = cx.twilio().create_interaction(medium, &conversation.sid, &routing);
        Ok(made.await?.into_channel())
    };
    for attempt in [attempt, 1] {
        let channel = once::make(cx, attempt, look, make).await?;
        match look_at(cx, &channel).await {
            Ok(Seen::Standing) => return Ok(Opened::of(channel, true)),
            Ok(Seen::Failed) => {}
            Err(error) => {
                cx.warn("channel not seen to stand", &error);
                return Ok(Opened::of(channel, false));
            }
        }
    }
    Err(Error::refused(502, "The channel of the Interaction could not be made."))
}

/// What was seen of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Standing,
    Failed,
}

/// Looks at a channel until it is made, or could not be. An error when that is not known in time.
async fn look_at(cx: &Context, channel: &Channel) -> Result<Seen> {
    for _ in 0..LOOKS {
        let ChannelResource { status, error_code, .. } = cx.twilio().channel(channel).await?;
        match status {
            ChannelStatus::Setup => {}
            ChannelStatus::Failed => {
                let code = error_code.unwrap_or_default();
                cx.warn("interaction failed", &Error::internal(&format!("channel error {code}")));
                return Ok(Seen::Failed);
            }
            _ => return Ok(Seen::Standing),
        }
        if !cx.wait(LOOK_PAUSE).await {
            break;
        }
    }
    Err(Error::Busy.into())
}

/// The channel of an Interaction that this conversation has already, found by its task. One
/// that failed or is over is none.
async fn find(cx: &Context, conversation: &ConversationSid) -> Result<Option<Channel>> {
    let twilio = cx.twilio();
    for task in twilio.tasks_where(&format!("conversationSid == \"{conversation}\"")).await? {
        let Some(task) = twilio.whole(task).await? else { continue };
        let made: ChatTask = task.view()?;
        let Some(channel) = made.channel() else { continue };
        if made.conversation_sid.as_ref() == Some(conversation)
            && unless_gone(twilio.channel(&channel).await)?.is_some_and(|channel| {
                !matches!(channel.status, ChannelStatus::Failed | ChannelStatus::Closed)
            })
        {
            return Ok(Some(channel));
        }
    }
    Ok(None)
}
