//! Who may touch what: agents only what they take part in, supervisors anything.

use crate::Context;
use crate::auth::Agent;
use crate::error::{Error, Result, Stop};
use crate::json::{self, Object};
use crate::sid::Sid;
use crate::twilio::interactions::Participant;
use crate::twilio::taskrouter::{Reservation, Task};
use crate::twilio::unless_gone;
use crate::twilio::voice::Conference;

fn denied(what: &str) -> Stop {
    Error::forbidden(&["You take no part in this ", what, "."].concat())
}

/// Whether this agent may act on anything.
#[must_use]
pub fn is_unlimited(cx: &Context, agent: &Agent) -> bool {
    !cx.app.config.access_checks || agent.is_supervisor()
}

/// Checks that the agent is caller or callee of the internal call that `task` belongs to.
///
/// Nobody, supervisors included, gets another task past this.
pub fn internal_call(cx: &Context, agent: &Agent, task: &Task) -> Result<()> {
    if !is_internal_call(task) {
        return Err(Error::forbidden("This task is no internal call."));
    }
    if is_unlimited(cx, agent) || is_party(cx, agent, task)? {
        return Ok(());
    }
    let worker = agent.worker()?;
    let linked = task.sid("WT", &["conference", "participants", "taskSid"]);
    for sid in [Some(task.sid.clone()), linked].into_iter().flatten() {
        // The agent of a queue who got the call is named nowhere else.
        if cx.twilio().has_task(worker, &sid)? {
            return Ok(());
        }
    }
    Err(denied("call"))
}

/// The mark of the peers' plugins on both tasks of an internal call.
#[must_use]
pub fn is_internal_call(task: &Task) -> bool {
    let attributes = Object::parse(&task.attributes).unwrap_or_default();
    matches!(attributes.raw("client_call"), Some("true" | "\"true\""))
}

fn is_party(cx: &Context, agent: &Agent, task: &Task) -> Result<bool> {
    let parties = [task.text(&["to"]), task.text(&["targetWorker"])];
    let named = |contact: &str| parties.iter().flatten().any(|party| party == contact);
    if !agent.identity.is_empty() && named(&["client:", &agent.identity].concat()) {
        return Ok(true);
    }
    // A SIP phone is known by the worker's `contact_uri` alone.
    let has_other = parties.iter().flatten().any(|party| !party.starts_with("client:"));
    let Some(worker) = agent.worker.as_ref().filter(|_| has_other) else { return Ok(false) };
    let attributes = cx.twilio().worker_attributes(worker)?;
    Ok(json::at(&attributes, &["contact_uri"]).is_some_and(|uri| named(&uri)))
}

/// Finds the conference that `name` means, and checks that the agent takes part in it.
///
/// `name` is its SID or, as Flex names its voice conferences, the SID of the task.
pub fn conference(cx: &Context, agent: &Agent, field: &str, name: &str) -> Result<Sid> {
    find_conference(cx, agent, field, name, false)
}

/// The same; one that is over is refused, also to supervisors.
pub fn live_conference(cx: &Context, agent: &Agent, field: &str, name: &str) -> Result<Sid> {
    find_conference(cx, agent, field, name, true)
}

fn find_conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    name: &str,
    must_live: bool,
) -> Result<Sid> {
    let over = || Error::bad(field, "names no conference that is going on");
    let twilio = cx.twilio();
    if let Some(sid) = Sid::parse("CF", name) {
        cx.note(&sid);
        if is_unlimited(cx, agent) {
            let is_over =
                must_live && !unless_gone(twilio.conference(&sid))?.is_some_and(|c| c.is_live());
            return if is_over { Err(over()) } else { Ok(sid) };
        }
        let (found, reservations) =
            (twilio.conference(&sid), twilio.worker_reservations(agent.worker()?));
        let found = unless_gone(found)?.ok_or_else(over)?;
        if must_live && !found.is_live() {
            return Err(over());
        }
        let name = found.friendly_name;
        let is_mine = |r: &Reservation| r.is_live() && r.task == name;
        if reservations?.iter().any(is_mine) {
            return Ok(sid);
        }
        let task = Sid::parse("WT", &name).ok_or_else(|| denied("conference"))?;
        let task = unless_gone(twilio.task(&task))?.ok_or_else(|| denied("conference"))?;
        if !is_internal_call(&task) {
            return Err(denied("conference"));
        }
        return internal_call(cx, agent, &task).map(|()| sid);
    }
    let Some(task) = Sid::parse("WT", name) else {
        return Err(Error::bad(field, "is neither a CF… nor a WT… SID"));
    };
    cx.note(&task);
    let rooms = twilio.conferences_named(&task);
    let rooms = if is_unlimited(cx, agent) {
        rooms
    } else {
        let has_it = twilio.has_task(agent.worker()?, &task);
        let task = twilio.task(&task);
        if !has_it? {
            let task = task?;
            if !is_internal_call(&task) {
                return Err(denied("conference"));
            }
            internal_call(cx, agent, &task)?;
        }
        rooms
    };
    let room = rooms?.into_iter().find(Conference::is_live);
    room.map(|room| room.sid).ok_or_else(over)
}

