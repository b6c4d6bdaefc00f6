//! A call between agents that came to nothing ends, without any plugin's help.

use std::time::Duration;

use futures_util::join;

use super::webhook::{NAME, REMEMBER};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::flex::alarm::{Alarm, Call};
use crate::flex::{hang_up, ring};
use crate::once;
use crate::twilio::taskrouter::{AssignmentStatus, Task};

const REASON: &str = "The call between agents came to nothing";

/// Ends a call, once for each event.
pub async fn give_up(cx: &Context, call: Call) -> Result<()> {
    let (key, alarm) = (key(&call), Alarm::GiveUp(call.clone()));
    let work = async move |cx: &Context, _| end(cx, &call).await.map(|keep| ((), keep));
    once::behind(cx, NAME, key, &alarm, work).await.map(drop)
}

/// Does what [`give_up`] has begun and nothing came of.
pub async fn again(cx: &Context, call: &Call) -> Result<()> {
    let work = async |cx: &Context, _| end(cx, call).await.map(|keep| ((), keep));
    once::again(cx, &key(call), work).await
}

fn key(call: &Call) -> String {
    format!("give-up/{}", call.event)
}

/// 1. Our own record says who was called by whom; attributes can be anybody's. Without one
///    nothing happens. A queue's task goes on to its next agent.
/// 2. Read both tasks and the rooms that bear the caller's task's name. When the called agent
///    has come meanwhile, the call goes on; so it does when neither task is over yet.
/// 3. End the rooms, and whoever still rings. The end of a room ends the tasks that are left;
///    without a room they are ended here.
async fn end(cx: &Context, call: &Call) -> Result<Duration> {
    cx.note(&call.caller);
    let twilio = cx.twilio();
    let Some(ring) = ring::known(cx, &call.caller).await? else { return Ok(REMEMBER) };
    let is_other = call.callee.as_ref().is_some_and(|callee| *callee != ring.callee);
    // It is the caller's own to decline, or for the next agent of the queue.
    let is_nothing = !call.is_over && (call.callee.is_none() || !ring.is_for_one);
    if is_other || is_nothing {
        return Ok(REMEMBER);
    }
    let (caller, callee, rooms) = join!(
        twilio.task(&call.caller),
        twilio.task(&ring.callee),
        twilio.conferences_named(&call.caller)
    );
    let (caller, callee, rooms) = (unless_gone(caller)?, unless_gone(callee)?, rooms?);
    if !call.is_over && callee.as_ref().is_some_and(has_been_taken) {
        return Ok(REMEMBER);
    }
    let is_over = |task: &Option<Task>| task.as_ref().is_none_or(Task::is_finished);
    if call.is_over && !is_over(&caller) && !is_over(&callee) {
        return Err(Error::Busy.into());
    }
    hang_up::call(cx, rooms, [caller, callee], async |_| Ok(true), REASON).await?;
    Ok(REMEMBER)
}

fn has_been_taken(task: &Task) -> bool {
    use AssignmentStatus::{Assigned, Completed, Wrapping};
    matches!(task.assignment_status, Assigned | Wrapping | Completed)
}
