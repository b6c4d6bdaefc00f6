//! An agent's part in calls: by the conference that a call is in.

use futures_util::join;

use super::part::{Part, Reservations, denied, is_unlimited};
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::memory::Cache;
use crate::base::sid::{CallSid, ConferenceSid, TaskSid};
use crate::flex::agent::Agent;
use crate::flex::attributes::CallAttributes;
use crate::flex::ring;
use crate::twilio::voice::Conference;

/// How long an agent's part in a call is believed.
const REMEMBER: Millis = 60 * 1000;
/// As many of an agent's tasks are looked at for a room that is not listed.
const MOST_TASKS: usize = 5;

/// The conference of the agent's that this call is in, when `field` should say which and does
/// not. To those who may act on any, that field is missing.
pub async fn own_room_with(
    cx: &Context,
    agent: &Agent,
    field: &str,
    call: &CallSid,
) -> Result<ConferenceSid> {
    let is_unlimited = is_unlimited(cx, agent);
    let found = match agent.worker_sid() {
        None if is_unlimited => None,
        _ => room_with(cx, agent, call).await?,
    };
    let missing = || Error::bad(field, "is missing");
    found.ok_or_else(|| if is_unlimited { missing() } else { denied("conference") })
}

/// The conference that the agent takes part in and that this call is in.
///
/// Neither a call nor a reservation names its conference: of all that are going on, those
/// named by the tasks that the agent holds are asked for the call. Two round trips in most
/// cases. A room of one is not listed, a called agent's bears another's name: those are looked
/// for by name.
async fn room_with(cx: &Context, agent: &Agent, call: &CallSid) -> Result<Option<ConferenceSid>> {
    let (own, rooms) = join!(Reservations::of(cx, agent), cx.twilio().live_conferences());
    let (own, rooms) = (own?, rooms?);
    let (listed, unlisted): (Vec<_>, Vec<_>) =
        own.accepted().into_iter().partition(|task| rooms.iter().any(|room| room.is_of(task)));
    for task in listed {
        if own.part(cx, task).await? == Part::Has {
            let rooms = rooms.iter().filter(|room| room.is_of(task));
            if let Some(found) = room_of_call(cx, rooms, call).await? {
                return Ok(Some(found));
            }
        }
    }
    for task in unlisted.into_iter().take(MOST_TASKS) {
        if own.part(cx, task).await? == Part::Has
            && let Some(name) = name_of_room(cx, task).await?
        {
            let rooms = cx.twilio().conferences_named(&name).await?;
            let rooms = rooms.iter().filter(|room| room.is_live());
            if let Some(found) = room_of_call(cx, rooms, call).await? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// That of the rooms which the call is in.
async fn room_of_call(
    cx: &Context,
    rooms: impl Iterator<Item = &Conference>,
    call: &CallSid,
) -> Result<Option<ConferenceSid>> {
    for room in rooms {
        if unless_gone(cx.twilio().person(&room.sid, call).await)?.is_some() {
            return Ok(Some(room.sid.clone()));
        }
    }
    Ok(None)
}

/// The name that the room of a voice task bears: for the callee's task of an internal call the
/// caller's. The attributes say which that would be, our own record whether it is.
async fn name_of_room(cx: &Context, sid: &TaskSid) -> Result<Option<TaskSid>> {
    let task = unless_gone(cx.twilio().task(sid).await)?;
    let is_voice = |channel: Option<&str>| channel.is_none_or(|name| name == "voice");
    let Some(task) = task.filter(|task| is_voice(task.task_channel_unique_name.as_deref())) else {
        return Ok(None);
    };
    let caller = task.view::<CallAttributes>()?.conference_sid;
    let Some(caller) = caller.filter(|caller| caller != sid) else { return Ok(Some(task.sid)) };
    let ring = ring::known(cx, &caller).await?;
    Ok(ring.filter(|ring| ring.callee == *sid).map(|_| caller))
}

/// In which calls agents lately took part.
#[derive(Default)]
struct Calls(Cache<(CallSid, String), (), 200>);

/// Remembers that the agent takes part in the call: enough to be told of it, not to act on it.
pub fn remember_call(cx: &Context, agent: &Agent, call: &CallSid) {
    let known = cx.memory::<Calls>();
    known.0.put((call.clone(), agent.key()), (), cx.now() + REMEMBER, cx.now());
}

/// Whether the agent took part in the call lately.
#[must_use]
pub fn is_remembered_call(cx: &Context, agent: &Agent, call: &CallSid) -> bool {
    cx.memory::<Calls>().0.get(&(call.clone(), agent.key()), cx.now()).is_some()
}

/// Checks that the agent takes part in a conference that the call is in.
pub async fn call(cx: &Context, agent: &Agent, call: &CallSid) -> Result<()> {
    room_with(cx, agent, call).await?.map(drop).ok_or_else(|| denied("call"))
}
