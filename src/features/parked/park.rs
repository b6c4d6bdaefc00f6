//! Parking.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::list::{self, New};
use super::{drop_note, turn, webhook};
use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::lenient;
use crate::base::params::JsonObject;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, ParticipantSid, QueueSid, Sid as _, TaskSid,
    WorkerSid, WorkflowSid,
};
use crate::base::text::hex;
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::attributes::text;
use crate::flex::parked::{self as note, Note};
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
    #[serde(rename = "taskAttributes")]
    _task_attributes: JsonObject,
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
        return parked_before(cx, agent, ask).await;
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
    if task.view::<OfConversation>().conversation_sid.as_ref() != Some(&conversation.sid) {
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
    let is_own = |p: &&Participant| p.worker().is_some() && p.worker() == agent.worker_sid();
    if access::is_unlimited(cx, agent) {
        return agents.find(|participant| participant.sid == *named);
    }
    let (mut first, mut exact) = (None, None);
    for participant in agents.filter(is_own) {
        first = first.or(Some(participant));
        exact = exact.or(Some(participant).filter(|participant| participant.sid == *named));
    }
    exact.or(first)
}

impl Scene<'_> {
    async fn park(self, cx: &Context, ask: &Park, channel: &Channel) -> Result<Parked> {
        let note = self.note(cx, ask)?;
        note.written(cx, &self.conversation)?;
        self.write(cx, &note).await?;
        let raw = match webhook::arm(cx, &cx.url(""), &self.conversation.sid, &note.parking()).await
        {
            Ok(raw) => raw,
            Err(error) => {
                take_back(cx, &self.conversation.sid, &note, None).await;
                return Err(error);
            }
        };
        let webhook: ConversationWebhook = json::read(raw.get())?;
        let customer: Customer = self.task.view();
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
        match is_in_hands(cx, channel, &note).await {
            Ok(true) => {
                take_back(cx, &self.conversation.sid, &note, Some(&webhook)).await;
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

    /// What is needed to come back. The task's own workflow and queue count.
    fn note(&self, cx: &Context, ask: &Park) -> Result<Note> {
        let task = &self.task;
        let id = hex(&cx.random().to_be_bytes());
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
    async fn write(&self, cx: &Context, note: &Note) -> Result<()> {
        let (sid, turn) = (&self.conversation.sid, turn(&self.conversation.sid));
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
            take_back(cx, sid, note, None).await;
        }
        Err(error)
    }
}

/// Whether the agent who parks is still there: listed, and their task is in their hands.
async fn is_in_hands(cx: &Context, channel: &Channel, note: &Note) -> Result<bool> {
    let twilio = cx.twilio();
    let (there, task) = join!(twilio.channel_participants(channel), twilio.task(&note.task_sid));
    let is_listed = there?.iter().any(|other| other.sid == note.participant_sid);
    Ok(is_listed && unless_gone(task)?.is_some_and(|task| task.is_open()))
}

/// The task's conversation.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OfConversation {
    #[serde(deserialize_with = "lenient")]
    conversation_sid: Option<ConversationSid>,
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

/// Disarms the webhook, and takes the note and the list's entry back. What fails is told in the
/// log: who comes back finds that the agent is there.
async fn take_back(
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
            list::remove(cx, &note.by, conversation).await;
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

/// Somebody who is not in the channel (any more): when they have parked it by this request, and it
/// has not come back since, that is what they hear, and the webhook is there.
async fn parked_before(cx: &Context, agent: &Agent, ask: &Park) -> Result<Parked> {
    let denied = || Error::forbidden("You take no part in this interaction.");
    let sid = ask.conversation_sid.to_string();
    let conversation = unless_gone(cx.twilio().conversation(&sid).await)?.ok_or_else(denied)?;
    let found = note::of(cx, &conversation).filter(|found| found.is_ours).ok_or_else(denied)?;
    let note = found.note;
    let is_theirs = agent.worker_sid() == Some(&note.by) || access::is_unlimited(cx, agent);
    if !is_theirs || note.task_sid != ask.task_sid || note.channel_sid != ask.channel_sid {
        return Err(denied());
    }
    if !note::is_parked(cx, &conversation.sid, &note).await? {
        return Err(denied());
    }
    let known = webhook::find(cx, &conversation.sid, &note.id).await?;
    let webhook = match known {
        Some(webhook) => webhook,
        None => webhook::arm(cx, &cx.url(""), &conversation.sid, &note.parking()).await?,
    };
    Ok(Parked { webhook: camel_case(&webhook)? })
}
