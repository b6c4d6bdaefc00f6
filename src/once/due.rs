//! What a gate sees to by itself when nothing came of it in time.

use serde::{Deserialize, Serialize};

use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, MemberSid, TaskSid, WebhookSid};

/// Something that has to happen. A gate keeps it as text, with no more about people than it
/// takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "do")]
pub enum Due {
    /// A customer has written, and nobody has been asked to answer.
    Inbound(Written),
    /// A customer has written in a conversation that is parked.
    Unpark(Written),
    /// Nobody took a customer.
    #[serde(rename_all = "camelCase")]
    Fallback(Lost),
    /// A call between agents came to nothing.
    GiveUp {
        /// The task of one of the two.
        task: TaskSid,
    },
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// `CH…`
    pub conversation: ConversationSid,
    /// Who has written it.
    pub member: Option<MemberSid>,
    /// The webhook that has told of it.
    pub webhook: Option<WebhookSid>,
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
    /// The unique name of the task channel.
    pub task_channel: String,
    /// What the next task is told: a JSON object's text.
    pub attributes: String,
}
