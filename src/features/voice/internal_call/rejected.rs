//! One of the two agents declined.

use futures_util::join;
use serde::Deserialize;

use super::callee;
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::{Context, both};
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConferenceSid, TaskSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::attributes::CallAttributes;
use crate::twilio::taskrouter::Task;
use crate::twilio::voice::Conference;

const REJECTED: &str = "The internal call was rejected";

/// What `cleanup-rejected-task` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleanup {
    /// The caller's task or the callee's: the plugins send either.
    task_sid: TaskSid,
    conference_sid: Option<ConferenceSid>,
}

/// `cleanup-rejected-task`: one of the two agents declined.
///
/// 1. Read the task, and the rooms that bear its name. A task that is gone is no failure:
///    with it went everything that belonged to it.
/// 2. Check the agent's part in the call, and read the other task and the call's rooms.
/// 3. End the rooms and whoever still rings. The end of a room ends the tasks that are
///    left; without a room they are ended here.
///
/// A failure is the agent's to see: the caller would go on waiting.
pub async fn cleanup(cx: &Context, agent: &Agent, ask: Cleanup) -> Result<Done<Nothing>> {
    let (twilio, sid) = (cx.twilio(), &ask.task_sid);
    let (task, rooms) = join!(twilio.task(sid), twilio.conferences_named(sid));
    let Some(task) = unless_gone(task)? else { return Ok(done()) };
    let call: CallAttributes = task.view();
    if ask.conference_sid.is_some_and(|given| call.conference.sid.is_some_and(|own| own != given)) {
        return Err(Error::bad("conferenceSid", "is not the conference of this task"));
    }
    let part = access::internal_call(cx, agent, &task);
    if let Some(caller) = call.conference_sid.filter(|caller| caller != sid) {
        let (part, caller, rooms) =
            join!(part, twilio.task(&caller), twilio.conferences_named(&caller));
        part?;
        let caller = unless_gone(caller)?;
        // A callee's task can be made to name any task: only its own call's room is ended.
        let is_other = |caller: &Task| {
            !caller.view::<CallAttributes>().client_call
                || callee::linked(caller).is_some_and(|linked| linked != task.sid)
        };
        if caller.as_ref().is_some_and(is_other) {
            return Err(Error::forbidden("This task belongs to no internal call."));
        }
        give_up(cx, caller, Some(task), rooms?).await?;
    } else {
        let linked = callee::linked(&task);
        let (part, callee) = join!(part, callee::find(cx, sid, linked.as_ref()));
        part?;
        give_up(cx, Some(task), callee?, rooms?).await?;
    }
    Ok(done())
}

async fn give_up(
    cx: &Context,
    caller: Option<Task>,
    callee: Option<Task>,
    rooms: Vec<Conference>,
) -> Result<()> {
    let twilio = cx.twilio();
    // Without the caller's task nothing proves that the room is a call's.
    let rooms = rooms.into_iter().filter(|room| room.is_live() && caller.is_some());
    let rooms: Vec<_> = rooms.map(|room| room.sid).collect();
    let close = async |task: Option<Task>| match task {
        Some(task) if task.is_waiting() || rooms.is_empty() => {
            twilio.close_task(task, REJECTED).await.map(drop)
        }
        _ => Ok(()),
    };
    let end = async || {
        for room in &rooms {
            twilio.end_conference(room).await?;
        }
        Ok(())
    };
    both(end(), both(close(caller), close(callee))).await.map(drop)
}
