//! What a gate may have to see to by itself, as the text that [`Watch`] carries.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::json;
use crate::base::runtime::Watch;
use crate::base::sid::{
    ChannelSid, ConferenceSid, ConversationSid, InteractionSid, MemberSid, TaskSid, WebhookSid,
    WorkflowSid,
};

/// What has to happen although no answer of ours can be delivered again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Alarm {
    /// A caller in this room, for whom nobody rings, is let go.
    LetGo {
        /// The room.
        conference: ConferenceSid,
        /// The caller's task.
        caller: TaskSid,
    },
    /// The conference of a caller is over, and its tasks are not.
    Ended {
        /// The caller's task.
        caller: TaskSid,
    },
    /// A customer has written, and nobody has been asked to answer.
    Inbound(Written),
    /// A customer has written in a conversation that is parked.
    Unpark(Written),
    /// Nobody took a customer.
    Fallback(Lost),
    /// A call between agents came to nothing.
    GiveUp(Call),
    /// What a visitor has asked does not stand in their chat.
    Question(Question),
    /// Nobody took a call between agents that Flex runs.
    NotTaken(Native),
}

impl Alarm {
    /// This, so long after the first claim.
    #[must_use]
    pub fn after(&self, time: Duration) -> Watch {
        Watch { after: time, what: json::write(self) }
    }
}

/// A call between agents that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The caller's task.
    pub caller: TaskSid,
    /// The called agent's, when the event was about it.
    pub callee: Option<TaskSid>,
    /// The task is over; else only one who was asked did not take it.
    pub is_over: bool,
    /// What tells the event from others.
    pub event: String,
}

/// A call between agents that Flex runs, and that nobody took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Native {
    /// The called agent's task.
    pub task: TaskSid,
    /// What tells the event from others.
    pub event: String,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// `CH…`
    pub conversation: ConversationSid,
    /// Who has written it.
    pub member: Option<MemberSid>,
    /// The same as a part of a key: a name is somebody's, and does not stand there itself.
    pub who: String,
    /// The webhook that has told of it.
    pub webhook: Option<WebhookSid>,
    /// The parking that this webhook is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parking: Option<Parking>,
}

/// A parking, as the URL of its webhook names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    /// Which one.
    pub id: String,
    /// `KD…`
    pub interaction: InteractionSid,
    /// `UO…`
    pub channel: ChannelSid,
}

impl Written {
    /// What is known of a message, from what its webhook says.
    #[must_use]
    pub fn new(
        conversation: ConversationSid,
        member: Option<MemberSid>,
        author: Option<&str>,
        webhook: Option<WebhookSid>,
    ) -> Self {
        let who = match &member {
            Some(member) => member.to_string(),
            None => hex::encode(Sha256::digest(author.unwrap_or_default())),
        };
        Self { conversation, member, who, webhook, parking: None }
    }
}

/// What a visitor has asked on the web page, before their chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `CH…`
    pub conversation: ConversationSid,
    /// The visitor.
    pub identity: String,
    /// The visitor's name.
    pub name: String,
    /// What they ask.
    pub text: String,
}

/// A task that is over, and the channel in which its customer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// `WT…`
    pub task: TaskSid,
    /// `KD…`
    pub interaction: InteractionSid,
    /// `UO…`
    pub channel: ChannelSid,
    /// `CH…`
    pub conversation: Option<ConversationSid>,
    /// The workflow that had the task: nobody can change that.
    #[serde(default)]
    pub workflow: Option<WorkflowSid>,
    /// The unique name of the task channel.
    pub task_channel: String,
    /// What the next task is told: a JSON object's text.
    pub attributes: String,
}
