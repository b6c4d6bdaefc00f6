//! The call that was dialled from a chat and is still open.

use serde::Deserialize;

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::members::lenient;
use crate::base::sid::{TaskSid, WorkerSid};
use crate::flex::attributes::text;
use crate::twilio::taskrouter::Task;

/// Attributes of a call that was dialled from a chat.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CallAttributes {
    #[serde(deserialize_with = "text")]
    pub outbound_to: Option<String>,
    #[serde(deserialize_with = "text")]
    pub from: Option<String>,
    #[serde(rename = "dialedFromTaskSid", deserialize_with = "lenient")]
    dialed_from_task_sid: Option<TaskSid>,
}

/// The open call that this worker has dialled from this chat. Others can write into their
/// tasks that they were dialled from it: what counts is for whom and in which workflow a task
/// was made.
pub async fn open_call(cx: &Context, worker: &WorkerSid, chat: &TaskSid) -> Result<Option<Task>> {
    let (twilio, workflow) = (cx.twilio(), cx.config().outbound_workflow()?);
    let expression = format!("dialedFromTaskSid == \"{chat}\"");
    let listed = twilio.tasks_for(worker, workflow, &expression).await?;
    for task in listed {
        if !task.is_open() || !task.is_for(worker, workflow) {
            continue;
        }
        let task = twilio.whole(task).await?.filter(Task::is_open);
        let Some(task) = task else { continue };
        if task.view::<CallAttributes>()?.dialed_from_task_sid.as_ref() == Some(chat) {
            return Ok(Some(task));
        }
    }
    Ok(None)
}
