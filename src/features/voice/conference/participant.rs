//! A participant of a conference, as it is read and as it is answered.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::error::Result;
use crate::base::json;
use crate::base::sid::CallSid;
use crate::twilio::resource::camel_case;

/// What is read of a participant.
#[derive(Deserialize)]
pub struct Participant {
    /// `CA…`
    pub call_sid: Option<CallSid>,
    pub label: Option<String>,
}

impl Participant {
    pub fn read(participant: &RawValue) -> Result<Self> {
        json::read(participant.get())
    }
}

/// A participant, for all plugins: some read `participantsResponse`, others `callSid`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownParticipant {
    pub call_sid: Option<CallSid>,
    participants_response: Box<RawValue>,
}

impl ShownParticipant {
    pub fn new(participant: &RawValue) -> Result<Self> {
        let call_sid = Participant::read(participant)?.call_sid;
        Ok(Self { call_sid, participants_response: camel_case(participant)? })
    }
}
