//! An agent leaves a conversation, and the last one ends it.

use std::collections::HashSet;
use std::future::ready;

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::invites;
use crate::base::answer::Done;
use crate::base::context::{Context, both};
use crate::base::error::Result;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, ParticipantSid, TaskSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::once;
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Channel, Invite, Participant};
use crate::twilio::taskrouter::Task;

/// What `remove-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the plugins' names")]
pub struct Leave {
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    flex_interaction_participant_sid: ParticipantSid,
    conversation_sid: Option<ConversationSid>,
}

/// What `remove-participant` answers.
#[derive(Serialize)]
pub struct Left {
    message: &'static str,
}

const HAS_LEFT: &str = "The participant is not in the conversation any more.";
const LEAVES: &str = "The participant has left the conversation.";
const WAS_THE_LAST: &str = "The last agent has left, and the conversation is over.";

/// `remove-participant`: an agent leaves the conversation; the last one ends it.
///
/// Leavers of one channel take turns, so that the last one knows to be it.
///
/// 1. At the same time: read the participants, the invites and the conversation. Somebody who
///    is not in it any more has left. Check the agent's part.
/// 2. Ask which of the other agents' and the invited tasks are still open. A failure: nothing
///    has changed.
/// 3. Another agent is there, or one is invited: take this one out. Else end the channel, and
///    this agent's part with it: the customer's next message starts a new interaction. A
///    failure is the agent's to see; nobody has left then.
pub async fn leave(cx: &Context, agent: &Agent, ask: Leave) -> Result<Done<Left>> {
    let channel =
        Channel { interaction: ask.flex_interaction_sid, sid: ask.flex_interaction_channel_sid };
    let key = format!("leave/{}", channel.sid);
    let (participant, conversation) =
        (&ask.flex_interaction_participant_sid, ask.conversation_sid.as_ref());
    let message = once::alone(cx, &key, async || {
        let scene = Scene::read(cx, agent, &channel, conversation).await?;
        scene.leave(cx, agent, &channel, participant).await
    });
    Ok(Done::with(Left { message: message.await? }))
}

/// Who is there, and who may come.
struct Scene {
    participants: Vec<Participant>,
    invites: Vec<Invite>,
    conversation: Option<Conversation>,
}

impl Scene {
    async fn read(
        cx: &Context,
        agent: &Agent,
        channel: &Channel,
        conversation: Option<&ConversationSid>,
    ) -> Result<Self> {
        let twilio = cx.twilio();
        let (participants, invites, conversation) = join!(
            twilio.channel_participants(channel),
            twilio.channel_invites(channel),
            invites::conversation(cx, agent, conversation),
        );
        Ok(Self { participants: participants?, invites: invites?, conversation })
    }

    async fn leave(
        self,
        cx: &Context,
        agent: &Agent,
        channel: &Channel,
        participant: &ParticipantSid,
    ) -> Result<&'static str> {
        let Some(own) = self.participants.iter().find(|p| p.sid == *participant) else {
            return Ok(HAS_LEFT);
        };
        access::removal(cx, agent, own)?;
        let noted = match &self.conversation {
            Some(conversation) => invites::tasks(conversation.attributes()?),
            None => Vec::new(),
        };
        let (is_last, dead) = self.is_last(cx, own, &noted).await?;
        let twilio = cx.twilio();
        if is_last {
            twilio.close_channel(channel).await?;
            return Ok(WAS_THE_LAST);
        }
        let removed = twilio.remove_channel_participant(channel, participant);
        let pruned = async {
            if let Some(conversation) = self.conversation.filter(|_| !dead.is_empty()) {
                invites::prune(cx, &conversation.sid, ready(dead)).await;
            }
            Ok(())
        };
        both(removed, pruned).await?;
        Ok(LEAVES)
    }

    /// Whether nobody else is there or invited, and the noted invites that are dead.
    async fn is_last(
        &self,
        cx: &Context,
        own: &Participant,
        noted: &[TaskSid],
    ) -> Result<(bool, HashSet<TaskSid>)> {
        let others: Vec<&Participant> =
            self.participants.iter().filter(|p| p.is_agent() && p.sid != own.sid).collect();
        let listed: HashSet<&TaskSid> = others.iter().filter_map(|p| p.task()).collect();
        let is_own = |sid: &TaskSid| own.task() == Some(sid);
        let invited = self.invites.iter().filter_map(Invite::task);
        let theirs =
            invited.chain(others.iter().filter_map(|p| p.task())).filter(|sid| !is_own(sid));
        let mut seen = HashSet::new();
        let tasks: Vec<&TaskSid> =
            noted.iter().chain(theirs).filter(|sid| seen.insert(*sid)).collect();
        let noted: HashSet<&TaskSid> = noted.iter().collect();
        let mut is_last = own.is_agent() && others.iter().all(|p| p.task().is_some());
        let mut dead = HashSet::new();
        let found = cx.twilio().tasks(tasks.iter().copied()).await;
        for (sid, task) in tasks.into_iter().zip(found) {
            let task = task?;
            // Whoever is listed is there, unless their task says that they are done.
            if !is_own(sid) && task.as_ref().map_or(listed.contains(sid), Task::is_open) {
                is_last = false;
            }
            if noted.contains(sid) && !task.as_ref().is_some_and(Task::is_waiting) {
                dead.insert(sid.clone());
            }
        }
        Ok((is_last, dead))
    }
}
