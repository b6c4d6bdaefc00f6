//! One agent calls another inside Flex.
//!
//! The caller's softphone enters a conference named after the caller's task. When its leg
//! is in, a second task rings the called agent; when they accept, their leg enters the same
//! conference. The end of the conference ends both tasks.

use crate::Context;
use crate::access::{self, is_internal_call};
use crate::auth::{FlexCall, Webhook};
use crate::config::{Feature, INTERNAL_CALL_WORKFLOW};
use crate::error::{Error, Result, Settle as _, Stop, both};
use crate::gate;
use crate::json;
use crate::runtime::{Millis, Request, Response, SECOND};
use crate::sid::Sid;
use crate::twilio::taskrouter::Task;
use crate::twilio::unless_gone;
use crate::twilio::voice::Conference;
use crate::twiml::{el, response};

/// How often, and how far apart, the caller's task is read again when TaskRouter has not
/// written `worker_call_sid` yet.
const REREADS: u32 = 6;
const REREAD_PAUSE: Millis = 250;
/// How long a created callee task is remembered for late duplicates of the webhook.
const REMEMBER: Millis = 60 * 60 * SECOND;
/// After this many owners have failed at the callee task, the caller is let go.
const LAST_ATTEMPT: u32 = 3;
const ENDED: &str = "The conference is complete";
const REJECTED: &str = "The internal call was rejected";

/// Have Twilio deliver a failed callback again, which it does not do by default
/// (<https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>).
const RETRY: &str = "#rc=3&rp=ct,rt,5xx";

/// `agent-outbound-join`: the calling agent's leg enters the conference.
pub fn caller_leg(cx: &Context, request: &Request, event: Webhook) -> Result<Response> {
    let room = cx.sid(&event.params, "taskSid", "WT")?;
    Ok(enter(cx, request, &room))
}

/// `agent-join-conference`: the called agent's leg enters the caller's conference.
///
/// It brings its own status callback: Twilio honours that of the first to enter, and if the
/// called agent is the first, the caller has left and nobody else would ever know.
pub fn callee_leg(cx: &Context, request: &Request, event: Webhook) -> Result<Response> {
    let room = cx.sid(&event.params, "conferenceName", "WT")?;
    Ok(enter(cx, request, &room))
}

fn enter(cx: &Context, request: &Request, room: &Sid) -> Response {
    let origin = cx.app.config.public_url.as_deref().unwrap_or(request.origin_of_url());
    let folder = request.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let callback = [origin, folder, "/call-outbound-join", RETRY].concat();
    let conference = el("Conference")
        .attr("statusCallback", &callback)
        .attr("statusCallbackEvent", "join end")
        .attr("endConferenceOnExit", "true")
        .text(room.as_str());
    Response::twiml(response(el("Dial").child(conference)))
}

/// `call-outbound-join`: something happened in the conference.
pub fn conference_event(cx: &Context, event: Webhook) -> Result<Response> {
    let params = &event.params;
    let kind = params.optional_text("StatusCallbackEvent")?;
    // Only conferences named after a task are ours.
    let Ok(caller) = cx.sid(params, "FriendlyName", "WT") else { return Ok(Response::success()) };
    match kind {
        Some("participant-join") => {
            let conference = cx.sid(params, "ConferenceSid", "CF")?;
            let leg = cx.sid(params, "CallSid", "CA")?;
            joined(cx, &caller, &conference, &leg).map_err(deliver_again)?;
        }
        Some("conference-end") => ended(cx, &caller).map_err(deliver_again)?,
        _ => {}
    }
    Ok(Response::success())
}

/// Twilio delivers an event again when the answer is 5xx, and only then.
fn deliver_again(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(error) if error.is_passing() && error.status() < 500 => Error::Busy.into(),
        other => other,
    }
}

