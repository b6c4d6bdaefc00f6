//! Nothing has come of a join in time.

use super::{callee, joined};
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::{ConferenceSid, TaskSid};
use crate::flex::attributes::CallAttributes;
use crate::flex::hang_up;
use crate::flex::ring::{self, Ring};
use crate::twilio::taskrouter::Task;

/// Lets a caller go for whom nobody rings. The gate asks for it when nothing has come of a join
/// in time.
///
/// 1. Read the caller's task, and look for the callee's.
/// 2. Somebody rings or has come, and the caller is there: link the tasks and note whom we have let
///    ring, which the join did not get to. Else nobody could end the call when it is declined.
/// 3. Somebody rings for a caller who has left: they stop.
/// 4. Nobody rings, or not any more: end the room, unless there is company in it.
///
/// A failure is tried again by the gate.
pub async fn let_go(cx: &Context, room: &ConferenceSid, caller: &TaskSid) -> Result<()> {
    let task = unless_gone(cx.twilio().task(caller).await)?;
    if let Some(task) = &task
        && !task.view::<CallAttributes>()?.client_call
    {
        return Ok(());
    }
    let linked = callee::linked(task.as_ref())?;
    let callee = callee::find(cx, caller, linked.as_ref()).await?.filter(Task::is_open);
    match (task.filter(Task::is_open), callee) {
        (Some(task), Some(callee)) => {
            let note = async || finish(cx, task, room, callee).await;
            return ring::found(cx, caller, note).await;
        }
        (None, Some(callee)) => {
            return cx.twilio().close_task(callee, callee::ENDED).await.map(drop);
        }
        (_, None) => {}
    }
    if hang_up::is_without_company(cx, room).await? {
        cx.twilio().end_conference(room).await?;
    }
    Ok(())
}

/// What the join did not get to. A link that cannot be written is needed for hold only: the call
/// goes on without.
async fn finish(cx: &Context, caller: Task, room: &ConferenceSid, callee: Task) -> Result<Ring> {
    let is_for_one = callee.view::<CallAttributes>()?.target_worker.is_some();
    let ring = Ring { callee: callee.sid, is_for_one };
    let call: CallAttributes = caller.view()?;
    let people = call.conference.participants;
    if people.task_sid.as_ref() != Some(&ring.callee) {
        let leg = call.worker_call_sid.or(people.worker);
        match joined::link(cx, caller, room, leg.as_ref(), &ring.callee).await {
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => cx.warn("call not linked", &error),
            Ok(()) => {}
        }
    }
    Ok(ring)
}
