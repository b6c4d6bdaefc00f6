//! The Interaction of a conversation: one, whatever happens.

use std::time::Duration;

use futures_util::join;
use serde::Deserialize;

use super::{attributes, name_of};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone, unless_gone_again};
use crate::base::members::{Members, lenient};
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid};
use crate::flex::customer::{Author, medium, who_wrote};
use crate::once;
use crate::twilio::conversations::{Conversation, ConversationState, Member};
use crate::twilio::interactions::{Channel, ChannelResource, ChannelStatus, Medium, Routing};
use crate::twilio::taskrouter::Task;

/// How long it is remembered that a conversation has its Interaction: as long as its channel
/// lives without anybody doing anything in it.
pub const REMEMBER: Duration = Duration::from_hours(180 * 24);
/// How often a channel that is being made is looked at, and how far apart.
const LOOKS: u32 = 4;
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Opens the Interaction of a conversation, once; false when there is nobody to open it for.
///
/// 1. Read the conversation and who is in it, at the same time. Closed ones, chats between
///    agents, and messages of somebody who is no customer open nothing. Somebody has just
///    written: that there is no such conversation is believed the second time.
/// 2. Create the Interaction ([`create`]).
pub async fn once(
    cx: &Context,
    sid: &ConversationSid,
    author: &Author,
    profile: Option<String>,
    attempt: u32,
) -> Result<bool> {
    let (name, who) = (sid.to_string(), who_wrote(cx, sid, author));
    let (conversation, customer) = join!(cx.twilio().conversation(&name), who);
    let conversation = unless_gone_again(conversation, attempt)?.filter(is_open);
    let Some(conversation) = conversation else { return Ok(false) };
    let customer = unless_gone_again(customer, attempt)?.flatten();
    let Some(customer) = customer else { return Ok(false) };
    let (key, profile) = (format!("inbound/{sid}"), profile.as_deref());
    let work = async |attempt| create(cx, &conversation, &customer, profile, attempt).await;
    once::once(cx, &key, REMEMBER, work).await.map(|_| true)
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
///    not be made is told in the log, and tried once more.
async fn create(
    cx: &Context,
    conversation: &Conversation,
    customer: &Member,
    profile: Option<&str>,
    attempt: u32,
) -> Result<()> {
    let (medium, address) = medium(customer);
    let name = name_of(customer, profile);
    let about = attributes::of(cx.config(), conversation, medium, &address, name.as_deref());
    let task_channel = if medium == Medium::Sms { "sms" } else { "chat" };
    let workflow = cx.config().inbound_workflow()?;
    let routing = Routing::by(cx, workflow, task_channel, &about)?.parameter();
    let look = async || find(cx, &conversation.sid).await;
    let make = async || {
        let made = cx.twilio().create_interaction(medium, &conversation.sid, &routing);
        Ok(made.await?.into_channel())
    };
    let channel = once::make(cx, attempt, look, make).await?;
    if stands(cx, &channel).await {
        return Ok(());
    }
    let channel = once::make(cx, 1, look, make).await?;
    if stands(cx, &channel).await {
        return Ok(());
    }
    Err(Error::refused(502, "The channel of the Interaction could not be made."))
}

/// Looks at a channel until it is made; whether it could be. What cannot be known now counts
/// as made: Twilio has accepted it.
async fn stands(cx: &Context, channel: &Channel) -> bool {
    for _ in 0..LOOKS {
        match cx.twilio().channel(channel).await {
            Ok(ChannelResource { status: ChannelStatus::Setup, .. }) => {}
            Ok(ChannelResource { status: ChannelStatus::Failed, error_code, .. }) => {
                let code = error_code.unwrap_or_default();
                cx.warn("interaction failed", &Error::internal(&format!("channel error {code}")));
                return false;
            }
            Ok(_) => return true,
            Err(error) => {
                cx.warn("channel not looked at", &error);
                return true;
            }
        }
        if !cx.wait(LOOK_PAUSE).await {
            break;
        }
    }
    true
}

/// What Flex writes onto the tasks of an Interaction.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "lenient")]
    conversation_sid: Option<ConversationSid>,
    #[serde(deserialize_with = "lenient")]
    flex_interaction_sid: Option<InteractionSid>,
    #[serde(deserialize_with = "lenient")]
    flex_interaction_channel_sid: Option<ChannelSid>,
}

/// The channel of an Interaction that this conversation has already, found by its task. One
/// that failed or is over is none.
async fn find(cx: &Context, conversation: &ConversationSid) -> Result<Option<Channel>> {
    let twilio = cx.twilio();
    for task in twilio.tasks_where(&format!("conversationSid == \"{conversation}\"")).await? {
        let task: Task = if task.has_attributes() { task } else { twilio.task(&task.sid).await? };
        let made: Made = task.view();
        let (Some(interaction), Some(sid)) =
            (made.flex_interaction_sid, made.flex_interaction_channel_sid)
        else {
            continue;
        };
        let channel = Channel { interaction, sid };
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
