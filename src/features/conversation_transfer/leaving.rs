//! An agent leaves a conversation, and the last one ends it.

use super::{channel, invites, noted, prune};
use crate::Context;
use crate::access;
use crate::auth::{Agent, FlexCall};
use crate::error::{Result, both};
use crate::gate;
use crate::json;
use crate::runtime::Response;
use crate::sid::Sid;
use crate::twilio::interactions::{Channel, Participant};

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
pub fn leave(cx: &Context, call: &FlexCall) -> Result<Response> {
    let channel = channel(cx, &call.params)?;
    let participant = cx.sid(&call.params, "flexInteractionParticipantSid", "UT")?;
    let conversation = cx.optional_sid(&call.params, "conversationSid", "CH")?;
    let key = ["leave/", channel.sid.as_str()].concat();
    let work = || leave_alone(cx, &call.agent, channel, &participant, conversation);
    Ok(Response::json(200, gate::alone(cx, &key, work)?))
}

fn leave_alone(
    cx: &Context,
    agent: &Agent,
    channel: Channel,
    participant: &Sid,
    conversation: Option<Sid>,
) -> Result<String> {
    let twilio = cx.twilio();
    let (participants, invites) =
        (twilio.channel_participants(&channel), twilio.channel_invites(&channel));
    let noted = noted(cx, agent, conversation.as_ref())?;
    let participants = participants?;
    let said = |message: &str| json::object().flag("success", true).text("message", message).end();
    let Some(own) = participants.iter().find(|p| p.sid == *participant) else {
        return Ok(said("The participant is not in the conversation any more."));
    };
    access::removal(cx, agent, own)?;
    let noted = noted.as_deref().map(invites::tasks).unwrap_or_default();
    let others: Vec<&Participant> =
        participants.iter().filter(|p| p.is_agent() && p.sid != own.sid).collect();
    let invites = invites?;
    let invited = invites.iter().filter_map(|invite| invite.task.as_ref());
    let mut tasks = noted.clone();
    for sid in invited.chain(others.iter().filter_map(|p| p.task.as_ref())) {
        if !tasks.contains(sid) && Some(sid) != own.task.as_ref() {
            tasks.push(sid.clone());
        }
    }
    let (mut is_last, mut dead) =
        (own.is_agent() && others.iter().all(|p| p.task.is_some()), Vec::new());
    for (sid, task) in twilio.tasks(&tasks)? {
        let task = task?;
        // Whoever is listed is there, unless their task says that they are done.
        let is_listed = others.iter().any(|p| p.task.as_ref() == Some(&sid));
        if Some(&sid) != own.task.as_ref() && task.as_ref().map_or(is_listed, |task| task.is_open())
        {
            is_last = false;
        }
        if noted.contains(&sid) && !task.is_some_and(|task| task.is_waiting()) {
            dead.push(sid);
        }
    }
    if is_last {
        twilio.close_channel(&channel)?;
        return Ok(said("The last agent has left, and the conversation is over."));
    }
    let removed = twilio.remove_channel_participant(&channel, participant);
    let pruned = match conversation.filter(|_| !dead.is_empty()) {
        Some(sid) => prune(cx, &sid, &|| Ok(dead.clone())),
        None => Ok(()),
    };
    both(removed, pruned)?;
    Ok(said("The participant has left the conversation."))
}
