//! A transfer as it was asked for, and what is told of it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::error::Result;
use crate::base::params::JsonObject;
use crate::base::sid::{
    ConversationSid, InviteSid, ParticipantSid, QueueSid, Sid as _, TaskSid, WorkerSid,
};
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
