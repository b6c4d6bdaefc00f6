//! How a call between agents ends.

use crate::base::context::{Context, join_ok};
use crate::base::error::{Result, unless_gone};
use crate::base::sid::ConferenceSid;
use crate::twilio::taskrouter::Task;
use crate::twilio::voice::Conference;

/// Ends those live rooms of a call that `may_end` lets go, and whoever still rings. The end of a
/// room ends the tasks that are left; without a room they are ended here.
pub async fn call(
    cx: &Context,
    rooms: Vec<Conference>,
    [caller, callee]: [Option<Task>; 2],
    may_end: impl AsyncFn(&ConferenceSid) -> Result<bool>,
    reason: &str,
) -> Result<()> {
    let twilio = cx.twilio();
    let rooms: Vec<Conference> = rooms.into_iter().filter(Conference::is_live).collect();
    let end = async {
        for room in &rooms {
            if may_end(&room.sid).await? {
                twilio.end_conference(&room.sid).await?;
            }
        }
        Ok(())
    };
    let close = async |task: Option<Task>| match task {
        Some(task) if task.is_waiting() || rooms.is_empty() => {
            twilio.close_task(task, reason).await.map(drop)
        }
        _ => Ok(()),
    };
    // Boxed: it is by far the largest step.
    Box::pin(join_ok(end, join_ok(close(caller), close(callee)))).await.map(drop)
}

/// Whether at most one person is in a room; one that is gone is not known to be empty.
pub async fn is_without_company(cx: &Context, room: &ConferenceSid) -> Result<bool> {
    let people = unless_gone(cx.twilio().people(room).await)?;
    Ok(people.is_some_and(|people| people.len() <= 1))
}
