//! What there is before a conversation changes hands, and the invite.

use futures_util::join;

use super::super::asked::Transfer;
use super::super::earlier::{Made, find_invite};
use super::super::{invites, new_task};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::sid::{TaskSid, WorkerSid};
use crate::flex::agent::Agent;
use crate::flex::attributes::WorkerAttributes;
use crate::flex::{access, chat};
use crate::once;
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Invite, Participant, Routing};

/// What there is before anything changes, and the new task's routing.
pub struct Scene {
    /// Whose part is handed over; of somebody who is not there any more only who has handed it
    /// over knows something.
    pub on_behalf_of: String,
    /// Who is taken out is in the interaction.
    pub is_leaving_there: bool,
    /// Their task.
    leaving_task: Option<TaskSid>,
    routing: String,
    pub conversation: Option<Conversation>,
    pub noted: Vec<TaskSid>,
}

impl Scene {
    /// Reads at the same time the participants, what the new task needs, and the conversation.
    /// Checks the agent's part.
    pub async fn read(cx: &Context, agent: &Agent, t: &Transfer, mark: &str) -> Result<Self> {
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
        let own = leaving.or_else(|| participants.iter().find(|other| agent.is(other)));
        let task = t.task.as_ref().or_else(|| own?.task());
        let attributes =
            new_task::attributes(t, mark, &participants, contact.as_deref(), task, cx.started())?;
        let noted = match &conversation {
            Some(conversation) => invites::tasks(conversation.attributes()?),
            None => Vec::new(),
        };
        let workflow = cx.config().chat_transfer_workflow()?;
        Ok(Self {
            on_behalf_of: match leaving {
                Some(leaving) => leaving.worker().map(ToString::to_string).unwrap_or_default(),
                None => agent.key(),
            },
            is_leaving_there: leaving.is_some(),
            leaving_task: leaving.and_then(Participant::task).cloned(),
            routing: Routing::by(cx, workflow, &task_channel?, &attributes)?.parameter(),
            conversation,
            noted,
        })
    }

    /// With `TRANSFER_WRAP_UP` whoever has handed over is listed on while they finish their
    /// notes; they hand nothing over again.
    pub async fn check_not_handed_over(&self, cx: &Context) -> Result<()> {
        let Some(task) = self.leaving_task.as_ref().filter(|_| cx.config().transfer_wrap_up) else {
            return Ok(());
        };
        if cx.twilio().is_open(task).await? {
            return Ok(());
        }
        Err(Error::refused(409, "This conversation has been handed over already."))
    }

    /// The invite: the one that an earlier try has left, or a new one.
    pub async fn invite(
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
