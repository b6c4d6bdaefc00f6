//! Parking that has failed is taken back.

use futures_util::join;

use super::super::list;
use super::super::turn::drop_note;
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::ConversationSid;
use crate::flex::parked::{self as note, Note};
use crate::twilio::conversations::ConversationWebhook;
use crate::twilio::interactions::Channel;

/// Whether the agent who parks is still there: listed, and their task is in their hands.
pub(super) async fn is_in_hands(cx: &Context, channel: &Channel, note: &Note) -> Result<bool> {
    let twilio = cx.twilio();
    let (there, task) = join!(twilio.channel_participants(channel), twilio.task(&note.task_sid));
    let is_listed = there?.iter().any(|other| other.sid == note.participant_sid);
    Ok(is_listed && unless_gone(task)?.is_some_and(|task| task.is_open()))
}

/// Disarms the webhook, and takes the note and the list's entry back. What fails is told in the
/// log: who comes back finds that the agent is there.
pub(super) async fn take_back(
    cx: &Context,
    conversation: &ConversationSid,
    note: &Note,
    webhook: Option<&ConversationWebhook>,
) {
    let disarmed = async {
        match webhook {
            Some(webhook) => cx.twilio().delete_webhook(conversation, &webhook.sid).await,
            None => Ok(()),
        }
    };
    let unlisted = async {
        if webhook.is_some() {
            let found = list::in_sync(cx, &note.by, conversation).await;
            list::remove(cx, &note.by, conversation, &note.id, found).await;
        }
    };
    let (disarmed, forgotten, ()) =
        join!(disarmed, drop_note(cx, conversation, &note.id, None), unlisted);
    if forgotten.is_err() {
        note::end(cx, conversation, note).await;
    }
    for error in [disarmed.err(), forgotten.err()].into_iter().flatten() {
        cx.warn("parking not taken back", &error);
    }
}