/// Somebody has entered.
///
/// 1. Read the caller's task; again, if need be, until it tells whose leg this is. If it is
///    gone or refused, end the room, unless there is company in it.
/// 2. The called agent's leg: if the caller has left, end the room, or the agent waits in
///    it alone.
/// 3. The caller's leg: create the callee's task, once.
/// 4. Link it to the caller's task, for hold and for the end. If the caller has left
///    meanwhile, take it back and end the room.
fn joined(cx: &Context, caller: &Sid, conference: &Sid, leg: &Sid) -> Result<()> {
    let twilio = cx.twilio();
    let task = match unless_gone(twilio.task(caller)).settled()? {
        Ok(Some(task)) => task,
        Err(error) if error.is_passing() => return Err(error.into()),
        // Nobody will ever be called for this leg.
        unreadable => {
            end_if_alone(cx, conference, leg)?;
            return Ok(unreadable.map(drop)?);
        }
    };
    if !is_internal_call(&task) {
        return Ok(());
    }
    let (task, is_caller) = whose_leg(cx, caller, task, leg)?;
    if !is_caller {
        let room = task.text(&["conference", "sid"]);
        let is_stray = !task.is_open() || room.is_some_and(|room| room != conference.as_str());
        return if is_stray { twilio.end_conference(conference) } else { Ok(()) };
    }
    if !task.is_open() {
        // The caller has left, and whoever rings must not go on.
        return end_callee(cx, caller, linked_callee(&task).as_ref()).map(drop);
    }
    if linked_callee(&task).is_some() {
        return Ok(());
    }
    let mut attempts = 0;
    let key = ["internal-call/", caller.as_str()].concat();
    let rung = gate::once(cx, &key, REMEMBER, |attempt| {
        attempts = attempt;
        ring(cx, task, conference, leg, attempt)
    });
    match rung.settled()? {
        Ok(_) => Ok(()),
        Err(error) => {
            // A passing fault is delivered again. For the others, and in the end, nobody
            // will ever pick up: let the caller go rather than leave them with the music.
            if attempts > 0 && (!error.is_passing() || attempts >= LAST_ATTEMPT) {
                twilio.end_conference(conference)?;
            }
            Err(error.into())
        }
    }
}

/// Whether this leg is the caller's. TaskRouter writes `worker_call_sid` about when the leg
/// enters, sometimes later: the task is read again for a while, and then the leg itself
/// is asked whom it rang.
fn whose_leg(
    cx: &Context,
    caller: &Sid,
    mut task: Box<Task>,
    leg: &Sid,
) -> Result<(Box<Task>, bool)> {
    let of_caller = |task: &Task| {
        let known = task.text(&["worker_call_sid"]).or(task.text(&[
            "conference",
            "participants",
            "worker",
        ]));
        known.map(|sid| sid == leg.as_str())
    };
    for _ in 0..REREADS {
        if let Some(is_caller) = of_caller(&task) {
            return Ok((task, is_caller));
        }
        cx.wait("", REREAD_PAUSE)?;
        task = cx.twilio().task(caller)?;
    }
    if let Some(is_caller) = of_caller(&task) {
        return Ok((task, is_caller));
    }
    let rang = json::at(&cx.twilio().call_leg(leg)?.body, &["to"]);
    let contacts = [task.text(&["targetWorker"]), task.text(&["from"])];
    let is_caller = rang.is_some() && contacts.contains(&rang);
    Ok((task, is_caller))
}

/// Creates the callee's task and links it; answers its SID.
fn ring(
    cx: &Context,
    caller: Box<Task>,
    conference: &Sid,
    leg: &Sid,
    attempt: u32,
) -> Result<String> {
    let twilio = cx.twilio();
    let (room, callee) = (caller.sid.clone(), create_callee(cx, &caller, conference, attempt)?);
    let participants =
        json::object().text("worker", leg.as_str()).text("taskSid", callee.as_str()).end();
    let link =
        json::object().text("sid", conference.as_str()).raw("participants", &participants).end();
    let link = json::object().raw("conference", &link).end();
    let linked = unless_gone(twilio.merge_task_attributes(caller, &link))?;
    let linked = linked.map(|caller| Task::read(&caller.body, None)).transpose()?;
    if !linked.is_some_and(|caller| caller.is_open()) {
        let closed = end_callee(cx, &room, Some(&callee)).map(drop);
        both(closed, twilio.end_conference(conference))?;
    }
    Ok(callee.to_string())
}

