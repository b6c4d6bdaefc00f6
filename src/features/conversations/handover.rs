//! A transfer step by step: look, invite, then take the agent out or note the invite.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::asked::{Invited, Target, Transfer};
use super::earlier::{Made, find_invite};
use super::invites;
use super::routing;
use crate::base::context::{Context, both};
use crate::base::date::iso;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::sid::{ParticipantSid, TaskSid, WorkerSid};
use crate::flex::agent::Agent;
use crate::flex::attributes::WorkerAttributes;
use crate::flex::{access, chat};
use crate::once::{self, Outcome};
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Invite, Participant};

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
        both(Scene::read(cx, agent, t, &mark), find_invite(cx, t, &mark)).await?;
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
            Invited::new(&earlier.0, GONE, None)
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

const GONE: &str = "is sent, and the agent has left.";

/// What there is before anything changes, and the new task's routing.
struct Scene {
    /// Whose part is handed over; of somebody who is not there any more only who has handed it
    /// over knows something.
    on_behalf_of: String,
    /// Who is taken out is in the interaction.
    is_leaving_there: bool,
    /// Their task.
    leaving_task: Option<TaskSid>,
    routing: String,
    conversation: Option<Conversation>,
    noted: Vec<TaskSid>,
}

impl Scene {
    /// Reads at the same time the participants, what the new task needs, and the conversation.
    /// Checks the agent's part.
    async fn read(cx: &Context, agent: &Agent, t: &Transfer, mark: &str) -> Result<Self> {
        let (participants, task_channel, contact, conversation) = join!(
            cx.twilio().channel_participants(&t.channel),
            task_channel(cx, t),
            contact_uri(cx, agent.worker_sid()),
            invites::conversation(cx, agent, t.conversation.as_ref()),
        );
        let participants = participants?;
        let leaving = participants.iter().find(|p| Some(&p.sid) == t.leaving.as_ref());
        match leaving {
            Some(leaving) => access::removal(cx, agent, leaving)?,
            None if t.leaving.is_some() => {}
            None => {
                access::interaction(cx, agent, &participants)?;
                chat::may_act(cx, agent, &participants).await?;
            }
        }
        // A supervisor may hand over for somebody else.
        let contact = match leaving.and_then(Participant::worker) {
            worker @ Some(_) if worker != agent.worker_sid() => contact_uri(cx, worker).await,
            _ => Some(contact.unwrap_or_else(|| agent.contact_uri())),
        };
        let is_own = |p: &&Participant| p.worker().is_some() && p.worker() == agent.worker_sid();
        let own = leaving.or_else(|| participants.iter().find(is_own));
        let task = t.task.as_ref().or_else(|| own?.task());
        let attributes =
            routing::attributes(t, mark, &participants, contact.as_deref(), task, cx.started())?;
        let noted = match &conversation {
            Some(conversation) => invites::tasks(conversation.attributes()?),
            None => Vec::new(),
        };
        Ok(Self {
            on_behalf_of: match leaving {
                Some(leaving) => leaving.worker().map(ToString::to_string).unwrap_or_default(),
                None => agent.key(),
            },
            is_leaving_there: leaving.is_some(),
            leaving_task: leaving.and_then(Participant::task).cloned(),
            routing: routing::of(cx, &task_channel?, &attributes)?,
            conversation,
            noted,
        })
    }

    /// With `TRANSFER_WRAP_UP` whoever has handed over is listed on while they finish their
    /// notes; they hand nothing over again.
    async fn check_not_handed_over(&self, cx: &Context) -> Result<()> {
        let Some(task) = self.leaving_task.as_ref().filter(|_| cx.config().transfer_wrap_up) else {
            return Ok(());
        };
        if cx.twilio().is_open(task).await? {
            return Ok(());
        }
        Err(Error::refused(409, "This conversation has been handed over already."))
    }

    /// The invite: the one that an earlier try has left, or a new one.
    async fn invite(
        &self,
        cx: &Context,
        t: &Transfer,
        mark: &str,
        earlier: Option<(Invite, Made)>,
    ) -> Result<Invite> {
        if let Some((invite, _)) = earlier {
            return Ok(invite);
        }
        let look = async || Ok(find_invite(cx, t, mark).await?.map(|(invite, _)| invite));
        let make = async || cx.twilio().create_invite(&t.channel, &self.routing).await;
        once::make(cx, 1, look, make).await
    }

    async fn invite_and_remove(
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
        let task = invite.task().map(ToString::to_string).unwrap_or_default();
        Err(Error::refused(502, message)
            .with("participantInviteSid", invite.sid.to_string())
            .with("invitesTaskSid", task))
    }

    async fn invite_and_note(
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

/// The task channel of the new task: as asked for, or that of the agent's task.
async fn task_channel(cx: &Context, t: &Transfer) -> Result<String> {
    match (&t.task_channel, &t.task) {
        (Some(name), _) => Ok(name.clone()),
        (None, Some(task)) => {
            let channel = cx.twilio().task(task).await?.task_channel_unique_name;
            channel.ok_or_else(|| Error::unreadable("task_channel_unique_name"))
        }
        (None, None) => Err(Error::bad("taskChannelUniqueName", "is missing")),
    }
}

/// The address of a worker's telephone, by which some workflows leave them out.
async fn contact_uri(cx: &Context, worker: Option<&WorkerSid>) -> Option<String> {
    let worker = cx.twilio().worker(worker?).await.ok()?;
    worker.view::<WorkerAttributes>().contact_uri
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
    dead: &std::collections::HashSet<TaskSid>,
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
