//! The owner of a Flex token.

use crate::base::error::{Error, Result};
use crate::base::sid::WorkerSid;
use crate::twilio::iam::Validation;
use crate::twilio::interactions::Participant;

/// The owner of a Flex token, by Twilio's word.
#[derive(Debug)]
pub struct Agent {
    /// The TaskRouter worker; administrators may have none.
    worker: Option<WorkerSid>,
    identity: String,
    roles: Vec<String>,
}

impl Agent {
    /// What Twilio says of a valid token. Only [`super::tokens`] makes one.
    pub(super) fn new(validation: Validation) -> Result<Self> {
        let identity = validation.identity.ok_or_else(|| Error::unreadable("identity"))?;
        let roles = validation.roles.unwrap_or_default();
        Ok(Self { worker: validation.worker_sid, identity, roles })
    }

    /// The TaskRouter worker, if this is one.
    #[must_use]
    pub fn worker_sid(&self) -> Option<&WorkerSid> {
        self.worker.as_ref()
    }

    /// The worker, for what only workers can do.
    pub fn worker(&self) -> Result<&WorkerSid> {
        self.worker.as_ref().ok_or_else(|| Error::forbidden("This token belongs to no worker."))
    }

    /// The identity, as `client:<identity>` and the Conversations user have it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The address of the agent's softphone.
    #[must_use]
    pub fn contact_uri(&self) -> String {
        format!("client:{}", self.identity)
    }

    /// Whether this is a supervisor or an administrator, who may act on anything.
    #[must_use]
    pub fn is_supervisor(&self) -> bool {
        self.roles.iter().any(|role| role == "supervisor" || role == "admin")
    }

    /// Whether this participant of an interaction is the agent.
    #[must_use]
    pub fn is(&self, participant: &Participant) -> bool {
        self.worker.is_some() && participant.worker() == self.worker_sid()
    }

    /// Who this is in the key of something that is done once.
    #[must_use]
    pub fn key(&self) -> String {
        self.worker.as_ref().map_or_else(|| self.identity.clone(), ToString::to_string)
    }
}
