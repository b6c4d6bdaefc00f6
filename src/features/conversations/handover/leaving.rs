//! Invite, and take the agent out.

use futures_util::join;

use super::super::asked::{Invited, Transfer};
use super::super::earlier::Made;
use super::super::invites;
use super::scene::Scene;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::sid::ParticipantSid;
use crate::flex::chat;
use crate::once;
use crate::twilio::interactions::Invite;

/// What the agent is told who has left.
pub const GONE: &str = "is sent, and the agent has left.";

impl Scene {
    pub async fn invite_and_remove(
        &self,
        cx: &Context,
        t: &Transfer,
        mark: &str,
        earlier: Option<(Invite, Made)>,
        leaving: &ParticipantSid,
    ) -> Result<Invited> {
        let gone = async {
            let invite = self.invite(cx, t, mark, earlier).await?;
            let removed = remove(cx, t, &invite, leaving).await;
            Ok::<_, Box<Error>>((invite, removed))
        };
        let noted = self.conversation.as_ref().filter(|_| !self.noted.is_empty());
        let pruned = async {
            if let Some(conversation) = noted {
                invites::prune(cx, &conversation.sid, invites::dead(cx, &self.noted)).await;
            }
        };
        let (gone, ()) = join!(gone, pruned);
        let (invite, removed) = gone?;
        let error = match removed {
            Ok(()) => return Ok(Invited::new(&invite, GONE, None)),
            Err(error) if matches!(*error, Error::Refused { .. }) => return Err(error),
            Err(error) => error,
        };
        cx.warn("agent not taken out", &error);
        let message = "The invite is sent, but the agent is still in the conversation. Try again.";
        let refused =
            Error::refused(502, message).with("participantInviteSid", invite.sid.to_string());
        Err(match invite.task() {
            Some(task) => refused.with("invitesTaskSid", task.to_string()),
            None => refused,
        })
    }
}

/// Takes the participant out, unless nobody can take the invite any more. Nobody cancels it
/// meanwhile, or leaves.
async fn remove(
    cx: &Context,
    t: &Transfer,
    invite: &Invite,
    leaving: &ParticipantSid,
) -> Result<()> {
    let task = invite.task().ok_or_else(|| Error::unreadable("routing.properties.sid"))?;
    once::alone(cx, &chat::turn(&t.channel), async || {
        if !cx.twilio().is_open(task).await? {
            let message = "The invite was canceled before the agent left, who is still in the conversation. Try again.";
            return Err(Error::refused(409, message));
        }
        cx.twilio().release_channel_participant(&t.channel, leaving).await
    })
    .await
}
