//! An agent ends their part in a chat by ending its task.

use futures_util::join;

use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::TaskSid;
use crate::flex::chat::{self, Company};
use crate::flex::parked;
use crate::once;
use crate::twilio::interactions::{Channel, ChannelStatus};

/// Ends a chat's task that an agent has: the last one ends the chat, as who leaves it last.
///
/// 1. Nobody leaves the chat meanwhile, or cancels an invite to it. Read the channel, who is in it
///    and who is asked to come, at the same time. A channel that is over, and one that does not
///    know of the task, whatever its attributes say, are let be.
/// 2. When nobody else is there or asked to come, and it is not parked, end the channel: TaskRouter tells nobody of a
///    task that is completed, and the customer's next message would reach nobody. A failure:
///    nothing has changed.
/// 3. End the task. A failure is the agent's to see; the same request again goes on from here.
pub async fn task<T>(
    cx: &Context,
    channel: &Channel,
    task: &TaskSid,
    end: impl AsyncFnOnce() -> Result<T>,
) -> Result<T> {
    once::alone(cx, &chat::turn(channel), async || {
        if is_last(cx, channel, task).await? {
            cx.twilio().close_channel(channel).await?;
        }
        end().await
    })
    .await
}

async fn is_last(cx: &Context, channel: &Channel, task: &TaskSid) -> Result<bool> {
    let (found, company) = join!(cx.twilio().channel(channel), Company::read(cx, channel));
    let Some(found) = unless_gone(found)? else { return Ok(false) };
    if matches!(found.status, ChannelStatus::Closed | ChannelStatus::Failed) {
        return Ok(false);
    }
    let company = company?;
    let is_listed = chat::agents(&company.participants).any(|agent| agent.task() == Some(task));
    if !is_listed || company.is_anybody_left(cx, channel, None, Some(task)).await? {
        return Ok(false);
    }
    parked::rests(cx, channel, None).await.map(|rests| !rests)
}