/// Checks that the agent has, or had, this task. A task that is gone is nobody's.
pub fn task(cx: &Context, agent: &Agent, task: &Sid) -> Result<()> {
    let reservations = cx.twilio().task_reservations(task, agent.worker()?)?;
    let has_had = |r: &Reservation| r.is_live() || r.status == "completed";
    if reservations.iter().any(has_had) { Ok(()) } else { Err(denied("task")) }
}

/// The worker that a request names, or the agent's own: supervisors may name others.
pub fn worker<'a>(cx: &Context, agent: &'a Agent, named: Option<&'a Sid>) -> Result<&'a Sid> {
    match named {
        Some(named) if agent.worker.as_ref() == Some(named) || is_unlimited(cx, agent) => Ok(named),
        Some(_) => Err(Error::forbidden("Only supervisors may do this for other workers.")),
        None => agent.worker(),
    }
}

/// Checks that the call is in a conference that the agent takes part in now.
///
/// Neither a call nor a reservation names its conference: of all that are going on, those
/// named by the agent's tasks are asked for the call. Two round trips in most cases.
pub fn call(cx: &Context, agent: &Agent, call: &Sid) -> Result<()> {
    let twilio = cx.twilio();
    let (reservations, rooms) =
        (twilio.worker_reservations(agent.worker()?), twilio.live_conferences());
    let (reservations, rooms) = (reservations?, rooms?);
    for room in &rooms {
        let room = Conference::read(room)?;
        if reservations.iter().any(|r| r.is_live() && r.task == room.friendly_name)
            && unless_gone(twilio.participant(&room.sid, call))?.is_some()
        {
            return Ok(());
        }
    }
    Err(denied("call"))
}

/// Checks that the agent is one of these participants of an interaction.
pub fn interaction(cx: &Context, agent: &Agent, participants: &[Participant]) -> Result<()> {
    if is_unlimited(cx, agent) {
        return Ok(());
    }
    let worker = agent.worker()?;
    let is_in = participants.iter().any(|p| p.is_agent() && p.worker.as_ref() == Some(worker));
    if is_in { Ok(()) } else { Err(denied("interaction")) }
}

/// Checks that the agent may take this participant out: itself, or as a supervisor any
/// other of us. Nobody takes the customer out.
pub fn removal(cx: &Context, agent: &Agent, participant: &Participant) -> Result<()> {
    if !participant.is_agent() && participant.kind != "supervisor" {
        return Err(Error::forbidden("This participant is no agent."));
    }
    let is_own = participant.worker.is_some() && participant.worker == agent.worker;
    if is_own || is_unlimited(cx, agent) {
        return Ok(());
    }
    Err(Error::forbidden("Only supervisors take out other agents."))
}

/// Reads the attributes of a conversation, and checks that the agent is in it.
pub fn conversation(cx: &Context, agent: &Agent, sid: &Sid) -> Result<String> {
    let twilio = cx.twilio();
    if is_unlimited(cx, agent) {
        return twilio.conversation_attributes(sid);
    }
    let member = twilio.conversation_member(sid, &agent.identity);
    let attributes = twilio.conversation_attributes(sid);
    unless_gone(member)?.ok_or_else(|| denied("conversation"))?;
    attributes
}
