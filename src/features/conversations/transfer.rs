//! A conversation goes to another agent or to a queue: a new task is made for it by an
//! invite to the interaction's channel. A cold transfer then takes the agent out, a warm one
//! leaves them in and notes the invite on the conversation.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::handover;
use crate::base::answer::Done;
use crate::base::attributes::{MAX_TASK, check_size};
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::members::{lenient, view};
use crate::base::params::JsonObject;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, InviteSid, ParticipantSid, QueueSid, Sid as _,
    TaskSid, WorkerSid,
};
use crate::flex::agent::Agent;
use crate::twilio::interactions::{Channel, Invite};

/// Who gets the conversation.
pub enum Target {
    /// `WK…`
    Worker(WorkerSid),
    /// `WQ…`
    Queue(QueueSid),
}

impl Target {
    /// The SID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Worker(sid) => sid.as_str(),
            Self::Queue(sid) => sid.as_str(),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let worker = WorkerSid::parse(&text).map(Self::Worker);
        let target = worker.or_else(|| QueueSid::parse(&text).map(Self::Queue));
        target.ok_or_else(|| D::Error::custom("is neither a WK… nor a WQ… SID"))
    }
}

/// What `transferConversation` takes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandOver {
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    interaction_details: InteractionDetails,
    transfer_details: TransferDetails,
    transferring_task_attributes: JsonObject,
    task_router_channel: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the plugins' names")]
struct InteractionDetails {
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    flex_interaction_participant_sid: ParticipantSid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferDetails {
    transfer_target_sid: Target,
    transfer_queue_name: Option<String>,
}

/// What `invite-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteParticipant {
    task_sid: TaskSid,
    conversation_id: Option<String>,
    conversation_sid: Option<ConversationSid>,
    json_attributes: JsonObject,
    transfer_target_sid: Target,
    transfer_queue_name: Option<String>,
    transfer_worker_name: Option<String>,
    workers_to_ignore: Option<JsonObject>,
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    remove_flex_interaction_participant_sid: Option<ParticipantSid>,
    task_channel_unique_name: Option<String>,
}

/// A transfer, as asked for.
pub struct Transfer {
    /// Where the conversation goes on.
    pub channel: Channel,
    /// Who gets it.
    pub target: Target,
    /// The name of the queue that gets it.
    pub queue: Option<String>,
    /// The name of the worker who gets it.
    pub target_name: Option<String>,
    /// Who is taken out: a cold transfer.
    pub leaving: Option<ParticipantSid>,
    /// The task that the agent has.
    pub task: Option<TaskSid>,
    /// The unique name of the new task's channel.
    pub task_channel: Option<String>,
    /// The conversation.
    pub conversation: Option<ConversationSid>,
    /// What joins the tasks in Flex Insights.
    pub conversation_id: Option<String>,
    /// The attributes of the agent's task.
    pub attributes: JsonObject,
    /// The field that has them.
    pub attributes_field: &'static str,
    /// More attributes; whom the workflow shall not offer it to.
    pub ignore: JsonObject,
}

/// Attributes of a task that belongs to a conversation.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TaskAttributes {
    #[serde(deserialize_with = "lenient")]
    conversation_sid: Option<ConversationSid>,
}

/// The conversation that the attributes of its task name.
fn conversation_in(attributes: &JsonObject) -> Option<ConversationSid> {
    view::<TaskAttributes>(attributes.as_str()).conversation_sid
}

/// What a transfer answers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    message: String,
    participant_invite_sid: InviteSid,
    #[serde(skip_serializing_if = "Option::is_none")]
    invites_task_sid: Option<TaskSid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_noted: Option<bool>,
}

impl Invited {
    /// What is told of an invite.
    #[must_use]
    pub fn new(invite: &Invite, message: &str, invite_noted: Option<bool>) -> Self {
        Self {
            message: format!("Participant invite {} {message}", invite.sid),
            participant_invite_sid: invite.sid.clone(),
            invites_task_sid: invite.task().cloned(),
            invite_noted,
        }
    }

    /// The task that the invite has made.
    #[must_use]
    pub fn task(&self) -> Option<&TaskSid> {
        self.invites_task_sid.as_ref()
    }
}

/// `transferConversation`: the agent hands the conversation over and leaves it.
pub async fn transfer(cx: &Context, agent: &Agent, ask: HandOver) -> Result<Done<Invited>> {
    let Payload { interaction_details, transfer_details, .. } = ask.payload;
    let transfer = Transfer {
        channel: Channel {
            interaction: interaction_details.flex_interaction_sid,
            sid: interaction_details.flex_interaction_channel_sid,
        },
        target: transfer_details.transfer_target_sid,
        queue: transfer_details.transfer_queue_name,
        target_name: None,
        leaving: Some(interaction_details.flex_interaction_participant_sid),
        task: None,
        task_channel: Some(ask.payload.task_router_channel),
        conversation: conversation_in(&ask.payload.transferring_task_attributes),
        conversation_id: None,
        attributes: ask.payload.transferring_task_attributes,
        attributes_field: "transferringTaskAttributes",
        ignore: JsonObject::default(),
    };
    hand_over(cx, agent, &transfer).await
}

/// `invite-participant`: the agent hands the conversation over, or has somebody join it.
pub async fn invite(cx: &Context, agent: &Agent, ask: InviteParticipant) -> Result<Done<Invited>> {
    let transfer = Transfer {
        channel: Channel {
            interaction: ask.flex_interaction_sid,
            sid: ask.flex_interaction_channel_sid,
        },
        target: ask.transfer_target_sid,
        queue: ask.transfer_queue_name,
        target_name: ask.transfer_worker_name,
        leaving: ask.remove_flex_interaction_participant_sid,
        task: Some(ask.task_sid),
        task_channel: ask.task_channel_unique_name,
        conversation: ask.conversation_sid.or_else(|| conversation_in(&ask.json_attributes)),
        conversation_id: ask.conversation_id,
        attributes: ask.json_attributes,
        attributes_field: "jsonAttributes",
        ignore: ask.workers_to_ignore.unwrap_or_default(),
    };
    hand_over(cx, agent, &transfer).await
}

/// One transfer is one invite: who asks for the same again gets the first one's answer.
async fn hand_over(cx: &Context, agent: &Agent, t: &Transfer) -> Result<Done<Invited>> {
    cx.config().require(Feature::ConversationTransfer)?;
    check_size(t.attributes_field, t.attributes.as_str(), MAX_TASK)?;
    check_size("workersToIgnore", t.ignore.as_str(), MAX_TASK)?;
    let answer = match &t.leaving {
        Some(leaving) => handover::cold(cx, agent, t, leaving).await,
        None => handover::warm(cx, agent, t).await,
    };
    answer.map(Done::with)
}
