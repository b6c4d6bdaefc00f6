//! The same request again: it was parked before.

use serde_json::value::RawValue;

use super::super::webhook;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ChannelSid, ConversationSid, Sid as _, TaskSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::parked as note;

/// Somebody who is not in the channel (any more): when they have parked it by this request, and it
/// has not come back since, that is what they hear, and the webhook is there.
pub(super) async fn armed(
    cx: &Context,
    agent: &Agent,
    sid: &ConversationSid,
    channel: &ChannelSid,
    task: &TaskSid,
) -> Result<Box<RawValue>> {
    let denied = || Error::forbidden("You take no part in this interaction.");
    let conversation =
        unless_gone(cx.twilio().conversation(sid.as_str()).await)?.ok_or_else(denied)?;
    let found = note::of(cx, &conversation).filter(|found| found.is_ours).ok_or_else(denied)?;
    let note = found.note;
    let is_theirs = agent.worker_sid() == Some(&note.by) || access::is_unlimited(cx, agent);
    if !is_theirs || note.task_sid != *task || note.channel_sid != *channel {
        return Err(denied());
    }
    if !note::is_parked(cx, &conversation.sid, &note).await? {
        return Err(denied());
    }
    match webhook::find(cx, &conversation.sid, &note.id).await? {
        Some(webhook) => Ok(webhook),
        None => webhook::arm(cx, &cx.url(""), &conversation.sid, &note.parking()).await,
    }
}
