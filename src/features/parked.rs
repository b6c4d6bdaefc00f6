//! Conversations are parked: the agent goes, and the customer's next message, or the agent,
//! brings the conversation back.
//!
//! What is needed for that stands in the conversation's attributes under one key of ours,
//! sealed ([`crate::flex::parked`]): others can write there.

mod back;
mod left;
mod list;
mod park;
mod sweep;
mod unpark;
mod webhook;
mod written;

pub use list::list;
pub use park::park;
pub use sweep::{Report, sweep};
pub use unpark::by_agent;
pub use written::{again, by_message};

use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::sid::ConversationSid;
use crate::flex::parked as note;
use crate::once;
use crate::twilio::conversations::Conversation;

/// The gate of those who write a conversation's attributes: they take turns.
fn turn(conversation: &ConversationSid) -> String {
    format!("conversation/{conversation}")
}

/// Takes the note with this id out of the conversation's attributes, if it still stands there.
/// What is `known` of the conversation counts while nobody else has had a turn.
async fn drop_note(
    cx: &Context,
    sid: &ConversationSid,
    id: &str,
    known: Option<Conversation>,
) -> Result<()> {
    once::in_turn(cx, &turn(sid), async |attempt| {
        let conversation = match known.filter(|_| attempt == 1) {
            Some(known) => known,
            None => cx.twilio().conversation(sid.to_string().as_str()).await?,
        };
        let is_it = note::of(cx, &conversation).is_some_and(|found| found.note.id == id);
        if !is_it {
            return Ok(());
        }
        let rest = note::without(conversation.attributes()?);
        let rest = rest.ok_or_else(|| Error::internal("attributes are no JSON object"))?;
        cx.twilio().update_conversation(sid, &[("Attributes", &rest)]).await
    })
    .await
}
