//! What a gate may have to see to by itself, as the text that [`Watch`] carries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::json;
use crate::base::runtime::Watch;
use crate::base::sid::{ConferenceSid, TaskSid};

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
}

impl Alarm {
    /// This, so long after the first claim.
    #[must_use]
    pub fn after(&self, time: Duration) -> Watch {
        Watch { after: time, what: json::write(self) }
    }
}
