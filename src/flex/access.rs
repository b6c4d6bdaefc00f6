//! Who may touch what: agents only what they take part in, supervisors anything.

use std::fmt;

use futures_util::join;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::agent::Agent;
use super::attributes::{CallAttributes, WorkerAttributes};
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::memory::Cache;
use crate::base::sid::{CallSid, ConferenceSid, ConversationSid, Sid as _, TaskSid, WorkerSid};
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Participant, ParticipantKind};
use crate::twilio::taskrouter::{Reservation, ReservationStatus, Task};
use crate::twilio::voice::Conference;

fn denied(what: &str) -> Box<Error> {
    Error::forbidden(&format!("You take no part in this {what}."))
}

/// Whether this agent may act on anything.
#[must_use]
pub fn is_unlimited(cx: &Context, agent: &Agent) -> bool {
    !cx.config().access_checks || agent.is_supervisor()
}

/// Checks that the agent is caller or callee of the internal call that `task` belongs to.
///
/// Nobody, supervisors included, gets another task past this.
pub async fn internal_call(cx: &Context, agent: &Agent, task: &Task) -> Result<()> {
    let call: CallAttributes = task.view();
    if !call.client_call {
        return Err(Error::forbidden("This task is no internal call."));
    }
    if is_unlimited(cx, agent) || is_party(cx, agent, &call).await? {
        return Ok(());
    }
    let worker = agent.worker()?;
    // The agent of a queue who got the call is named nowhere else.
    for sid in [Some(&task.sid), call.conference.participants.task_sid.as_ref()] {
        if let Some(sid) = sid
            && cx.twilio().has_task(worker, sid).await?
        {
            return Ok(());
        }
    }
    Err(denied("call"))
}

async fn is_party(cx: &Context, agent: &Agent, call: &CallAttributes) -> Result<bool> {
    let parties = [call.to.as_deref(), call.target_worker.as_deref()];
    let is_named = |contact: &str| parties.iter().flatten().any(|party| *party == contact);
    if !agent.identity().is_empty() && is_named(&agent.contact_uri()) {
        return Ok(true);
    }
    // A SIP phone is known by the worker's `contact_uri` alone.
    let has_other = parties.iter().flatten().any(|party| !party.starts_with("client:"));
    let Some(worker) = agent.worker_sid().filter(|_| has_other) else { return Ok(false) };
    let attributes: WorkerAttributes = cx.twilio().worker(worker).await?.view();
    Ok(attributes.contact_uri.is_some_and(|uri| is_named(&uri)))
}

/// A conference as the plugins name it: by its SID or, as Flex names its voice conferences,
/// by the SID of the task.
#[derive(Clone, Debug)]
pub enum Room {
    /// `CF…`
    Conference(ConferenceSid),
    /// `WT…`
    Task(TaskSid),
}

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let conference = ConferenceSid::parse(&name).map(Self::Conference);
        let room = conference.or_else(|| TaskSid::parse(&name).map(Self::Task));
        room.ok_or_else(|| D::Error::custom("is neither a CF… nor a WT… SID"))
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conference(sid) => sid.fmt(f),
            Self::Task(sid) => sid.fmt(f),
        }
    }
}

/// Finds the conference, and checks that the agent takes part in it.
pub async fn conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
) -> Result<ConferenceSid> {
    find_conference(cx, agent, field, room, false).await
}

/// The same; one that is over is refused, also to supervisors.
pub async fn live_conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
) -> Result<ConferenceSid> {
    find_conference(cx, agent, field, room, true).await
}

async fn find_conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
    must_live: bool,
) -> Result<ConferenceSid> {
    let over = || Error::bad(field, "names no conference that is going on");
    let twilio = cx.twilio();
    let task = match room {
        Room::Conference(sid) => {
            return conference_by_sid(cx, agent, sid, must_live).await?.ok_or_else(over);
        }
        Room::Task(task) => task,
    };
    let rooms = if is_unlimited(cx, agent) {
        twilio.conferences_named(task).await
    } else {
        let worker = agent.worker()?;
        let (rooms, has_it, found) =
            join!(twilio.conferences_named(task), twilio.has_task(worker, task), twilio.task(task));
        if !has_it? {
            through_internal_call(cx, agent, &found?).await?;
        }
        rooms
    };
    let room = rooms?.into_iter().find(Conference::is_live);
    room.map(|room| room.sid).ok_or_else(over)
}

/// The conference with this SID, after the check; nothing when it is over.
async fn conference_by_sid(
    cx: &Context,
    agent: &Agent,
    sid: &ConferenceSid,
    must_live: bool,
) -> Result<Option<ConferenceSid>> {
    let twilio = cx.twilio();
    let is_live = |found: &Conference| !must_live || found.is_live();
    if is_unlimited(cx, agent) {
        if !must_live {
            return Ok(Some(sid.clone()));
        }
        let found = unless_gone(twilio.conference(sid).await)?.filter(is_live);
        return Ok(found.map(|found| found.sid));
    }
    let worker = agent.worker()?;
    let (found, reservations) = join!(twilio.conference(sid), twilio.worker_reservations(worker));
    let Some(found) = unless_gone(found)?.filter(is_live) else { return Ok(None) };
    let is_mine = |r: &Reservation| r.is_live() && found.is_of(&r.task_sid);
    if !reservations?.iter().any(is_mine) {
        let task = found.friendly_name.as_deref().and_then(TaskSid::parse);
        let task = task.ok_or_else(|| denied("conference"))?;
        let task = unless_gone(twilio.task(&task).await)?.ok_or_else(|| denied("conference"))?;
        through_internal_call(cx, agent, &task).await?;
    }
    Ok(Some(found.sid))
}

