//! A participant of a channel.

use serde::Deserialize;

use crate::base::sid::{ParticipantSid, TaskSid, WorkerSid};

/// A participant of a channel.
#[derive(Clone, Debug, Deserialize)]
pub struct Participant {
    /// `UT…`
    pub sid: ParticipantSid,
    /// What they are in it.
    #[serde(rename = "type")]
    pub kind: ParticipantKind,
    routing_properties: Option<RoutingProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RoutingProperties {
    worker_sid: Option<WorkerSid>,
    task_sid: Option<TaskSid>,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParticipantKind {
    /// Somebody who listens or helps.
    Supervisor,
    /// The customer.
    Customer,
    /// Somebody from outside.
    External,
    /// An agent.
    Agent,
    /// Twilio does not say, or says something new.
    #[serde(other)]
    Unknown,
}

impl Participant {
    /// The agent or supervisor.
    #[must_use]
    pub fn worker(&self) -> Option<&WorkerSid> {
        self.routing_properties.as_ref()?.worker_sid.as_ref()
    }

    /// The task that brought them in.
    #[must_use]
    pub fn task(&self) -> Option<&TaskSid> {
        self.routing_properties.as_ref()?.task_sid.as_ref()
    }

    /// Talks to the customer for us. A supervisor who only listens does not.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.kind == ParticipantKind::Agent
            || (self.kind == ParticipantKind::Unknown && self.worker().is_some())
    }
}
