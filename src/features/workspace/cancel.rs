//! Tasks that somebody is still being asked to take, and who may cancel them.

use futures_util::join;
use serde::Deserialize;

use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::members::lenient;
use crate::base::sid::{ChannelSid, InteractionSid, TaskSid};
use crate::flex::agent::Agent;
use crate::flex::{access, chat};
use crate::once;
use crate::twilio::interactions::{Channel, Invite, Participant};
use crate::twilio::taskrouter::Task;

/// Whether the task is a call that was made for this agent alone: by its workflow, not by what
/// its attributes say.
pub fn is_own_call(cx: &Context, agent: &Agent, task: &Task) -> bool {
    let Some(worker) = agent.worker_sid() else { return false };
    let config = cx.config();
    let workflows = [config.outbound_workflow(), config.internal_call_workflow()];
    workflows.iter().flatten().any(|workflow| task.is_for(worker, workflow))
}

/// Attributes of a chat's task.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChatAttributes {
    #[serde(deserialize_with = "lenient")]
    flex_interaction_sid: Option<InteractionSid>,
    #[serde(deserialize_with = "lenient")]
    flex_interaction_channel_sid: Option<ChannelSid>,
}

/// The channel that the task says it belongs to: where to look whether it does.
pub fn channel_of(task: &Task) -> Result<Option<Channel>> {
    let chat: ChatAttributes = task.view()?;
    let parts = chat.flex_interaction_sid.zip(chat.flex_interaction_channel_sid);
    Ok(parts.map(|(interaction, sid)| Channel { interaction, sid }))
}

/// Who is in the channel, and who is asked to come.
struct Scene {
    participants: Vec<Participant>,
    invites: Vec<Invite>,
}

impl Scene {
    async fn read(cx: &Context, channel: &Channel) -> Result<Self> {
        let twilio = cx.twilio();
        let (participants, invites) =
            join!(twilio.channel_participants(channel), twilio.channel_invites(channel));
        Ok(Self { participants: participants?, invites: invites? })
    }

    /// Agents cancel invites to chats that they are in, and have in their hands; all is so by
    /// Twilio's lists.
    async fn check(&self, cx: &Context, agent: &Agent, task: &TaskSid) -> Result<()> {
        if access::is_unlimited(cx, agent) {
            return Ok(());
        }
        if !self.invites.iter().any(|invite| invite.task() == Some(task)) {
            return Err(Error::forbidden("This task is not yours to cancel."));
        }
        access::interaction(cx, agent, &self.participants)?;
        chat::may_act(cx, agent, &self.participants).await
    }
}

/// Checks that the agent may know that this invite has been canceled: the same request again.
pub async fn check_canceled(
    cx: &Context,
    agent: &Agent,
    channel: &Channel,
    task: &TaskSid,
) -> Result<()> {
    Scene::read(cx, channel).await?.check(cx, agent, task).await
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
    let scene = Scene::read(cx, channel).await?;
    scene.check(cx, agent, task).await?;
    once::in_turn(cx, &chat::turn(channel), async |attempt| {
        let scene = if attempt > 1 {
            let scene = Scene::read(cx, channel).await?;
            scene.check(cx, agent, task).await?;
            scene
        } else {
            scene
        };
        let agents: Vec<_> = chat::agents(&scene.participants).collect();
        let is_anybody_left =
            chat::is_anybody_left(cx, channel, &agents, &scene.invites, Some(task));
        if !is_anybody_left.await? {
            let message = "Nobody else is in the conversation: the customer would be alone.";
            return Err(Error::refused(409, message));
        }
        cancel().await
    })
    .await
}
