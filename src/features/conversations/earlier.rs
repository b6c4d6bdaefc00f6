//! The invite that an earlier try of the same transfer has left.

use serde::Deserialize;

use super::asked::Transfer;
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Result, unless_gone};
use crate::base::members::{lenient, view};
use crate::base::sid::Sid as _;
use crate::flex::agent::Agent;
use crate::twilio::interactions::Invite;

/// How old the invite of an earlier try of a warm transfer can be, in milliseconds.
const SAME_TRANSFER: Millis = 60_000;
/// As many tasks are read, from the newest invite on, to find that of an earlier try.
const MOST_READ: usize = 10;

/// The attributes by which the invite of a transfer is known, as the transfer has written them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Made {
    #[serde(deserialize_with = "lenient")]
    transfer_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    worker_sids_in_conversation: Option<Vec<serde_json::Value>>,
}

impl Made {
    fn is_by(&self, mark: &str, now: Millis) -> bool {
        match self.transfer_id.as_deref().and_then(|by| by.strip_prefix(mark)) {
            Some("") => true,
            Some(rest) => {
                let time = rest.strip_prefix('/').and_then(|time| time.parse::<Millis>().ok());
                time.is_some_and(|time| time + SAME_TRANSFER > now)
            }
            None => false,
        }
    }

    /// Whether the agent was in the conversation when the invite was sent.
    pub fn names(&self, agent: &Agent) -> bool {
        let Some(worker) = agent.worker_sid() else { return false };
        let workers = self.worker_sids_in_conversation.iter().flatten();
        workers.filter_map(|sid| sid.as_str()).any(|sid| sid == worker.as_str())
    }
}

/// The invite of an earlier try of the same transfer. One that was declined or is over
/// belongs to an earlier transfer. Where the list leaves the attributes out, the task has
/// them: nothing is concluded from their absence.
pub async fn find_invite(cx: &Context, t: &Transfer, mark: &str) -> Result<Option<(Invite, Made)>> {
    let mut read = 0;
    for invite in cx.twilio().channel_invites(&t.channel).await? {
        let listed: Option<Made> = invite.view();
        let is_other = listed.as_ref().is_some_and(|made| !made.is_by(mark, cx.started()));
        let Some(task) = invite.task().filter(|_| !is_other && !invite.is_over()) else { continue };
        if read == MOST_READ {
            break;
        }
        read += 1;
        let Some(task) = unless_gone(cx.twilio().task(task).await)? else { continue };
        if !task.is_open() {
            continue;
        }
        let made = match listed {
            Some(made) => made,
            None => view(task.attributes()?),
        };
        if made.is_by(mark, cx.started()) {
            return Ok(Some((invite, made)));
        }
    }
    Ok(None)
}
