//! A channel of an interaction.

use serde::Deserialize;

use crate::base::sid::{ChannelSid, InteractionSid};

/// A channel of an interaction: both SIDs name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `KD…`
    pub interaction: InteractionSid,
    /// `UO…`
    pub sid: ChannelSid,
}

/// A channel as Twilio has it.
#[derive(Clone, Debug, Deserialize)]
pub struct ChannelResource {
    /// Whether it is going on.
    pub status: ChannelStatus,
    r#type: Option<String>,
    /// Why it could not be made: <https://www.twilio.com/docs/api/errors>.
    pub error_code: Option<u64>,
}

impl ChannelResource {
    /// The unique name of the task channel that is usual for it.
    #[must_use]
    pub fn task_channel(&self) -> &'static str {
        if self.r#type.as_deref() == Some("sms") { "sms" } else { "chat" }
    }
}

/// Whether a channel is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelStatus {
    /// It is being made.
    Setup,
    /// It is going on.
    Active,
    /// It could not be made.
    Failed,
    /// It rests.
    Inactive,
    /// It is over.
    Closed,
    /// It is being handed over.
    Transferring,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}
