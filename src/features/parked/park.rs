//! Parking.

mod before;
mod note;
mod undo;

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::list::{self, New};
use super::webhook;
use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::params::JsonObject;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, ParticipantSid, QueueSid, TaskSid, WorkerSid,
    WorkflowSid,
};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::attributes::{ChatTask, text};
use crate::flex::parked::note_channel;
use crate::once;
use crate::twilio::conversations::{Conversation, ConversationState, ConversationWebhook};
use crate::twilio::interactions::{Channel, Participant};
use crate::twilio::resource::camel_case;
use crate::twilio::taskrouter::{AssignmentStatus, Task};

/// How long the answer is given to whoever asks the same again.
const REMEMBER: Duration = Duration::from_secs(30);

/// What `park-interaction` takes. What Twilio knows of the task counts more than what the
/// browser says of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Park {
    channel_sid: ChannelSid,
    interaction_sid: InteractionSid,
    /// The agent's part in the channel. The template takes the first agent's: the own one
    /// counts.
    participant_sid: ParticipantSid,
    conversation_sid: ConversationSid,
    channel_type: String,
    task_sid: TaskSid,
    workflow_sid: WorkflowSid,
    task_channel_unique_name: String,
    queue_name: String,
    queue_sid: QueueSid,
    /// Required, as the template requires it; what counts is what Twilio has.
    #[serde(rename = "taskAttributes")]
    _task_attributes: JsonObject,
    /// Required too; who parks is known by the participant.
    #[serde(rename = "workerSid")]
    _worker_sid: WorkerSid,
    /// Whether it goes on the template's list in Sync.
    create_update_sync_map_item: bool,
}

/// What `park-interaction` answers: the webhook that brings the conversation back.
#[derive(Serialize, Deserialize)]
pub struct Parked {
    webhook: Box<RawValue>,
}

/// `park-interaction`: the agent goes, and the customer's next message brings the conversation
/// back.
///
/// 1. At the same time: read the channel's participants, the task and the conversation. Check
///    the agent's part in them, and that they belong together. Who is out already by the same
///    request has parked it.
/// 2. Note what is needed to come back. A failure: nothing has changed.
/// 3. Arm the webhook. A failure: the note is taken back.
/// 4. Take the agent out, and put the conversation on the lists. A failure: webhook and note
///    are taken back. When it cannot be known whether the agent is out, they stay, and the
///    same request again goes on from here.
pub async fn park(cx: &Context, agent: &Agent, ask: Park) -> Result<Done<Parked>> {
    let key = format!("park/{}/{}/{}", ask.conversation_sid, ask.task_sid, agent.key());
    let parked = once::once(cx, &key, REMEMBER, async |_| park_once(cx, agent, &ask).await);
    Ok(Done::with(parked.await?.into_inner()))
}

/// What there is before anything changes.
struct Scene<'p> {
    own: &'p Participant,
    worker: &'p WorkerSid,
    task: Task,
    conversation: Conversation,
}

async fn park_once(cx: &Context, agent: &Agent, ask: &Park) -> Result<Parked> {
    let twilio = cx.twilio();
    let channel =
        Channel { interaction: ask.interaction_sid.clone(), sid: ask.channel_sid.clone() };
    let (participants, task, conversation) = join!(
        twilio.channel_participants(&channel),
        twilio.task(&ask.task_sid),
        access::conversation(cx, agent, &ask.conversation_sid),
    );
    let participants = participants?;
    let Some(own) = own(cx, agent, &participants, &ask.participant_sid) else {
        let (conversation, task) = (&ask.conversation_sid, &ask.task_sid);
        let webhook = before::armed(cx, agent, conversation, &ask.channel_sid, task).await?;
        return Ok(Parked { webhook: camel_case(&webhook)? });
    };
    let Some(worker) = own.worker() else {
        return Err(Error::forbidden("This participant is no agent."));
    };
    let Some(own_task) = own.task() else {
        return Err(Error::bad("participantSid", "has no task"));
    };
    let (task, conversation) = (task?, conversation?);
    if *own_task != task.sid {
        return Err(Error::bad("taskSid", "is not the task of this participant"));
    }
    // Flex itself finds a task's conversation so: one of another chat would bring back that one.
    if task.view::<ChatTask>()?.conversation_sid.as_ref() != Some(&conversation.sid) {
        return Err(Error::bad("conversationSid", "is not the conversation of this task"));
    }
    if task.assignment_status != AssignmentStatus::Assigned {
        return Err(Error::refused(409, "This task is not in anybody's hands."));
    }
    if conversation.state == Some(ConversationState::Closed) {
        return Err(Error::refused(409, "This conversation is over."));
    }
    Scene { own, worker, task, conversation }.park(cx, ask, &channel).await
}

/// The participant to take out: the agent's own one, for supervisors the named one.
fn own<'p>(
    cx: &Context,
    agent: &Agent,
    participants: &'p [Participant],
    named: &ParticipantSid,
) -> Option<&'p Participant> {
    let mut agents = participants.iter().filter(|participant| participant.is_agent());
    if access::is_unlimited(cx, agent) {
        return agents.find(|participant| participant.sid == *named);
    }
    let (mut first, mut exact) = (None, None);
    for participant in agents.filter(|participant| agent.is(participant)) {
        first = first.or(Some(participant));
        exact = exact.or(Some(participant).filter(|participant| participant.sid == *named));
    }
    exact.or(first)
}

impl Scene<'_> {
    async fn park(self, cx: &Context, ask: &Park, channel: &Channel) -> Result<Parked> {
        let note = self.note(cx, ask)?;
        note.written(cx, &self.conversation)?;
        note_channel(cx, channel, &self.conversation.sid).await?;
        self.write(cx, &note).await?;
        let raw = match webhook::arm(cx, &cx.url(""), &self.conversation.sid, &note.parking()).await
        {
            Ok(raw) => raw,
            Err(error) => {
                undo::take_back(cx, &self.conversation.sid, &note, None).await;
                return Err(error);
            }
        };
        let webhook: ConversationWebhook = json::read(raw.get())?;
        let customer: Customer = self.task.view()?;
        let new = New {
            conversation: &self.conversation.sid,
            note: &note,
            channel_type: &ask.channel_type,
            customer: customer.customer_name.as_deref().or(customer.from.as_deref()),
            attributes: self.task.attributes()?,
            webhook: &webhook.sid,
            in_sync: ask.create_update_sync_map_item,
        };
        let out = cx.twilio().remove_channel_participant(channel, &note.participant_sid);
        let (out, ()) = join!(out, list::add(cx, &new));
        let Err(error) = out else {
            return Ok(Parked { webhook: camel_case(&raw)? });
        };
        // Whether they are out is what counts now: who comes back to a live agent is a nuisance,
        // a customer without an agent and without a way back is worse.
        match undo::is_in_hands(cx, channel, &note).await {
            Ok(true) => {
                undo::take_back(cx, &self.conversation.sid, &note, Some(&webhook)).await;
                Err(error)
            }
            Ok(false) => Ok(Parked { webhook: camel_case(&raw)? }),
            Err(_) => {
                cx.warn("agent not taken out", &error);
                let message = "It is not known whether the agent is out. Try again.";
                Err(Error::refused(502, message))
            }
        }
    }
}

/// Who the customer is, as the task says.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Customer {
    #[serde(deserialize_with = "text")]
    customer_name: Option<String>,
    #[serde(deserialize_with = "text")]
    from: Option<String>,
}
