//! Who may touch what: agents only what they take part in, supervisors anything.

use futures_util::future::{join, join3};

use crate::Context;
use crate::auth::Agent;
use crate::error::{Error, Result};
use crate::json::{self, Object};
use crate::sid::Sid;
use crate::twilio::taskrouter::{Reservation, Task};
use crate::twilio::voice::Conference;

fn denied(what: &str) -> Box<Error> {
    Error::forbidden(&format!("You take no part in this {what}."))
}

/// Whether this agent may act on anything.
#[must_use]
pub fn is_unlimited(cx: &Context<'_>, agent: &Agent) -> bool {
    !cx.app.config.access_checks || agent.is_supervisor()
}

/// Checks that the agent is caller or callee of the internal call that `task` belongs to.
///
/// Nobody, supervisors included, gets another task past this.
pub async fn internal_call(cx: &Context<'_>, agent: &Agent, task: &Task) -> Result<()> {
    if !is_internal_call(task) {
        return Err(Error::forbidden("This task is no internal call."));
    }
    if is_unlimited(cx, agent) || is_party(cx, agent, task).await? {
        return Ok(());
    }
    let worker = agent.worker()?;
    let linked = task.text(&["conference", "participants", "taskSid"]);
    let linked = linked.and_then(|sid| Sid::parse("WT", &sid));
    for sid in [Some(task.sid), linked].into_iter().flatten() {
        // The agent of a queue who got the call is named nowhere else.
        match cx.twilio().task_reservations(sid, worker).await {
            Ok(reservations) if reservations.iter().any(Reservation::is_live) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.is_gone() => {}
            Err(error) => return Err(error),
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

async fn is_party(cx: &Context<'_>, agent: &Agent, task: &Task) -> Result<bool> {
    let parties = [task.text(&["to"]), task.text(&["targetWorker"])];
    let named = |contact: &str| parties.iter().flatten().any(|party| party == contact);
    if !agent.identity.is_empty() && named(&format!("client:{}", agent.identity)) {
        return Ok(true);
    }
    // A SIP phone is known by the worker's `contact_uri` alone.
    let has_other = parties.iter().flatten().any(|party| !party.starts_with("client:"));
    let Some(worker) = agent.worker.filter(|_| has_other) else { return Ok(false) };
    let attributes =
        json::at(&cx.twilio().worker(worker).await?.body, &["attributes"]).unwrap_or_default();
    Ok(json::at(&attributes, &["contact_uri"]).is_some_and(|uri| named(&uri)))
}

/// Finds the conference that `name` means, and checks that the agent takes part in it.
///
/// `name` is its SID or, as Flex names its voice conferences, the SID of the task.
pub async fn conference(cx: &Context<'_>, agent: &Agent, field: &str, name: &str) -> Result<Sid> {
    let twilio = cx.twilio();
    if let Some(sid) = Sid::parse("CF", name) {
        cx.note(&sid);
        if is_unlimited(cx, agent) {
            return Ok(sid);
        }
        let (found, reservations) =
            join(twilio.conference(sid), twilio.worker_reservations(agent.worker()?)).await;
        let name = found?.friendly_name;
        let is_mine = |r: &Reservation| r.is_live() && r.task == name;
        if reservations?.iter().any(is_mine) {
            return Ok(sid);
        }
        let task = Sid::parse("WT", &name).ok_or_else(|| denied("conference"))?;
        let task = twilio
            .task(task)
            .await
            .map_err(|e| if e.is_gone() { denied("conference") } else { e })?;
        if !is_internal_call(&task) {
            return Err(denied("conference"));
        }
        return internal_call(cx, agent, &task).await.map(|()| sid);
    }
    let Some(task) = Sid::parse("WT", name) else {
        return Err(Error::bad(field, "is neither a CF… nor a WT… SID"));
    };
    cx.note(&task);
    let rooms = twilio.conferences_named(task);
    let rooms = if is_unlimited(cx, agent) {
        rooms.await?
    } else {
        let reservations = twilio.task_reservations(task, agent.worker()?);
        let (rooms, reservations, task) = join3(rooms, reservations, twilio.task(task)).await;
        if !reservations?.iter().any(Reservation::is_live) {
            let task = task?;
            if !is_internal_call(&task) {
                return Err(denied("conference"));
            }
            internal_call(cx, agent, &task).await?;
        }
        rooms?
    };
    let room = rooms.into_iter().find(Conference::is_live);
    room.map(|room| room.sid)
        .ok_or_else(|| Error::bad(field, "names no conference that is going on"))
}
