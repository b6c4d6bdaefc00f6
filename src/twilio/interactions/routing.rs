//! How a new task is routed: the parameter `Routing` of interactions and invites.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::json;
use crate::base::sid::{QueueSid, WorkerSid, WorkflowSid, WorkspaceSid};

/// `Routing.properties`:
/// <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.
#[derive(Serialize)]
pub struct Routing<'a> {
    workspace_sid: &'a WorkspaceSid,
    workflow_sid: &'a WorkflowSid,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_sid: Option<&'a QueueSid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_sid: Option<&'a WorkerSid>,
    task_channel_unique_name: &'a str,
    attributes: &'a RawValue,
}

#[derive(Serialize)]
struct Parameter<'a> {
    properties: &'a Routing<'a>,
}

impl<'a> Routing<'a> {
    /// By a workflow; `attributes` are the task's, a JSON object's text.
    pub fn by(
        cx: &'a Context,
        workflow: &'a WorkflowSid,
        task_channel: &'a str,
        attributes: &'a str,
    ) -> Result<Self> {
        Ok(Self {
            workspace_sid: cx.config().workspace()?,
            workflow_sid: workflow,
            queue_sid: None,
            worker_sid: None,
            task_channel_unique_name: task_channel,
            attributes: json::read(attributes)?,
        })
    }

    /// To one agent: Twilio wants the queue with it.
    #[must_use]
    pub fn to(self, worker: &'a WorkerSid, queue: &'a QueueSid) -> Self {
        Self { queue_sid: Some(queue), worker_sid: Some(worker), ..self }
    }

    /// The parameter's text.
    #[must_use]
    pub fn parameter(&self) -> String {
        json::write(&Parameter { properties: self })
    }
}
