//! Calls between agents that Flex runs by itself: the ticket with which a caller reaches our
//! TwiML application, and our own records of who has used it.
//!
//! Any agent can dial any application, so nothing that comes with such a call is believed but
//! a ticket that we have sealed, once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attributes::text;
use super::seal;
use crate::base::config::Config;
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::Result;
use crate::base::json;
use crate::base::members::{lenient, nested};
use crate::base::sid::{CallSid, TaskSid, WorkerSid};
use crate::base::text::{base64url, from_base64url};
use crate::once;

/// The mark of both tasks of a call to one agent.
pub const NATIVE: &str = "native";
/// The mark of the task of a call to a queue: its agents may decline it, and others are asked.
pub const NATIVE_QUEUE: &str = "native-queue";

/// What is sealed.
const PURPOSE: &str = "a call between agents";
/// How long it is known who has used a ticket, and whose call waits for a task.
const REMEMBER: Duration = Duration::from_hours(24);

/// Who calls whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Who calls.
    pub caller: WorkerSid,
    /// The caller's name.
    pub name: String,
    /// Who is called.
    pub callee: Callee,
    /// What joins both tasks in Flex Insights; each ticket has its own.
    pub conversation: String,
    /// Until when it can be used.
    pub end: Millis,
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Callee {
    /// One agent.
    Worker(WorkerSid),
    /// The agents of the queue with this name.
    Queue(String),
}

impl Ticket {
    /// The ticket as it is handed out.
    #[must_use]
    pub fn seal(&self, config: &Config) -> String {
        let text = json::write(self);
        base64url(format!("{} {text}", seal::seal(config, PURPOSE, &text)).as_bytes())
    }

    /// Reads a ticket that we have handed out, however long ago.
    fn open(config: &Config, ticket: &str) -> Option<Self> {
        let bytes = from_base64url(ticket)?;
        let (seal, text) = std::str::from_utf8(&bytes).ok()?.split_once(' ')?;
        seal::holds(config, PURPOSE, text, seal).then(|| serde_json::from_str(text).ok())?
    }
}

/// Uses a ticket for a call: the same call gets in again, another one does not, and nobody who
/// is late.
pub async fn redeem(cx: &Context, ticket: &str, call: &CallSid) -> Result<Option<Ticket>> {
    let Some(ticket) = Ticket::open(cx.config(), ticket) else { return Ok(None) };
    let used_by = if cx.started() < ticket.end {
        let work = async |_| Ok(call.clone());
        Some(once::once(cx, &used(&ticket.conversation), REMEMBER, work).await?.into_inner())
    } else {
        taken_by(cx, &ticket.conversation).await?
    };
    Ok(Some(ticket).filter(|_| used_by.as_ref() == Some(call)))
}

/// The call that has used the ticket of this conversation.
pub async fn taken_by(cx: &Context, conversation: &str) -> Result<Option<CallSid>> {
    once::known(cx, &used(conversation)).await
}

fn used(conversation: &str) -> String {
    format!("native-call/{conversation}")
}

/// Notes whose call waits for this task. Before somebody has been asked, nobody can have
/// changed its attributes; later ones say nothing. A call waits for one task: agents can make
/// tasks too.
pub async fn note_task(cx: &Context, task: &TaskSid, call: &CallSid) -> Result<()> {
    let of_call = format!("native-task-of/{call}");
    let first = once::once(cx, &of_call, REMEMBER, async |_| Ok(task.clone())).await?;
    if first.into_inner() == *task {
        once::once(cx, &waiting(task), REMEMBER, async |_| Ok(call.clone())).await?;
    }
    Ok(())
}

/// The call that waits for this task.
pub async fn call_of(cx: &Context, task: &TaskSid) -> Result<Option<CallSid>> {
    once::known(cx, &waiting(task)).await
}

fn waiting(task: &TaskSid) -> String {
    format!("native-task/{task}")
}

/// Attributes of a task of such a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NativeAttributes {
    #[serde(deserialize_with = "text")]
    internal_call: Option<String>,
    #[serde(deserialize_with = "lenient")]
    worker_sid: Option<WorkerSid>,
    /// The call that waits, by TaskRouter.
    #[serde(deserialize_with = "lenient")]
    pub call_sid: Option<CallSid>,
    /// The conference, once somebody has accepted.
    #[serde(deserialize_with = "lenient")]
    conference: Option<serde_json::Value>,
    /// What joins both tasks.
    #[serde(deserialize_with = "nested")]
    pub conversations: Conversations,
}

/// What joins tasks in Flex Insights.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Conversations {
    /// The id that they share.
    #[serde(deserialize_with = "text")]
    pub conversation_id: Option<String>,
}

impl NativeAttributes {
    /// Whether it is the called agent's task, and not the caller's or a queue's.
    #[must_use]
    pub fn is_callee(&self) -> bool {
        self.internal_call.as_deref() == Some(NATIVE) && self.worker_sid.is_some()
    }

    /// Whether somebody has had it: then Flex has noted the conference.
    #[must_use]
    pub fn was_taken(&self) -> bool {
        self.conference.is_some()
    }
}
