//! What a gate sees to by itself when nothing came of it in time.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, MemberSid, TaskSid, WebhookSid};
use crate::base::text::hex;

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
    /// The same as a part of a key: a name is somebody's, and does not stand there itself.
    pub who: String,
    /// The webhook that has told of it.
    pub webhook: Option<WebhookSid>,
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
            None => hex(&Sha256::digest(author.unwrap_or_default())),
        };
        Self { conversation, member, who, webhook }
    }
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
