//! Who may touch what: agents only what they take part in, supervisors anything.
//!
//! The right comes from facts that agents cannot write: reservations, conferences' names and
//! participants, our own record of a call, an interaction's participants. `docs/access.md`
//! lists which endpoint goes by which.

mod call;
mod part;
mod room;

use futures_util::join;

use super::agent::Agent;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConversationSid, WorkerSid};
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Participant, ParticipantKind};

pub use call::{call, is_remembered_call, own_room_with, remember_call};
use part::denied;
pub use part::{Part, Reservations, is_unlimited, part};
pub use room::{Room, conference, live_conference};

/// The worker that a request names, or the agent's own: supervisors may name others.
pub fn worker<'a>(
    cx: &Context,
    agent: &'a Agent,
    named: Option<&'a WorkerSid>,
) -> Result<&'a WorkerSid> {
    match named {
        Some(named) if agent.worker_sid() == Some(named) || is_unlimited(cx, agent) => Ok(named),
        Some(_) => Err(Error::forbidden("Only supervisors may do this for other workers.")),
        None => agent.worker(),
    }
}

/// Checks that the agent is one of these participants of an interaction.
pub fn interaction(cx: &Context, agent: &Agent, participants: &[Participant]) -> Result<()> {
    if is_unlimited(cx, agent) {
        return Ok(());
    }
    agent.worker()?;
    let is_in = participants.iter().any(|p| p.is_agent() && agent.is(p));
    if is_in { Ok(()) } else { Err(denied("interaction")) }
}

/// Checks that the agent may take this participant out: itself, or as a supervisor any
/// other of us. Nobody takes the customer out.
pub fn removal(cx: &Context, agent: &Agent, participant: &Participant) -> Result<()> {
    if !participant.is_agent() && participant.kind != ParticipantKind::Supervisor {
        return Err(Error::forbidden("This participant is no agent."));
    }
    if agent.is(participant) || is_unlimited(cx, agent) {
        return Ok(());
    }
    Err(Error::forbidden("Only supervisors take out other agents."))
}

/// Reads a conversation, and checks that the agent is in it.
pub async fn conversation(
    cx: &Context,
    agent: &Agent,
    sid: &ConversationSid,
) -> Result<Conversation> {
    let (twilio, name) = (cx.twilio(), sid.to_string());
    if is_unlimited(cx, agent) {
        return twilio.conversation(&name).await;
    }
    let (member, found) = join!(twilio.member(sid, agent.identity()), twilio.conversation(&name));
    unless_gone(member)?.ok_or_else(|| denied("conversation"))?;
    found
}