/// Creates the callee's task, unless an earlier attempt has.
fn create_callee(cx: &Context, caller: &Task, conference: &Sid, attempt: u32) -> Result<Sid> {
    cx.app.config.require(Feature::InternalCall)?;
    let workflow = cx.app.config.sid(INTERNAL_CALL_WORKFLOW);
    let attributes = callee_attributes(caller, conference)?;
    let fields = [
        ("WorkflowSid", workflow),
        ("TaskChannel", "voice"),
        ("Attributes", &attributes),
        ("Priority", "0"),
        ("Timeout", "86400"),
    ];
    let look = || Ok(find_callee(cx, &caller.sid)?.map(|callee| callee.sid));
    gate::make(cx, attempt, &look, &|| Ok(cx.twilio().create_task(&fields)?.sid))
}

/// What the peers' plugins read of the callee's task. No `direction`: Flex would accept an
/// outbound task by itself.
fn callee_attributes(caller: &Task, conference: &Sid) -> Result<String> {
    let Some(to) = caller.text(&["to"]) else {
        return Err(Error::bad("to", "is missing in the caller's task"));
    };
    let from = caller.text(&["targetWorker"]).or(caller.text(&["from"]));
    let (target, value) = match to.strip_prefix("queue:") {
        Some(queue) => ("callToQueue", caller.text(&["callToQueue"]).unwrap_or(queue.to_owned())),
        None if to.starts_with("client:") || to.starts_with("sip:") => ("targetWorker", to.clone()),
        None => {
            return Err(Error::bad(
                "to",
                "is neither client:, sip: nor queue: in the caller's task",
            ));
        }
    };
    let room = json::object()
        .text("sid", conference.as_str())
        .text("friendlyName", caller.sid.as_str())
        .end();
    Ok(json::object()
        .text("to", &to)
        .optional_text("name", caller.text(&["fromName"]).as_deref())
        .optional_text("from", from.as_deref())
        .text(target, &value)
        .text("autoAnswer", "false")
        .text("conferenceSid", caller.sid.as_str())
        .raw("conference", &room)
        .text("internal", "true")
        .flag("client_call", true)
        .end())
}

/// The callee's task, found by the mark it carries, when no link leads to it.
fn find_callee(cx: &Context, caller: &Sid) -> Result<Option<Box<Task>>> {
    let tasks =
        cx.twilio().tasks_where(&["conferenceSid == \"", caller.as_str(), "\""].concat())?;
    let tasks = tasks.into_iter().filter(|task| is_callee_of(task, caller));
    Ok(tasks.max_by_key(|task| task.is_open()))
}

/// Attributes can be rewritten by agents: only a task that is marked on all counts is ours.
fn is_callee_of(task: &Task, caller: &Sid) -> bool {
    is_internal_call(task)
        && task.text(&["conferenceSid"]).as_deref() == Some(caller.as_str())
        && task.sid != *caller
}

/// Ends a room whose caller's task cannot be read, if this leg is alone in it.
fn end_if_alone(cx: &Context, conference: &Sid, leg: &Sid) -> Result<()> {
    let people = unless_gone(cx.twilio().people(conference))?;
    match people.as_deref() {
        Some([only]) if json::at(only, &["call_sid"]).as_deref() == Some(leg.as_str()) => {
            cx.twilio().end_conference(conference)
        }
        _ => Ok(()),
    }
}

/// The conference is over: both tasks end.
///
/// 1. Read the caller's task. It may be gone: go on.
/// 2. End it, and read the callee's; if no link leads there, look for one.
/// 3. End the callee's. One that is linked only now sees that the caller has left, and is
///    taken back by whoever links it.
///
/// A failure of one does not keep the other from its end; Twilio delivers the event again.
fn ended(cx: &Context, caller: &Sid) -> Result<()> {
    let twilio = cx.twilio();
    let task = match unless_gone(twilio.task(caller)).settled()? {
        Ok(Some(task)) if !is_internal_call(&task) => return Ok(()),
        Ok(task) => task,
        Err(error) => {
            // The callee must not ring on because of it.
            end_callee(cx, caller, None)?;
            return Err(error.into());
        }
    };
    let linked = task.as_ref().and_then(|task| linked_callee(task));
    let closed = match task {
        Some(task) => twilio.close_task(task, ENDED),
        None => Ok(None),
    };
    let found = end_callee(cx, caller, linked.as_ref()).settled()?;
    let (closed, found) = (closed?, found?);
    let now_linked = closed.as_ref().and_then(|task| linked_callee(task));
    if !found && now_linked.is_some() && now_linked != linked {
        end_callee(cx, caller, now_linked.as_ref())?;
    }
    Ok(())
}

