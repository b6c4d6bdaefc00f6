//! Who writes the attributes of a conversation that is parked takes turns with others.

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::sid::ConversationSid;
use crate::flex::chat::attributes_turn;
use crate::flex::parked as note;
use crate::once;
use crate::twilio::conversations::Conversation;

/// A conversation as it was read in a turn, and which one that was.
pub struct Read {
    turn: u32,
    conversation: Conversation,
}

/// Reads a conversation so that [`drop_note`] may count on it.
pub async fn read(cx: &Context, sid: &ConversationSid) -> Result<Read> {
    once::in_turn(cx, &attributes_turn(sid), async |turn| {
        let conversation = cx.twilio().conversation(sid.to_string().as_str()).await?;
        Ok(Read { turn, conversation })
    })
    .await
}

/// Takes the note with this id out of the conversation's attributes, if it still stands there.
/// What is `known` of them counts if nobody has had a turn since.
pub async fn drop_note(
    cx: &Context,
    sid: &ConversationSid,
    id: &str,
    known: Option<Read>,
) -> Result<()> {
    once::in_turn(cx, &attributes_turn(sid), async |turn| {
        let conversation = match known.filter(|known| known.turn + 1 == turn) {
            Some(known) => known.conversation,
            None => cx.twilio().conversation(sid.to_string().as_str()).await?,
        };
        let is_it = note::of(cx, &conversation).is_some_and(|found| found.note.id == id);
        if !is_it {
            return Ok(());
        }
        let rest = note::without(conversation.attributes()?)?;
        cx.twilio().update_conversation(sid, &[("Attributes", &rest)]).await
    })
    .await
}
