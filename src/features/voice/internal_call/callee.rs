//! The called agent's task: made, found again, ended.

use serde::Serialize;

use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::sid::{ConferenceSid, TaskSid};
use crate::flex::attributes::CallAttributes;
use crate::flex::ring::Ring;
use crate::once;
use crate::twilio::taskrouter::Task;

/// Why a call's tasks end.
pub const ENDED: &str = "The conference is complete";

/// What the plugins read of the callee's task. No `direction`: Flex would accept an outbound
/// task by itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CalleeAttributes<'a> {
    to: &'a str,
    name: Option<&'a str>,
    from: Option<&'a str>,
    #[serde(flatten)]
    target: Target<'a>,
    auto_answer: &'a str,
    /// The room's name. The plugins call it so.
    conference_sid: &'a TaskSid,
    conference: Room<'a>,
    internal: &'a str,
    #[serde(rename = "client_call")]
    client_call: bool,
}

/// Who is asked to take it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Target<'a> {
    CallToQueue(&'a str),
    TargetWorker(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Room<'a> {
    sid: &'a ConferenceSid,
    friendly_name: &'a TaskSid,
}

/// Creates the callee's task, unless an earlier attempt has.
pub async fn create(
    cx: &Context,
    caller: &Task,
    room: &ConferenceSid,
    attempt: u32,
) -> Result<Ring> {
    let workflow = cx.config().internal_call_workflow()?.to_string();
    let (attributes, is_for_one) = attributes(caller, room)?;
    let fields = [
        ("WorkflowSid", workflow.as_str()),
        ("TaskChannel", "voice"),
        ("Attributes", &attributes),
        ("Priority", "0"),
        ("Timeout", "86400"),
    ];
    let look = async || Ok(by_mark(cx, &caller.sid).await?.map(|callee| callee.sid));
    let make = async || Ok(cx.twilio().create_task(&fields).await?.sid);
    Ok(Ring { callee: once::make(cx, attempt, look, make).await?, is_for_one })
}

/// The attributes, and whether they name one agent, not a queue.
fn attributes(caller: &Task, room: &ConferenceSid) -> Result<(String, bool)> {
    let call: CallAttributes = caller.view()?;
    let Some(to) = call.to.as_deref() else {
        return Err(Error::bad("to", "is missing in the caller's task"));
    };
    let target = match to.strip_prefix("queue:") {
        Some(queue) => Target::CallToQueue(call.call_to_queue.as_deref().unwrap_or(queue)),
        None if to.starts_with("client:") || to.starts_with("sip:") => Target::TargetWorker(to),
        None => {
            return Err(Error::bad(
                "to",
                "is neither client:, sip: nor queue: in the caller's task",
            ));
        }
    };
    let is_for_one = matches!(target, Target::TargetWorker(_));
    let attributes = CalleeAttributes {
        to,
        name: call.from_name.as_deref(),
        from: call.target_worker.as_deref().or(call.from.as_deref()),
        target,
        auto_answer: "false",
        conference_sid: &caller.sid,
        conference: Room { sid: room, friendly_name: &caller.sid },
        internal: "true",
        client_call: true,
    };
    Ok((json::write(&attributes), is_for_one))
}

/// The callee's task that the caller's links to.
pub fn linked(caller: Option<&Task>) -> Result<Option<TaskSid>> {
    let Some(caller) = caller else { return Ok(None) };
    Ok(caller.view::<CallAttributes>()?.conference.participants.task_sid)
}

/// The callee's task, found by the mark it carries, when no link leads to it.
async fn by_mark(cx: &Context, caller: &TaskSid) -> Result<Option<Task>> {
    let tasks = cx.twilio().tasks_where(&format!("conferenceSid == \"{caller}\"")).await?;
    let mut marked = Vec::new();
    for task in tasks {
        let Some(task) = cx.twilio().whole(task).await? else { continue };
        if is_of(cx, &task, caller)? {
            marked.push(task);
        }
    }
    Ok(marked.into_iter().max_by_key(Task::is_open))
}

/// Whether the task bears the caller's mark, and went the way of internal calls: agents can
/// mark any task that they have, but not change its workflow.
fn is_of(cx: &Context, task: &Task, caller: &TaskSid) -> Result<bool> {
    let call: CallAttributes = task.view()?;
    let is_marked = call.client_call && call.conference_sid.as_ref() == Some(caller);
    let workflow = cx.config().internal_call_workflow().ok();
    let is_ours = workflow.is_some() && task.workflow_sid.as_ref() == workflow;
    Ok(is_marked && is_ours && task.sid != *caller)
}

/// The callee's task, by the link to it or, without one, by its mark.
pub async fn find(
    cx: &Context,
    caller: &TaskSid,
    linked: Option<&TaskSid>,
) -> Result<Option<Task>> {
    let Some(linked) = linked else { return by_mark(cx, caller).await };
    let callee = unless_gone(cx.twilio().task(linked).await)?;
    match callee {
        Some(task) if is_of(cx, &task, caller)? => Ok(Some(task)),
        _ => Ok(None),
    }
}

/// Ends the callee's task, if there is one; whether there was.
pub async fn end(cx: &Context, caller: &TaskSid, linked: Option<&TaskSid>) -> Result<bool> {
    let Some(callee) = find(cx, caller, linked).await? else { return Ok(false) };
    cx.twilio().close_task(callee, ENDED).await?;
    Ok(true)
}