fn linked_callee(caller: &Task) -> Option<Sid> {
    caller.sid("WT", &["conference", "participants", "taskSid"])
}

/// Ends the callee's task, if there is one; whether there was.
fn end_callee(cx: &Context, caller: &Sid, linked: Option<&Sid>) -> Result<bool> {
    let Some(callee) = callee_of(cx, caller, linked)? else { return Ok(false) };
    cx.twilio().close_task(callee, ENDED)?;
    Ok(true)
}

/// The callee's task, by the link to it or, without one, by its mark.
fn callee_of(cx: &Context, caller: &Sid, linked: Option<&Sid>) -> Result<Option<Box<Task>>> {
    let Some(linked) = linked else { return find_callee(cx, caller) };
    let callee = unless_gone(cx.twilio().task(linked))?;
    Ok(callee.filter(|task| is_callee_of(task, caller)))
}

/// `cleanup-rejected-task`: one of the two agents declined.
///
/// `taskSid` is the caller's task or the callee's: the peers' plugins send either.
///
/// 1. Read the task, and the rooms that bear its name. A task that is gone is no failure:
///    with it went everything that belonged to it.
/// 2. Check the agent's part in the call, and read the other task and the call's rooms.
/// 3. End the rooms and whoever still rings. The end of a room ends the tasks that are
///    left; without a room they are ended here.
///
/// A failure is the agent's to see: the caller would go on waiting.
pub fn cleanup(cx: &Context, call: &FlexCall) -> Result<Response> {
    let sid = cx.sid(&call.params, "taskSid", "WT")?;
    let given = cx.optional_sid(&call.params, "conferenceSid", "CF")?;
    let twilio = cx.twilio();
    let (task, rooms) = (twilio.task(&sid), twilio.conferences_named(&sid));
    let Some(task) = unless_gone(task)? else { return Ok(Response::success()) };
    if given.is_some_and(|given| {
        task.text(&["conference", "sid"]).is_some_and(|own| own != given.as_str())
    }) {
        return Err(Error::bad("conferenceSid", "is not the conference of this task"));
    }
    let access = access::internal_call(cx, &call.agent, &task);
    let caller = task.sid("WT", &["conferenceSid"]);
    if let Some(caller) = caller.filter(|caller| *caller != sid) {
        let (caller, rooms) = (twilio.task(&caller), twilio.conferences_named(&caller));
        access?;
        let caller = unless_gone(caller)?;
        // A callee's task can be made to name any task: only its own call's room is ended.
        let is_other = |caller: &Task| {
            !is_internal_call(caller)
                || linked_callee(caller).is_some_and(|linked| linked != task.sid)
        };
        if caller.as_ref().is_some_and(|caller| is_other(caller)) {
            return Err(Error::forbidden("This task belongs to no internal call."));
        }
        give_up(cx, caller, Some(task), rooms?)?;
    } else {
        let callee = callee_of(cx, &sid, linked_callee(&task).as_ref());
        access?;
        give_up(cx, Some(task), callee?, rooms?)?;
    }
    Ok(Response::success())
}

fn give_up(
    cx: &Context,
    caller: Option<Box<Task>>,
    callee: Option<Box<Task>>,
    rooms: Vec<Conference>,
) -> Result<()> {
    // Without the caller's task nothing proves that the room is a call's.
    let rooms = rooms.iter().filter(|room| room.is_live() && caller.is_some());
    let rooms: Vec<Sid> = rooms.map(|room| room.sid.clone()).collect();
    let twilio = cx.twilio();
    let close = |task: Option<Box<Task>>| match task {
        Some(task) if task.is_waiting() || rooms.is_empty() => {
            twilio.close_task(task, REJECTED).map(drop)
        }
        _ => Ok(()),
    };
    let ended = rooms.iter().try_for_each(|room| twilio.end_conference(room));
    both(ended, both(close(caller), close(callee)))
}
