//! Who is in a chat, and who may still come: facts about an interaction's channel.

use std::collections::HashSet;

use futures_util::join;
use serde::de::DeserializeOwned;

use super::access;
use super::agent::Agent;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConversationSid, ParticipantSid, TaskSid};
use crate::twilio::interactions::{Channel, Invite, Participant};
use crate::twilio::taskrouter::Task;

/// As many tasks are read at the same time.
const AT_ONCE: usize = 5;
/// As many tasks are read by SID; what is behind them was made long ago, and a listing,
/// which may lag behind, knows it.
const MOST_READ: usize = 10;

/// The key under which those who leave a chat, and those who cancel an invite to it, take
/// turns: so the last one knows to be the last.
#[must_use]
pub fn turn(channel: &Channel) -> String {
    format!("leave/{}", channel.sid)
}

/// The key under which those who write a conversation's attributes take turns: invites and the
/// note on a parked conversation stand beside each other there.
#[must_use]
pub fn attributes_turn(conversation: &ConversationSid) -> String {
    format!("conversation/{conversation}")
}

/// The agents of a channel.
pub fn agents(participants: &[Participant]) -> impl Iterator<Item = &Participant> {
    participants.iter().filter(|participant| participant.is_agent())
}

/// Who is in a channel, and who is asked to come.
pub struct Company {
    /// Who is in it.
    pub participants: Vec<Participant>,
    /// Who is asked to come, the newest first.
    pub invites: Vec<Invite>,
}

impl Company {
    /// Reads both, at the same time.
    pub async fn read(cx: &Context, channel: &Channel) -> Result<Self> {
        let twilio = cx.twilio();
        let (participants, invites) =
            join!(twilio.channel_participants(channel), twilio.channel_invites(channel));
        Ok(Self { participants: participants?, invites: invites? })
    }

    /// Whether an agent is there, or an invite is open; the participant `leaving` and the task
    /// `without` do not count.
    ///
    /// An agent who is done with their task is not there. Invites come newest first: the first
    /// open one ends the search, and those that are known to be over cost no call.
    pub async fn is_anybody_left(
        &self,
        cx: &Context,
        channel: &Channel,
        leaving: Option<&ParticipantSid>,
        without: Option<&TaskSid>,
    ) -> Result<bool> {
        let others = agents(&self.participants).filter(|agent| Some(&agent.sid) != leaving);
        let agents: Vec<&Participant> = others.collect();
        if agents.iter().any(|agent| agent.task().is_none()) {
            return Ok(true);
        }
        let listed: HashSet<&TaskSid> = agents.iter().filter_map(|agent| agent.task()).collect();
        let invited =
            self.invites.iter().filter(|invite| !invite.is_over()).filter_map(Invite::task);
        let all = agents.iter().filter_map(|agent| agent.task()).chain(invited);
        let mut seen: HashSet<&TaskSid> = without.into_iter().collect();
        let tasks: Vec<&TaskSid> = all.filter(|sid| seen.insert(sid)).collect();
        let (newest, older) = tasks.split_at(tasks.len().min(MOST_READ));
        for some in newest.chunks(AT_ONCE) {
            let found = cx.twilio().tasks(some.iter().copied()).await;
            // Whoever is listed is there, unless their task says that they are done.
            let is_there = |sid: &TaskSid, task: &Option<Task>| {
                task.as_ref().map_or(listed.contains(sid), Task::is_open)
            };
            let mut there = some.iter().zip(&found);
            if there.any(|(sid, task)| task.as_ref().is_ok_and(|task| is_there(sid, task))) {
                return Ok(true);
            }
            found.into_iter().collect::<Result<Vec<_>>>()?;
        }
        if older.is_empty() {
            return Ok(false);
        }
        let tasks = cx.twilio().tasks_of_channel(&channel.sid).await?;
        let open: HashSet<&TaskSid> =
            tasks.iter().filter(|task| task.is_open()).map(|task| &task.sid).collect();
        Ok(older.iter().any(|sid| open.contains(sid)))
    }
}

/// Checks that an agent who is listed has the chat in their hands. Who has handed it over and
/// finishes their notes is listed on with `TRANSFER_WRAP_UP`, and acts on nothing once somebody
/// else has it.
pub async fn may_act(cx: &Context, agent: &Agent, participants: &[Participant]) -> Result<()> {
    if !cx.config().transfer_wrap_up || access::is_unlimited(cx, agent) {
        return Ok(());
    }
    let (own, others): (Vec<_>, Vec<_>) = agents(participants).partition(|p| agent.is(p));
    let tasks = |all: &[&Participant]| all.iter().filter_map(|p| p.task().cloned()).collect();
    let (own, others): (Vec<TaskSid>, Vec<TaskSid>) = (tasks(&own), tasks(&others));
    let found = cx.twilio().tasks(own.iter().chain(&others)).await;
    let found: Vec<Option<Task>> = found.into_iter().collect::<Result<_>>()?;
    let is_held = |task: &Option<Task>| task.as_ref().is_some_and(Task::is_open);
    let (own, others) = found.split_at(own.len());
    if own.is_empty() || own.iter().any(is_held) || !others.iter().any(is_held) {
        return Ok(());
    }
    Err(Error::forbidden("You have handed this conversation over."))
}

/// The newest invite whose task had such attributes when it was made. Where a listing leaves
/// them out, the task is asked.
pub async fn invite_where<T: DeserializeOwned + Default>(
    cx: &Context,
    channel: &Channel,
    is_it: impl Fn(&T) -> bool,
) -> Result<Option<Invite>> {
    for invite in cx.twilio().channel_invites(channel).await? {
        let attributes: Option<T> = match (invite.view(), invite.task()) {
            (None, Some(task)) => {
                unless_gone(cx.twilio().task(task).await)?.map(|task| task.view()).transpose()?
            }
            (attributes, _) => attributes,
        };
        if attributes.is_some_and(|attributes| is_it(&attributes)) {
            return Ok(Some(invite));
        }
    }
    Ok(None)
}
