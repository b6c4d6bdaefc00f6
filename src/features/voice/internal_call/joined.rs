//! Somebody has entered the room of a call.

use std::cell::Cell;
use std::time::Duration;

use serde::Serialize;

use super::callee;
use crate::base::context::{Context, join_ok};
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::runtime::Watch;
use crate::base::sid::{CallSid, ConferenceSid, TaskSid};
use crate::flex::alarm::Alarm;
use crate::flex::attributes::CallAttributes;
use crate::flex::ring::{self, Ring};
use crate::twilio::taskrouter::Task;
use crate::twilio::voice::CallLeg;

/// How often, and how far apart, the caller's task is read again when TaskRouter has not
/// written `worker_call_sid` yet.
const REREADS: u32 = 6;
const REREAD_PAUSE: Duration = Duration::from_millis(250);
/// So long after the first join the caller is let go when nobody rings: Twilio delivers a
/// webhook for 15 s in all.
const LET_GO: Duration = Duration::from_secs(20);
/// After this many owners have failed at the callee task, the caller is let go.
const LAST_ATTEMPT: u32 = 3;

/// Somebody has entered.
///
/// 1. Read the caller's task; again, if need be, until it tells whose leg this is. If it is
///    gone or refused, nobody will ever be called: end the room, unless there is company in it.
/// 2. Another leg, the called agent's as a rule: if the caller has left, end the room, unless
///    there is company in it.
/// 3. The caller's leg: create the callee's task, once.
/// 4. Link it to the caller's task, for hold and for the end. If the caller has left
///    meanwhile, take it back and end the room.
///
/// If no callee's task has come of it in time, the gate lets the caller go.
pub async fn joined(
    cx: &Context,
    caller: &TaskSid,
    room: &ConferenceSid,
    leg: &CallSid,
) -> Result<()> {
    let (task, is_caller) = match whose_leg(cx, caller, leg).await {
        Ok(Some(found)) => found,
        Err(error) if error.is_passing() => {
            watch(cx, caller, room).await;
            return Err(error);
        }
        gone_or_refused => {
            end_if_alone(cx, room, leg).await?;
            return gone_or_refused.map(drop);
        }
    };
    let call: CallAttributes = task.view()?;
    if !call.client_call {
        return Ok(());
    }
    if !is_caller {
        let is_stray = !task.is_open() || call.conference.sid.is_some_and(|known| known != *room);
        return if is_stray { end_if_alone(cx, room, leg).await } else { Ok(()) };
    }
    if !task.is_open() {
        // The caller has left, and whoever rings must not go on.
        return callee::end(cx, caller, callee::linked(Some(&task))?.as_ref()).await.map(drop);
    }
    if callee::linked(Some(&task))?.is_some() {
        return Ok(());
    }
    ring(cx, task, room, leg).await
}

/// What the gate sees to when nothing comes of it.
fn let_go(caller: &TaskSid, room: &ConferenceSid) -> Watch {
    Alarm::LetGo { conference: room.clone(), caller: caller.clone() }.after(LET_GO)
}

/// Has the gate watch over a call of which nothing can be known now.
async fn watch(cx: &Context, caller: &TaskSid, room: &ConferenceSid) {
    let nothing = async |_| Err(Error::Busy.into());
    // Without the gate there is only the next delivery.
    let _ = ring::once(cx, caller, let_go(caller, room), nothing).await;
}

async fn ring(cx: &Context, caller: Task, room: &ConferenceSid, leg: &CallSid) -> Result<()> {
    let attempts = Cell::new(0);
    let name = caller.sid.clone();
    let rung = ring::once(cx, &name, let_go(&name, room), async |attempt| {
        attempts.set(attempt);
        call(cx, caller, room, leg, attempt).await
    });
    let Err(error) = rung.await else { return Ok(()) };
    // A passing fault is delivered again. For the others, and in the end, nobody will ever
    // pick up: let the caller go rather than leave them with the music.
    let attempts = attempts.get();
    if attempts > 0 && (!error.is_passing() || attempts >= LAST_ATTEMPT) {
        cx.twilio().end_conference(room).await?;
    }
    Err(error)
}

/// The caller's task, and whether this leg is the caller's; nothing when the task is gone.
///
/// TaskRouter writes `worker_call_sid` about when the leg enters, sometimes later: the task is
/// read again for a while, and then the leg itself is asked whom it rang.
async fn whose_leg(cx: &Context, caller: &TaskSid, leg: &CallSid) -> Result<Option<(Task, bool)>> {
    let mut rereads = 0;
    let (task, call) = loop {
        let Some(task) = unless_gone(cx.twilio().task(caller).await)? else { return Ok(None) };
        let call: CallAttributes = task.view()?;
        let known = call.worker_call_sid.as_ref().or(call.conference.participants.worker.as_ref());
        if known.is_some() || !call.client_call {
            let is_caller = known == Some(leg);
            return Ok(Some((task, is_caller)));
        }
        if rereads == REREADS {
            break (task, call);
        }
        if !cx.wait(REREAD_PAUSE).await {
            return Err(Error::Busy.into());
        }
        rereads += 1;
    };
    let Some(leg) = unless_gone(cx.twilio().call_leg(leg).await)? else { return Ok(None) };
    let rang = json::read::<CallLeg>(leg.get())?.to;
    let is_caller = rang.is_some() && [call.target_worker, call.from].contains(&rang);
    Ok(Some((task, is_caller)))
}

/// What the caller's task learns of the call.
#[derive(Serialize)]
struct Link<'a> {
    conference: LinkedRoom<'a>,
}

#[derive(Serialize)]
struct LinkedRoom<'a> {
    sid: &'a ConferenceSid,
    participants: LinkedPeople<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkedPeople<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<&'a CallSid>,
    task_sid: &'a TaskSid,
}

/// Creates the callee's task and links it.
async fn call(
    cx: &Context,
    caller: Task,
    room: &ConferenceSid,
    leg: &CallSid,
    attempt: u32,
) -> Result<Ring> {
    let ring = callee::create(cx, &caller, room, attempt).await?;
    link(cx, caller, room, Some(leg), &ring.callee).await?;
    Ok(ring)
}

/// Links the callee's task to the caller's. If the caller has left meanwhile, takes it back and
/// ends the room.
pub async fn link(
    cx: &Context,
    caller: Task,
    room: &ConferenceSid,
    leg: Option<&CallSid>,
    callee: &TaskSid,
) -> Result<()> {
    let (twilio, name) = (cx.twilio(), caller.sid.clone());
    let participants = LinkedPeople { worker: leg, task_sid: callee };
    let link = json::write(&Link { conference: LinkedRoom { sid: room, participants } });
    let linked = unless_gone(twilio.merge_task_attributes(caller, &link).await)?;
    if !linked.map(Task::read).transpose()?.is_some_and(|caller| caller.is_open()) {
        join_ok(callee::end(cx, &name, Some(callee)), twilio.end_conference(room)).await?;
    }
    Ok(())
}

/// Ends a room whose caller's task cannot be read, if this leg is alone in it.
async fn end_if_alone(cx: &Context, room: &ConferenceSid, leg: &CallSid) -> Result<()> {
    let people = unless_gone(cx.twilio().people(room).await)?;
    match people.as_deref() {
        Some([only]) if only.call_sid == *leg => cx.twilio().end_conference(room).await,
        _ => Ok(()),
    }
}
