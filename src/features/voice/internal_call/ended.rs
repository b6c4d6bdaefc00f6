//! The room of a call is over.

use futures_util::join;

use super::callee;
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::TaskSid;
use crate::flex::attributes::CallAttributes;
use crate::twilio::taskrouter::Task;

/// The conference is over: both tasks end.
///
/// 1. Read the caller's task. It may be gone: go on.
/// 2. End it, and read the callee's; if no link leads there, look for one.
/// 3. End the callee's. One that is linked only now sees that the caller has left, and is
///    taken back by whoever links it.
///
/// A failure of one does not keep the other from its end; Twilio delivers the event again.
pub async fn ended(cx: &Context, caller: &TaskSid) -> Result<()> {
    let twilio = cx.twilio();
    let task = match unless_gone(twilio.task(caller).await) {
        Ok(Some(task)) if !task.view::<CallAttributes>()?.client_call => return Ok(()),
        Ok(task) => task,
        Err(error) => {
            // The callee must not ring on because of it.
            callee::end(cx, caller, None).await?;
            return Err(error);
        }
    };
    let linked = callee::linked(task.as_ref())?;
    let close = async |task: Option<Task>| match task {
        Some(task) => twilio.close_task(task, callee::ENDED).await,
        None => Ok(None),
    };
    let (closed, found) = join!(close(task), callee::end(cx, caller, linked.as_ref()));
    let (closed, found) = (closed?, found?);
    let now_linked = callee::linked(closed.as_ref())?;
    if !found && now_linked.is_some() && now_linked != linked {
        callee::end(cx, caller, now_linked.as_ref()).await?;
    }
    Ok(())
}
