//! A customer whom nobody took goes to the fallback workflow.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::webhook::{NAME, REMEMBER};
use crate::base::attributes::MAX_TASK;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::{Members, lenient};
use crate::base::sid::{InviteSid, TaskSid, WorkflowSid};
use crate::flex::alarm::{Alarm, Lost};
use crate::flex::chat::{self, Company};
use crate::flex::inherited::inherited;
use crate::flex::parked;
use crate::once;
use crate::twilio::interactions::{Channel, ChannelStatus, Invite, Participant, Routing};

/// As often a conversation falls back within [`IN_TIME`].
const MOST: u32 = 3;
const IN_TIME: Duration = Duration::from_hours(1);

/// What was the lost task's only: its target, and what had made it.
const NOT_INHERITED: [&str; 4] = ["callToQueue", "fallbackFrom", "parkId", "targetWorker"];
/// What is told of a customer in any case.
const NEEDED: [&str; 7] = [
    "channelType",
    "conversationSid",
    "conversations",
    "customerAddress",
    "customerName",
    "customers",
    "from",
];

/// What the next task is told: what the lost one knew, but its target, and which one it was.
/// When that does not fit, the customer is all that counts.
pub fn attributes(lost: &str, task: &TaskSid) -> String {
    let own = Members::parse_attributes(lost).unwrap_or_default();
    let write = |is_kept: &dyn Fn(&str) -> bool| {
        let mut all = inherited(&own, is_kept);
        all.member("\"fallbackFrom\"", &json::write(task));
        all.end()
    };
    let whole = write(&|name| !NOT_INHERITED.contains(&name));
    if whole.len() <= MAX_TASK { whole } else { write(&|name| NEEDED.contains(&name)) }
}

/// Brings a customer to the fallback, once for each lost task.
pub async fn fall_back(cx: &Context, lost: Lost) -> Result<()> {
    cx.config().fallback_workflow()?;
    let (key, alarm) = (key(&lost), Alarm::Fallback(lost.clone()));
    let work =
        async move |cx: &Context, attempt| catch(cx, &lost, attempt).await.map(|()| ((), REMEMBER));
    once::behind(cx, NAME, key, &alarm, work).await.map(drop)
}

/// Does what [`fall_back`] has begun and nothing came of.
pub async fn again(cx: &Context, lost: &Lost) -> Result<()> {
    let work =
        async |cx: &Context, attempt| catch(cx, lost, attempt).await.map(|()| ((), REMEMBER));
    once::again(cx, &key(lost), work).await
}

fn key(lost: &Lost) -> String {
    format!("fallback/{}", lost.task)
}

/// Nobody leaves the channel meanwhile, cancels an invite to it, or falls back too: else each
/// could count on the other.
async fn catch(cx: &Context, lost: &Lost, attempt: u32) -> Result<()> {
    cx.note(&lost.task);
    cx.note(&lost.channel);
    let channel = Channel { interaction: lost.interaction.clone(), sid: lost.channel.clone() };
    let turn = chat::turn(&channel);
    once::alone(cx, &turn, async || catch_alone(cx, lost, &channel, attempt).await).await
}

/// 1. At the same time: read the channel, its agents and invites, and the conversation. It must go
///    on, and not be parked; a note that is left of a parking which is over says nothing.
/// 2. The task must have been the channel's, as its lists say; where it has no invites at all, its
///    only task in the workflow of customers who come in. What attributes say can be anybody's.
/// 3. An agent is there, or an invite is open: nothing is to be done.
/// 4. At most some times in an hour: then the log says `stranded`.
/// 5. Invite by the fallback workflow. When the answer is lost, or somebody before us may have
///    invited, look for it first.
async fn catch_alone(cx: &Context, lost: &Lost, channel: &Channel, attempt: u32) -> Result<()> {
    let twilio = cx.twilio();
    let conversation = async {
        match &lost.conversation {
            Some(sid) => unless_gone(twilio.conversation(&sid.to_string()).await),
            None => Ok(None),
        }
    };
    let (found, company, conversation) =
        join!(twilio.channel(channel), Company::read(cx, channel), conversation);
    let Some(found) = unless_gone(found)? else { return Ok(()) };
    match found.status {
        ChannelStatus::Closed | ChannelStatus::Failed => return Ok(()),
        ChannelStatus::Setup => return Err(Error::Busy.into()),
        _ => {}
    }
    let (company, conversation) = (company?, conversation?);
    if parked::rests(cx, channel, conversation.as_ref()).await? {
        return Ok(());
    }
    let of_agents = chat::agents(&company.participants).filter_map(Participant::task);
    let of_invites = company.invites.iter().filter_map(Invite::task);
    let is_listed = of_invites.chain(of_agents).any(|task| *task == lost.task);
    let is_first = company.invites.is_empty() && is_of_customers(cx, lost);
    let is_the_channels = is_listed || is_first && is_only_one(cx, lost).await?;
    if !is_the_channels {
        return Ok(());
    }
    if company.is_anybody_left(cx, channel, None, Some(&lost.task)).await? {
        return Ok(());
    }
    if !has_a_turn(cx, lost).await? {
        cx.warn("stranded", &Error::internal("nobody took the customer, again and again"));
        return Ok(());
    }
    invite(cx, lost, channel, attempt).await.map(drop)
}

/// Whether the task was in the workflow of customers who come in.
/// Twilio does not say whether an interaction's first task is among the channel's invites.
fn is_of_customers(cx: &Context, lost: &Lost) -> bool {
    let config = cx.config();
    let is_it = |workflow: Result<&WorkflowSid>| workflow.ok() == lost.workflow.as_ref();
    lost.workflow.is_some()
        && is_it(config.inbound_workflow())
        && !is_it(config.outbound_workflow())
}

/// Whether no other task of this channel waits for somebody: then it is the first one, and this one
/// is somebody's who says so.
async fn is_only_one(cx: &Context, lost: &Lost) -> Result<bool> {
    let tasks = cx.twilio().tasks_of_channel(&lost.channel).await?;
    Ok(!tasks.iter().any(|task| task.sid != lost.task && task.is_open()))
}

/// Whether the conversation may fall back once more: it has so many turns in an hour, each of
/// them one lost task's.
async fn has_a_turn(cx: &Context, lost: &Lost) -> Result<bool> {
    for turn in 0..MOST {
        let key = format!("fallback-turn/{}/{turn}", lost.channel);
        let taken = once::once(cx, &key, IN_TIME, async |_| Ok(lost.task.clone())).await?;
        if taken.into_inner() == lost.task {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which lost task an invite is for.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "lenient")]
    fallback_from: Option<TaskSid>,
}

async fn invite(cx: &Context, lost: &Lost, channel: &Channel, attempt: u32) -> Result<InviteSid> {
    let workflow = cx.config().fallback_workflow()?;
    let routing = Routing::by(cx, workflow, &lost.task_channel, &lost.attributes)?.parameter();
    let look = async || {
        let is_ours = |made: &Made| made.fallback_from.as_ref() == Some(&lost.task);
        let made = chat::invite_where(cx, channel, is_ours).await?;
        Ok(made.map(|invite| invite.sid))
    };
    let make = async || Ok(cx.twilio().create_invite(channel, &routing).await?.sid);
    once::make(cx, attempt, look, make).await
}
