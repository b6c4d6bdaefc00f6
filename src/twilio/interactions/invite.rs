//! An invite to a channel, and the task that it made.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::base::date::{self, Millis};
use crate::base::members::view;
use crate::base::sid::{InviteSid, TaskSid};
use crate::twilio::taskrouter::AssignmentStatus;

/// An invite to a channel.
#[derive(Clone, Debug, Deserialize)]
pub struct Invite {
    /// `KG…`
    pub sid: InviteSid,
    routing: Option<InviteRouting>,
}

#[derive(Clone, Debug, Deserialize)]
struct InviteRouting {
    properties: Option<InviteTask>,
}

#[derive(Clone, Debug, Deserialize)]
struct InviteTask {
    sid: Option<TaskSid>,
    assignment_status: Option<AssignmentStatus>,
    attributes: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "date::optional")]
    date_created: Option<Millis>,
}

impl Invite {
    fn properties(&self) -> Option<&InviteTask> {
        self.routing.as_ref()?.properties.as_ref()
    }

    /// The task that it made.
    #[must_use]
    pub fn task(&self) -> Option<&TaskSid> {
        self.properties()?.sid.as_ref()
    }

    /// Whether Twilio says that its task is over. When it does not, the task may be over
    /// nevertheless.
    #[must_use]
    pub fn is_over(&self) -> bool {
        use AssignmentStatus::{Canceled, Completed, Wrapping};
        let status = self.properties().and_then(|task| task.assignment_status);
        matches!(status, Some(Canceled | Completed | Wrapping))
    }

    /// That task's attributes when it was made, as a view. Twilio has them as an object, and
    /// as an object's text; nothing when a listing leaves them out.
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> Option<T> {
        let attributes = self.properties()?.attributes.as_deref()?;
        if attributes.get() == "null" {
            return None;
        }
        Some(match serde_json::from_str::<String>(attributes.get()) {
            Ok(text) => view(&text),
            Err(_) => view(attributes.get()),
        })
    }

    /// When its task was made, as far as Twilio says so.
    pub(super) fn created(&self) -> Option<Millis> {
        self.properties()?.date_created
    }
}
