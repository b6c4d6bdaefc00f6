//! A plugin writes a conversation's attributes from its copy of them.

use serde::Deserialize;

use super::invites;
use crate::base::answer::{Done, Nothing, done};
use crate::base::attributes::{MAX_CONVERSATION, check_size};
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::params::JsonObject;
use crate::base::sid::ConversationSid;
use crate::flex::access;
use crate::flex::agent::Agent;

/// What `update-attributes` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    conversation_sid: ConversationSid,
    attributes: JsonObject,
}

/// `update-attributes`: a plugin writes a conversation's attributes from its copy of them.
///
/// 1. Read them as they are now, and check that the agent is in the conversation. Only then
///    the turn is waited for: who may not write keeps nobody waiting.
/// 2. Ask which invites are dead; they go, whoever still knows them.
/// 3. Write the rest: what the plugin sends, and what it does not know. A failure: nothing
///    has changed.
pub async fn update(cx: &Context, agent: &Agent, ask: Update) -> Result<Done<Nothing>> {
    let sent = ask.attributes.as_str();
    check_size("attributes", sent, MAX_CONVERSATION)?;
    let current = access::conversation(cx, agent, &ask.conversation_sid).await?;
    invites::take_over(cx, current, sent).await?;
    Ok(done())
}
