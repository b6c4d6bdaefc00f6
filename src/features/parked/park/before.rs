//! The same request again: it was parked before.

use super::super::webhook;
use super::{Park, Parked};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::parked as note;
use crate::twilio::resource::camel_case;

/// Somebody who is not in the channel (any more): when they have parked it by this request, and it
/// has not come back since, that is what they hear, and the webhook is there.
pub(super) async fn parked(cx: &Context, agent: &Agent, ask: &Park) -> Result<Parked> {
    let denied = || Error::forbidden("You take no part in this interaction.");
    let sid = ask.conversation_sid.to_string();
    let conversation = unless_gone(cx.twilio().conversation(&sid).await)?.ok_or_else(denied)?;
    let found = note::of(cx, &conversation).filter(|found| found.is_ours).ok_or_else(denied)?;
    let note = found.note;
    let is_theirs = agent.worker_sid() == Some(&note.by) || access::is_unlimited(cx, agent);
    if !is_theirs || note.task_sid != ask.task_sid || note.channel_sid != ask.channel_sid {
        return Err(denied());
    }
    if !note::is_parked(cx, &conversation.sid, &note).await? {
        return Err(denied());
    }
    let known = webhook::find(cx, &conversation.sid, &note.id).await?;
    let webhook = match known {
        Some(webhook) => webhook,
        None => webhook::arm(cx, &cx.url(""), &conversation.sid, &note.parking()).await?,
    };
    Ok(Parked { webhook: camel_case(&webhook)? })
}
