//! A call between agents that Flex runs ends when nobody took it.

use std::time::Duration;

use super::webhook::{NAME, REMEMBER};
use crate::base::context::{Context, join_ok};
use crate::base::error::{Result, unless_gone};
use crate::base::sid::{TaskSid, WorkflowSid};
use crate::flex::alarm::{Alarm, Native};
use crate::flex::native_call::{self, NativeAttributes};
use crate::once;

const REASON: &str = "Nobody took the call between agents";

/// A task was made: when it is that of a call whose ticket we have taken, it is noted whose.
/// Attributes can be anybody's; the workflow and our own record cannot.
pub async fn made(
    cx: &Context,
    task: &TaskSid,
    workflow: Option<&WorkflowSid>,
    made: NativeAttributes,
) -> Result<()> {
    let is_ours = workflow.is_some() && workflow == cx.config().internal_call_workflow().ok();
    let Some(call) = made.call_sid.as_ref().filter(|_| is_ours && made.is_callee()) else {
        return Ok(());
    };
    let conversation = made.conversations.conversation_id.as_deref().unwrap_or_default();
    if native_call::taken_by(cx, conversation).await?.as_ref() == Some(call) {
        native_call::note_task(cx, task, call).await?;
    }
    Ok(())
}

/// Nobody took it: ends the call, once for each event.
pub async fn not_taken(cx: &Context, call: Native) -> Result<()> {
    let (key, alarm) = (key(&call), Alarm::NotTaken(call.clone()));
    let work = async move |cx: &Context, _| end(cx, &call.task).await.map(|keep| ((), keep));
    once::behind(cx, NAME, key, &alarm, work).await.map(drop)
}

/// Does what [`not_taken`] has begun and nothing came of.
pub async fn again(cx: &Context, call: &Native) -> Result<()> {
    let work = async |cx: &Context, _| end(cx, &call.task).await.map(|keep| ((), keep));
    once::again(cx, &key(call), work).await
}

fn key(call: &Native) -> String {
    format!("not-taken/{}", call.event)
}

/// 1. Our own record says whose call waits for this task. Without one nothing happens.
/// 2. Read the task. Once somebody has had it, what is declined is a transfer: the call goes on.
/// 3. Hang up for the caller, and end the task if it still waits.
async fn end(cx: &Context, task: &TaskSid) -> Result<Duration> {
    let twilio = cx.twilio();
    let Some(call) = native_call::call_of(cx, task).await? else { return Ok(REMEMBER) };
    let found = unless_gone(twilio.task(task).await)?;
    if let Some(task) = &found {
        let is_held = !task.is_waiting() && !task.is_finished();
        if is_held || task.view::<NativeAttributes>()?.was_taken() {
            return Ok(REMEMBER);
        }
    }
    let close = async {
        match found {
            Some(task) if task.is_waiting() => twilio.close_task(task, REASON).await.map(drop),
            _ => Ok(()),
        }
    };
    join_ok(twilio.hang_up(&call), close).await?;
    Ok(REMEMBER)
}
