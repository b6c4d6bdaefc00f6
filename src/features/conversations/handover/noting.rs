//! Invite, and note the invite on the conversation.

use std::collections::HashSet;

use futures_util::join;
use serde::Serialize;

use super::super::asked::{Invited, Target, Transfer};
use super::super::earlier::Made;
use super::super::invites;
use super::scene::Scene;
use crate::base::context::Context;
use crate::base::date::iso;
use crate::base::error::Result;
use crate::base::json;
use crate::base::sid::TaskSid;
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::Invite;

impl Scene {
    pub async fn invite_and_note(
        &self,
        cx: &Context,
        t: &Transfer,
        mark: &str,
        earlier: Option<(Invite, Made)>,
    ) -> Result<Invited> {
        let (invite, dead) =
            join!(self.invite(cx, t, mark, earlier), invites::dead(cx, &self.noted));
        let invite = invite?;
        let is_noted = match (&self.conversation, invite.task()) {
            (Some(conversation), Some(task)) => {
                let entry = (task.clone(), json::write(&Entry::new(cx, t, task)));
                note(cx, conversation, &dead, &entry).await
            }
            _ => false,
        };
        let message = if is_noted {
            "is sent."
        } else {
            "is sent, but may not be noted on the conversation."
        };
        Ok(Invited::new(&invite, message, Some(is_noted)))
    }
}

/// An invite as it is noted on the conversation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    invites_task_sid: &'a TaskSid,
    target_sid: &'a str,
    timestamp_created: String,
    target_name: &'a str,
    invite_target_type: &'static str,
}

impl<'a> Entry<'a> {
    fn new(cx: &Context, t: &'a Transfer, task: &'a TaskSid) -> Self {
        Self {
            invites_task_sid: task,
            target_sid: t.target.as_str(),
            timestamp_created: iso(cx.started()),
            target_name: t.target_name.as_deref().or(t.queue.as_deref()).unwrap_or_default(),
            invite_target_type: match t.target {
                Target::Worker(_) => "Worker",
                Target::Queue(_) => "Queue",
            },
        }
    }
}

/// Notes the invite on the conversation; whether that worked.
async fn note(
    cx: &Context,
    conversation: &Conversation,
    dead: &HashSet<TaskSid>,
    entry: &invites::Entry,
) -> bool {
    let mut noted = invites::note(cx, &conversation.sid, dead, entry).await;
    if noted.as_ref().is_err_and(|error| error.is_uncertain()) {
        // It may stand there already: then this changes nothing.
        noted = invites::note(cx, &conversation.sid, &[].into(), entry).await;
    }
    match noted {
        Ok(()) => true,
        Err(error) => {
            cx.warn("invite not noted", &error);
            false
        }
    }
}