/// Whoever does not hold the task may still be a party of the internal call.
async fn through_internal_call(cx: &Context, agent: &Agent, task: &Task) -> Result<()> {
    if !task.view::<CallAttributes>().client_call {
        return Err(denied("conference"));
    }
    internal_call(cx, agent, task).await
}

/// Checks that the agent has, or had, this task. A task that is gone is nobody's.
pub async fn task(cx: &Context, agent: &Agent, task: &TaskSid) -> Result<()> {
    let reservations = cx.twilio().task_reservations(task, agent.worker()?).await?;
    let has_had =
        |r: &Reservation| r.is_live() || r.reservation_status == ReservationStatus::Completed;
    if reservations.iter().any(has_had) { Ok(()) } else { Err(denied("task")) }
}

/// The worker that a request names, or the agent's own: supervisors may name others.
pub fn worker<'a>(
    cx: &Context,
    agent: &'a Agent,
    named: Option<&'a WorkerSid>,
) -> Result<&'a WorkerSid> {
    match named {
        Some(named) if agent.worker_sid() == Some(named) || is_unlimited(cx, agent) => Ok(named),
        Some(_) => Err(Error::forbidden("Only supervisors may do this for other workers.")),
        None => agent.worker(),
    }
}

/// Checks that the call is in a conference that the agent takes part in now.
///
/// Neither a call nor a reservation names its conference: of all that are going on, those
/// named by the agent's tasks are asked for the call. Two round trips in most cases.
pub async fn call(cx: &Context, agent: &Agent, call: &CallSid) -> Result<()> {
    let twilio = cx.twilio();
    let worker = agent.worker()?;
    let (reservations, rooms) =
        join!(twilio.worker_reservations(worker), twilio.live_conferences());
    let (reservations, rooms) = (reservations?, rooms?);
    for room in &rooms {
        if reservations.iter().any(|r| r.is_live() && room.is_of(&r.task_sid))
            && unless_gone(twilio.person(&room.sid, call).await)?.is_some()
        {
            return Ok(());
        }
    }
    Err(denied("call"))
}

/// How long an agent's part in a call is believed.
const REMEMBER_CALL: Millis = 60 * 1000;

/// In which calls agents lately took part.
#[derive(Default)]
struct Calls(Cache<(CallSid, String), (), 200>);

/// Remembers that the agent takes part in the call.
pub fn remember_call(cx: &Context, agent: &Agent, call: &CallSid) {
    let known = cx.memory::<Calls>();
    known.0.put((call.clone(), agent.key()), (), cx.now() + REMEMBER_CALL, cx.now());
}

/// Whether the agent took part in the call lately.
#[must_use]
pub fn is_remembered_call(cx: &Context, agent: &Agent, call: &CallSid) -> bool {
    cx.memory::<Calls>().0.get(&(call.clone(), agent.key()), cx.now()).is_some()
}

/// Checks that the agent is one of these participants of an interaction.
pub fn interaction(cx: &Context, agent: &Agent, participants: &[Participant]) -> Result<()> {
    if is_unlimited(cx, agent) {
        return Ok(());
    }
    let worker = agent.worker()?;
    let is_in = participants.iter().any(|p| p.is_agent() && p.worker() == Some(worker));
    if is_in { Ok(()) } else { Err(denied("interaction")) }
}

/// Checks that the agent may take this participant out: itself, or as a supervisor any
/// other of us. Nobody takes the customer out.
pub fn removal(cx: &Context, agent: &Agent, participant: &Participant) -> Result<()> {
    if !participant.is_agent() && participant.kind != ParticipantKind::Supervisor {
        return Err(Error::forbidden("This participant is no agent."));
    }
    let is_own = participant.worker().is_some() && participant.worker() == agent.worker_sid();
    if is_own || is_unlimited(cx, agent) {
        return Ok(());
    }
    Err(Error::forbidden("Only supervisors take out other agents."))
}

/// Reads a conversation, and checks that the agent is in it.
pub async fn conversation(
    cx: &Context,
    agent: &Agent,
    sid: &ConversationSid,
) -> Result<Conversation> {
    let (twilio, name) = (cx.twilio(), sid.to_string());
    if is_unlimited(cx, agent) {
        return twilio.conversation(&name).await;
    }
    let (member, found) = join!(twilio.member(sid, agent.identity()), twilio.conversation(&name));
    unless_gone(member)?.ok_or_else(|| denied("conversation"))?;
    found
}
