//! Tasks: their attributes and how they end.

use futures_util::join;
use serde::Deserialize;

use super::guard::{check_guarded, guarded};
use super::{cancel, end};
use crate::base::answer::{Done, Nothing, done};
use crate::base::attributes::{MAX_TASK, check_size};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::members::{Members, lenient, nested, view};
use crate::base::params::JsonObject;
use crate::base::sid::{CallSid, ConferenceSid, TaskSid};
use crate::flex::access::{self, Part};
use crate::flex::agent::Agent;
use crate::flex::attributes::{CallAttributes, ChatTask};
use crate::twilio::taskrouter::{AssignmentStatus, Task};

const REASON: &str = "Ended by an agent";

/// What of a task's attributes agents cannot change here: who is asked next, whose call or
/// conversation it is.
const GUARDED: [&str; 14] = [
    "callToQueue",
    "client_call",
    "conferenceSid",
    "dialedFromTaskSid",
    "flexChannelInviteSid",
    "flexInteractionChannelSid",
    "flexInteractionSid",
    "ignoreWorkerContactUri",
    "targetWorker",
    "to",
    "transferQueueName",
    "transferTargetSid",
    "transferTargetType",
    "workerSidsInConversation",
];

/// What agents may change only to name the room and the leg of the task's own call.
const ROOM: [&str; 2] = ["call_sid", "conference"];

/// What `update-task-attributes` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTask {
    task_sid: TaskSid,
    attributes_update: JsonObject,
}

/// `update-task-attributes`: merges `attributesUpdate` into a task's attributes.
///
/// 1. The task is read, and the agent's part in it checked. Who had a task that is over may
///    still say how it ended.
/// 2. What decides who is asked next, and whose call it is, is not the agent's to change.
/// 3. The merged attributes are written, if nobody else has written meanwhile; else on
///    fresh data.
pub async fn update_task(cx: &Context, agent: &Agent, ask: UpdateTask) -> Result<Done<Nothing>> {
    let (twilio, update) = (cx.twilio(), ask.attributes_update.as_str());
    check_size("attributesUpdate", update, MAX_TASK)?;
    let (task, part) = join!(twilio.task(&ask.task_sid), part(cx, agent, &ask.task_sid));
    let (task, part) = (task?, part?);
    if part != Part::Has && !(part == Part::Had && task.is_finished()) {
        return Err(no_part());
    }
    if !access::is_unlimited(cx, agent) {
        check_guarded(task.attributes()?, update, &GUARDED)?;
        if let Some(name) = guarded(task.attributes()?, update, &ROOM)
            && !names_own_room(cx, &task, update).await?
        {
            return Err(Error::forbidden(&format!("Agents cannot change the attribute {name}.")));
        }
    }
    twilio.merge_task_attributes(task, update).await?;
    Ok(done())
}

/// The agent's part in a task; who may act on anything counts as having it.
async fn part(cx: &Context, agent: &Agent, task: &TaskSid) -> Result<Part> {
    if access::is_unlimited(cx, agent) {
        return Ok(Part::Has);
    }
    access::part(cx, agent, task).await
}

fn no_part() -> Box<Error> {
    Error::forbidden("You take no part in this task.")
}

/// An update that names a room.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RoomUpdate {
    #[serde(deserialize_with = "lenient")]
    call_sid: Option<CallSid>,
    #[serde(deserialize_with = "nested")]
    conference: RoomSid,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoomSid {
    #[serde(deserialize_with = "lenient")]
    sid: Option<ConferenceSid>,
}

