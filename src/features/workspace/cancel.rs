//! Tasks that somebody is still being asked to take, and who may cancel them.

use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::sid::TaskSid;
use crate::flex::agent::Agent;
use crate::flex::chat::Company;
use crate::flex::{access, chat};
use crate::once;
use crate::twilio::interactions::Channel;
use crate::twilio::taskrouter::Task;

/// Whether the task is a call that was made for this agent alone: by its workflow, not by what
/// its attributes say.
pub fn is_own_call(cx: &Context, agent: &Agent, task: &Task) -> bool {
    let Some(worker) = agent.worker_sid() else { return false };
    let config = cx.config();
    let workflows = [config.outbound_workflow(), config.internal_call_workflow()];
    workflows.iter().flatten().any(|workflow| task.is_for(worker, workflow))
}

/// Reads who is in the channel and who is asked to come. Agents cancel invites to chats that they
/// are in, and have in their hands; all is so by Twilio's lists.
async fn company(
    cx: &Context,
    agent: &Agent,
    channel: &Channel,
    task: &TaskSid,
) -> Result<Company> {
    let company = Company::read(cx, channel).await?;
    if access::is_unlimited(cx, agent) {
        return Ok(company);
    }
    if !company.invites.iter().any(|invite| invite.task() == Some(task)) {
        return Err(Error::forbidden("This task is not yours to cancel."));
    }
    access::interaction(cx, agent, &company.participants)?;
    chat::may_act(cx, agent, &company.participants).await?;
    Ok(company)
}

/// Checks that the agent may know that this invite has been canceled: the same request again.
pub async fn check_canceled(
    cx: &Context,
    agent: &Agent,
    channel: &Channel,
    task: &TaskSid,
) -> Result<()> {
    company(cx, agent, channel, task).await.map(drop)
}

/// Cancels an invite.
///
/// 1. The agent must be in the chat that the invite is to.
/// 2. Nobody leaves the chat meanwhile. When no agent is there and nobody else is asked to
///    come, the customer would be alone: the invite stays.
/// 3. Cancel it.
pub async fn invite<T>(
    cx: &Context,
    agent: &Agent,
    channel: &Channel,
    task: &TaskSid,
    cancel: impl AsyncFnOnce() -> Result<T>,
) -> Result<T> {
    let known = company(cx, agent, channel, task).await?;
    once::in_turn(cx, &chat::turn(channel), async |attempt| {
        let company = if attempt > 1 { company(cx, agent, channel, task).await? } else { known };
        if !company.is_anybody_left(cx, channel, None, Some(task)).await? {
            let message = "Nobody else is in the conversation: the customer would be alone.";
            return Err(Error::refused(409, message));
        }
        cancel().await
    })
    .await
}
