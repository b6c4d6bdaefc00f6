//! One of the two agents declined.

use futures_util::join;
use serde::Deserialize;

use super::callee;
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConferenceSid, TaskSid};
use crate::flex::access::{self, Part, Reservations};
use crate::flex::agent::Agent;
use crate::flex::attributes::CallAttributes;
use crate::flex::hang_up;
use crate::flex::ring::{self, Ring};
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

/// A call: both tasks, our record of it, and the rooms that bear the caller's task's name.
struct InternalCall {
    caller: Option<Task>,
    callee: Option<Task>,
    ring: Option<Ring>,
    rooms: Vec<Conference>,
}

/// What an agent may end of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Power {
    /// All of it: they are in it, or it is they who call.
    Whole,
    /// What waits for them: they were called and did not come.
    Waiting,
}

/// `cleanup-rejected-task`: one of the two agents declined.
///
/// 1. Read the task, and the rooms that bear its name. A task that is gone is no failure:
///    with it went everything that belonged to it.
/// 2. Read the other task and the call's rooms, by our own record of who was called.
/// 3. Check the agent's part in the call.
/// 4. End the rooms and whoever still rings. The end of a room ends the tasks that are
///    left; without a room they are ended here.
///
/// A failure is the agent's to see: the caller would go on waiting.
pub async fn cleanup(cx: &Context, agent: &Agent, ask: Cleanup) -> Result<Done<Nothing>> {
    let (twilio, sid) = (cx.twilio(), &ask.task_sid);
    let is_unlimited = access::is_unlimited(cx, agent);
    let own = async || {
        if is_unlimited { Ok(None) } else { Reservations::of(cx, agent).await.map(Some) }
    };
    let (task, rooms, own) = join!(twilio.task(sid), twilio.conferences_named(sid), own());
    let Some(task) = unless_gone(task)? else { return Ok(done()) };
    let call: CallAttributes = task.view()?;
    if !call.client_call {
        return Err(Error::forbidden("This task is no internal call."));
    }
    if ask.conference_sid.is_some_and(|given| call.conference.sid.is_some_and(|own| own != given)) {
        return Err(Error::bad("conferenceSid", "is not the conference of this task"));
    }
    let own = own?;
    let call = match call.conference_sid.filter(|caller| caller != sid) {
        Some(caller) => of_callee(cx, &caller, task, is_unlimited).await?,
        None => of_caller(cx, task, rooms?).await?,
    };
    let power = match own {
        None => Power::Whole,
        Some(own) => power(cx, agent, &own, &call).await?,
    };
    // Without the caller's task or our record nothing proves that the room is a call's.
    let is_known = call.caller.is_some() || call.ring.is_some();
    let rooms = if is_known { call.rooms } else { Vec::new() };
    let may_end = async |room: &ConferenceSid| {
        Ok(power == Power::Whole || hang_up::is_without_company(cx, room).await?)
    };
    hang_up::call(cx, rooms, [call.caller, call.callee], may_end, REJECTED).await?;
    Ok(done())
}

/// The call of a callee's task, which names the caller's in its attributes. That counts when our
/// record says so too; to those who may do anything, when nothing speaks against it.
async fn of_callee(
    cx: &Context,
    name: &TaskSid,
    callee: Task,
    is_unlimited: bool,
) -> Result<InternalCall> {
    let twilio = cx.twilio();
    let (caller, rooms, ring) =
        join!(twilio.task(name), twilio.conferences_named(name), ring::known(cx, name));
    let (caller, ring) = (unless_gone(caller)?, ring?);
    let is_other = |caller: &Task| -> Result<bool> {
        let is_call = caller.view::<CallAttributes>()?.client_call;
        Ok(!is_call || callee::linked(Some(caller))?.is_some_and(|linked| linked != callee.sid))
    };
    let is_call = match (&ring, &caller) {
        (Some(ring), _) => ring.callee == callee.sid,
        (None, Some(caller)) => is_unlimited && !is_other(caller)?,
        (None, None) => is_unlimited,
    };
    if !is_call {
        return Err(Error::forbidden("This task belongs to no internal call."));
    }
    Ok(InternalCall { caller, callee: Some(callee), ring, rooms: rooms? })
}

/// The call of a caller's task.
async fn of_caller(cx: &Context, caller: Task, rooms: Vec<Conference>) -> Result<InternalCall> {
    let ring = match ring::known(cx, &caller.sid).await {
        // Nobody knows yet who rings. Whoever does finds that the caller has left.
        Err(error) if matches!(*error, Error::Busy) => None,
        known => known?,
    };
    let callee = match &ring {
        Some(ring) => unless_gone(cx.twilio().task(&ring.callee).await)?,
        None => callee::find(cx, &caller.sid, callee::linked(Some(&caller))?.as_ref()).await?,
    };
    Ok(InternalCall { caller: Some(caller), callee, ring, rooms })
}

/// What the agent may end of the call.
///
/// Holding one of the tasks gives the whole. A caller's task that is made for the agent is
/// theirs from the beginning. Who alone was called, and has not come, may say so as long as
/// nobody else has come instead.
async fn power(
    cx: &Context,
    agent: &Agent,
    own: &Reservations,
    call: &InternalCall,
) -> Result<Power> {
    if let Some(caller) = &call.caller {
        let part = own.part(cx, &caller.sid).await?;
        let worker = agent.worker()?;
        let is_made_for_them = caller.routing_target.as_deref() == Some(&*worker.to_string());
        if part == Part::Has || (part == Part::Asked && is_made_for_them) {
            return Ok(Power::Whole);
        }
    }
    if let Some(ring) = &call.ring {
        let part = own.part(cx, &ring.callee).await?;
        if part == Part::Has {
            return Ok(Power::Whole);
        }
        if part != Part::None && ring.is_for_one && !cx.twilio().is_accepted(&ring.callee).await? {
            return Ok(Power::Waiting);
        }
    }
    Err(Error::forbidden("You take no part in this call."))
}
