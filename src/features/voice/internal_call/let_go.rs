//! Nobody will ever be called for a caller.

use super::{ENDED, callee};
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::{ConferenceSid, TaskSid};
use crate::flex::attributes::CallAttributes;

/// Lets a caller go for whom nobody rings. The gate asks for it when nothing has come of a join
/// in time.
///
/// 1. Read the caller's task, and look for the callee's. Somebody rings or has come, and the caller
///    is there: all is well. Somebody rings for a caller who has left: they stop.
/// 2. Nobody rings, or not any more: end the room, unless there is company in it.
///
/// A failure is tried again by the gate.
pub async fn let_go(cx: &Context, room: &ConferenceSid, caller: &TaskSid) -> Result<()> {
    let task = unless_gone(cx.twilio().task(caller).await)?;
    if task.as_ref().is_some_and(|task| !task.view::<CallAttributes>().client_call) {
        return Ok(());
    }
    let linked = task.as_ref().and_then(callee::linked);
    if let Some(callee) = callee::find(cx, caller, linked.as_ref()).await? {
        if !task.is_some_and(|task| task.is_open()) {
            cx.twilio().close_task(callee, ENDED).await?;
            return Ok(());
        }
        if callee.is_open() {
            return Ok(());
        }
    }
    let people = unless_gone(cx.twilio().people(room).await)?;
    if people.is_some_and(|people| people.len() <= 1) {
        cx.twilio().end_conference(room).await?;
    }
    Ok(())
}
