//! What is needed to come back is noted on the conversation.

use super::{Park, Scene, undo};
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::sid::Sid as _;
use crate::flex::chat::attributes_turn;
use crate::flex::parked::{self as note, Note};
use crate::once;

impl Scene<'_> {
    /// What is needed to come back. The task's own workflow and queue count.
    pub(super) fn note(&self, cx: &Context, ask: &Park) -> Result<Note> {
        let task = &self.task;
        let id = hex::encode(cx.random().to_be_bytes());
        let queue = task.task_queue_sid.as_ref().unwrap_or(&ask.queue_sid);
        let queue_name = task.task_queue_friendly_name.as_deref().unwrap_or(&ask.queue_name);
        let workflow = task.workflow_sid.as_ref().unwrap_or(&ask.workflow_sid);
        let channel = task.task_channel_unique_name.as_ref();
        Ok(Note {
            attributes: note::attributes(
                task.attributes()?,
                &id,
                (queue, queue_name),
                self.worker,
            )?,
            id,
            at: cx.started(),
            by: self.worker.clone(),
            interaction_sid: ask.interaction_sid.clone(),
            channel_sid: ask.channel_sid.clone(),
            participant_sid: self.own.sid.clone(),
            task_sid: task.sid.clone(),
            workflow_sid: workflow.clone(),
            queue_sid: queue.clone(),
            task_channel: channel.unwrap_or(&ask.task_channel_unique_name).clone(),
        })
    }

    /// Writes the note. Who has written the attributes since they were read loses nothing.
    pub(super) async fn write(&self, cx: &Context, note: &Note) -> Result<()> {
        let sid = &self.conversation.sid;
        let turn = attributes_turn(sid);
        let written = once::in_turn(cx, &turn, async |attempt| {
            let attributes = if attempt == 1 {
                note.written(cx, &self.conversation)?
            } else {
                note.written(cx, &cx.twilio().conversation(sid.as_str()).await?)?
            };
            cx.twilio().update_conversation(sid, &[("Attributes", &attributes)]).await
        });
        let Err(error) = written.await else { return Ok(()) };
        if error.is_uncertain() {
            undo::take_back(cx, sid, note, None).await;
        }
        Err(error)
    }
}
