//! A transfer step by step: look, invite, then take the agent out or note the invite.

mod leaving;
mod noting;
mod scene;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::asked::{Invited, Transfer};
use super::earlier::{Made, find_invite};
use crate::base::context::{Context, join_ok};
use crate::base::error::{Error, Result};
use crate::base::sid::ParticipantSid;
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::once::{self, Outcome};
use scene::Scene;

/// How long the answer to a transfer is given to whoever asks the same again.
const REMEMBER: Duration = Duration::from_secs(30);

/// What came of a cold transfer, as the gate keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    by: String,
    target: String,
    answer: Invited,
}

/// Hands over and takes a participant out, which happens once and to one target, whoever asks
/// for it.
///
/// 1. Read what there is, and an invite that an earlier try has left; check the agent's part
///    ([`Scene::read`]). Only then the gate is asked: who may not act keeps nobody waiting.
/// 2. Invite, unless that has been done. A failure: nothing has changed.
/// 3. Take the agent out, if the invite is still open: else nobody leaves. A failure: the
///    invite stands, the answer says so, and the same request again goes on from here.
///    Meanwhile dead invites go from the conversation.
pub async fn cold(
    cx: &Context,
    agent: &Agent,
    t: &Transfer,
    leaving: &ParticipantSid,
) -> Result<Invited> {
    let target = t.target.as_str();
    let mark = format!("{leaving}/{target}");
    let (scene, earlier) =
        join_ok(Scene::read(cx, agent, t, &mark), find_invite(cx, t, &mark)).await?;
    if earlier.is_none() {
        scene.check_not_handed_over(cx).await?;
    }
    let key = format!("transfer/{}/{leaving}/{}", t.channel.sid, scene.on_behalf_of);
    let outcome = once::once(cx, &key, REMEMBER, async |attempt| {
        // Somebody before us may have sent it after we have looked.
        let earlier = match earlier {
            None if attempt > 1 => find_invite(cx, t, &mark).await?,
            earlier => earlier,
        };
        let invited = if scene.is_leaving_there {
            scene.invite_and_remove(cx, t, &mark, earlier, leaving).await?
        } else {
            // They are out already, by the same transfer.
            let may = |made: &Made| access::is_unlimited(cx, agent) || made.names(agent);
            let earlier = earlier.filter(|(_, made)| may(made)).ok_or_else(|| {
                Error::forbidden("The participant to take out is not in this interaction.")
            })?;
            Invited::new(&earlier.0, leaving::GONE, None)
        };
        Ok(Kept { by: agent.key(), target: target.to_owned(), answer: invited })
    });
    match outcome.await? {
        Outcome::Known(kept)
            if kept.target != target
                || !(kept.by == agent.key() || access::is_unlimited(cx, agent)) =>
        {
            Err(Error::refused(409, "This participant's part has just been handed over."))
        }
        outcome => Ok(outcome.into_inner().answer),
    }
}

/// Has somebody join the conversation.
///
/// 1. Read what there is, and check the agent's part ([`Scene::read`]).
/// 2. Invite. A failure: nothing has changed. Meanwhile ask which noted invites are dead.
/// 3. Note the invite. A failure: the answer says so, and nothing else is lost by it.
pub async fn warm(cx: &Context, agent: &Agent, t: &Transfer) -> Result<Invited> {
    let mark = format!("{}/{}", agent.key(), t.target.as_str());
    let key = format!("transfer/{}/{mark}", t.channel.sid);
    let scene = Scene::read(cx, agent, t, &mark).await?;
    // Whoever has declined may be asked again at once.
    let is_over = async |known: &Invited| match known.task() {
        Some(task) => Ok(!cx.twilio().is_open(task).await?),
        None => Ok(false),
    };
    let work = async |attempt| {
        let earlier = if attempt > 1 { find_invite(cx, t, &mark).await? } else { None };
        scene.invite_and_note(cx, t, &mark, earlier).await
    };
    Ok(once::once_until_over(cx, &key, REMEMBER, is_over, work).await?.into_inner())
}