/// Whether the update names no more than room and leg of a call, for example where its
/// recording is; that of an internal call must be the task's own.
async fn names_own_room(cx: &Context, task: &Task, update: &str) -> Result<bool> {
    let room: RoomUpdate = view(update);
    let update = Members::parse(update).unwrap_or_default();
    let conference = update.get("conference").and_then(Members::parse).unwrap_or_default();
    let is_more = (update.get("call_sid").is_some() && room.call_sid.is_none())
        || (update.get("conference").is_some() && room.conference.sid.is_none())
        || conference.iter().any(|member| member.name != "sid");
    if is_more {
        return Ok(false);
    }
    if !task.view::<CallAttributes>()?.client_call {
        return Ok(true);
    }
    let (twilio, Some(sid)) = (cx.twilio(), room.conference.sid) else { return Ok(false) };
    let found = unless_gone(twilio.conference(&sid).await)?;
    if !found.is_some_and(|found| found.is_of(&task.sid)) {
        return Ok(false);
    }
    match room.call_sid {
        Some(leg) => Ok(unless_gone(twilio.person(&sid, &leg).await)?.is_some()),
        None => Ok(true),
    }
}

/// What `update-task-assignment-status` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateStatus {
    task_sid: TaskSid,
    assignment_status: NewStatus,
}

/// What a task can be made.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum NewStatus {
    Canceled,
    Wrapping,
    Completed,
}

impl NewStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::Wrapping => "wrapping",
            Self::Completed => "completed",
        }
    }

    /// Whether a task is there, or beyond.
    fn is_reached(self, task: &Task) -> bool {
        match task.assignment_status {
            AssignmentStatus::Canceled | AssignmentStatus::Completed => true,
            AssignmentStatus::Wrapping => self == Self::Wrapping,
            _ => false,
        }
    }
}

/// `update-task-assignment-status`: a task is canceled, wraps up or is completed.
///
/// 1. The agent must have the task; or it is a call of their own that nobody has taken; or it
///    is an invite to a chat that they are in ([`cancel::invite`]).
///    The same request again, by the same agents, is fine: who had a task that is over has ended it.
/// 2. Of a chat in which nobody else is the channel ends first ([`end::task`]).
/// 3. Twilio is told. A task that is gone, or has got there by itself, is fine; when it has
///    not, for example because the invited agent has just accepted, the agent is told so.
pub async fn update_status(
    cx: &Context,
    agent: &Agent,
    ask: UpdateStatus,
) -> Result<Done<Nothing>> {
    let (sid, status) = (&ask.task_sid, ask.assignment_status);
    let is_cancel = status == NewStatus::Canceled;
    let (task, part) = join!(cx.twilio().task(sid), part(cx, agent, sid));
    let Some(task) = unless_gone(task)? else { return Ok(done()) };
    let (part, channel) = (part?, task.view::<ChatTask>()?.channel());
    if is_cancel && task.is_waiting() {
        if let Some(channel) = &channel {
            let set = async || set(cx, sid, status).await;
            return cancel::invite(cx, agent, channel, sid, set).await;
        }
        if cancel::is_own_call(cx, agent, &task) {
            return set(cx, sid, status).await;
        }
    }
    if part == Part::Had && task.is_finished() {
        return Ok(done());
    }
    if part == Part::Has {
        let is_held = task.assignment_status == AssignmentStatus::Assigned;
        return match channel.filter(|_| is_held && !is_cancel) {
            Some(channel) => {
                end::task(cx, &channel, sid, async || set(cx, sid, status).await).await
            }
            None => set(cx, sid, status).await,
        };
    }
    match channel {
        Some(channel) if is_cancel && status.is_reached(&task) => {
            cancel::check_canceled(cx, agent, &channel, sid).await?;
            Ok(done())
        }
        _ => Err(no_part()),
    }
}

async fn set(cx: &Context, sid: &TaskSid, status: NewStatus) -> Result<Done<Nothing>> {
    let twilio = cx.twilio();
    let Err(error) = twilio.set_task_status(sid, status.as_str(), REASON).await else {
        return Ok(done());
    };
    if error.is_gone() {
        return Ok(done());
    }
    if !error.is_wrong_state() {
        return Err(error);
    }
    match unless_gone(twilio.task(sid).await)? {
        Some(task) if !status.is_reached(&task) => Err(error),
        _ => Ok(done()),
    }
}
