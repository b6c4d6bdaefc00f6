//! What the plugins and Flex write into attributes, as far as we read it. Agents can write
//! the attributes of their tasks: nothing in here gives anybody a right.

use serde::{Deserialize, Deserializer};

use crate::base::members::{lenient, nested};
use crate::base::sid::{
    CallSid, ChannelSid, ConferenceSid, ConversationSid, InteractionSid, TaskSid,
};
use crate::twilio::interactions::Channel;

/// Attributes of the two tasks of an internal call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CallAttributes {
    /// The mark of both tasks.
    #[serde(rename = "client_call", deserialize_with = "word")]
    pub client_call: bool,
    /// Who is called: `client:…`, `sip:…` or `queue:…`.
    #[serde(deserialize_with = "text")]
    pub to: Option<String>,
    /// Who calls.
    #[serde(deserialize_with = "text")]
    pub from: Option<String>,
    /// On the caller's task the caller, on the callee's task the callee.
    #[serde(deserialize_with = "text")]
    pub target_worker: Option<String>,
    /// The caller's name.
    #[serde(deserialize_with = "text")]
    pub from_name: Option<String>,
    /// The queue that is called.
    #[serde(deserialize_with = "text")]
    pub call_to_queue: Option<String>,
    /// On the callee's task: the caller's task, which is the name of the room.
    #[serde(deserialize_with = "lenient")]
    pub conference_sid: Option<TaskSid>,
    /// The caller's leg, by TaskRouter.
    #[serde(rename = "worker_call_sid", deserialize_with = "lenient")]
    pub worker_call_sid: Option<CallSid>,
    /// The room.
    #[serde(deserialize_with = "nested")]
    pub conference: ConferenceAttributes,
}

/// The room of a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConferenceAttributes {
    /// `CF…`
    #[serde(deserialize_with = "lenient")]
    pub sid: Option<ConferenceSid>,
    /// Who is in it.
    #[serde(deserialize_with = "nested")]
    pub participants: RoomParticipants,
}

/// Who is in the room of a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RoomParticipants {
    /// The caller's leg.
    #[serde(deserialize_with = "lenient")]
    pub worker: Option<CallSid>,
    /// On the caller's task: the callee's task.
    #[serde(deserialize_with = "lenient")]
    pub task_sid: Option<TaskSid>,
}

/// What Flex writes onto the tasks of an interaction.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChatTask {
    #[serde(deserialize_with = "lenient")]
    flex_interaction_sid: Option<InteractionSid>,
    #[serde(deserialize_with = "lenient")]
    flex_interaction_channel_sid: Option<ChannelSid>,
    /// The conversation.
    #[serde(deserialize_with = "lenient")]
    pub conversation_sid: Option<ConversationSid>,
}

impl ChatTask {
    /// The channel that the task says it belongs to: where to look whether it does.
    #[must_use]
    pub fn channel(&self) -> Option<Channel> {
        Some(Channel {
            interaction: self.flex_interaction_sid.clone()?,
            sid: self.flex_interaction_channel_sid.clone()?,
        })
    }
}

/// A worker's attributes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WorkerAttributes {
    /// The address of the worker's telephone: `client:…` or `sip:…`.
    #[serde(deserialize_with = "text")]
    pub contact_uri: Option<String>,
}

/// A text; an empty one is none.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = lenient(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Truth, as JSON or as a word; anything else is not true.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value: Option<serde_json::Value> = lenient(deserializer)?;
    Ok(value.is_some_and(|value| value == true || value == "true"))
}
