//! The TaskRouter workspace: queues, workers' channels and attributes, tasks.

use crate::Context;
use crate::access;
use crate::auth::{Agent, FlexCall};
use crate::error::{Error, Result, Settle as _};
use crate::json::{self, Object};
use crate::runtime::{Answer, Response};
use crate::twilio::taskrouter::Task;
use crate::twilio::{camel_case, unless_gone};

/// As many items are listed: the peers' plugins keep the queues in the browser.
const MAX_LISTED: usize = 1_000;
const REASON: &str = "Ended by an agent";

/// What of a task's attributes agents cannot change here: who is asked next, whose call or
/// conversation it is. What an agent may touch is decided by them.
const TASK_GUARDED: [&str; 16] = [
    "callToQueue",
    "call_sid",
    "client_call",
    "conference",
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

/// What of their own attributes agents cannot change here: what they are and get.
const WORKER_GUARDED: [&str; 4] = ["contact_uri", "disabled_skills", "roles", "routing"];

/// `get-queues`: all queues of the workspace.
pub fn queues(cx: &Context, _: &FlexCall) -> Result<Response> {
    Ok(show_list(&cx.twilio().queues()?, "queues", |queue| {
        let queue = Object::parse(queue).unwrap_or_default();
        let raw = |name| queue.raw(name).unwrap_or("null");
        json::object()
            .raw("targetWorkers", raw("target_workers"))
            .raw("friendlyName", raw("friendly_name"))
            .raw("sid", raw("sid"))
            .end()
    }))
}

/// `get-worker-channels`: a worker's channels; supervisors may ask for others'.
pub fn channels(cx: &Context, call: &FlexCall) -> Result<Response> {
    let worker = cx.sid(&call.params, "workerSid", "WK")?;
    let worker = access::worker(cx, &call.agent, Some(&worker))?;
    Ok(show_list(&cx.twilio().worker_channels(worker)?, "workerChannels", camel_case))
}

/// `update-worker-channel`: how many tasks of a kind a worker gets; supervisors may set
/// others'. Without `workerSid` it is the agent's own channel.
pub fn update_channel(cx: &Context, call: &FlexCall) -> Result<Response> {
    let channel = cx.sid(&call.params, "workerChannelSid", "WC")?;
    let capacity = call.params.optional_number("capacity")?;
    let capacity = capacity.ok_or_else(|| Error::bad("capacity", "is missing"))?.to_string();
    let available = if call.params.flag("available")? { "true" } else { "false" };
    let named = cx.optional_sid(&call.params, "workerSid", "WK")?;
    let worker = access::worker(cx, &call.agent, named.as_ref())?;
    let fields = [("Capacity", capacity.as_str()), ("Available", available)];
    let channel = cx.twilio().update_worker_channel(worker, &channel, &fields)?;
    Ok(show(&channel, "workerChannelCapacity"))
}

/// Answers a resource as twilio-node shows it.
fn show(answer: &Answer, name: &str) -> Response {
    let resource = camel_case(&answer.body);
    Response::json(200, json::object().flag("success", true).raw(name, &resource).end())
}

/// Answers a list, each item as `item` shows it.
pub fn show_list(items: &[String], name: &str, item: fn(&str) -> String) -> Response {
    let items: Vec<String> = items.iter().take(MAX_LISTED).map(|text| item(text)).collect();
    let body = json::object().flag("success", true).raw(name, &json::array(&items)).end();
    Response::json(200, body)
}

/// `update-task-attributes`: merges `attributesUpdate` into a task's attributes.
///
/// 1. The task is read, and the agent's part in it checked.
/// 2. What decides who may touch the task is not the agent's to change.
/// 3. The merged attributes are written, if nobody else has written meanwhile; else on
///    fresh data.
pub fn update_task(cx: &Context, call: &FlexCall) -> Result<Response> {
    let sid = cx.sid(&call.params, "taskSid", "WT")?;
    let update = call.params.object("attributesUpdate")?;
    let twilio = cx.twilio();
    let task = if access::is_unlimited(cx, &call.agent) {
        twilio.task(&sid)?
    } else {
        let (task, part) = (twilio.task(&sid), access::task(cx, &call.agent, &sid));
        let task = task?;
        part?;
        check_guarded(&task.attributes, update, &TASK_GUARDED)?;
        task
    };
    twilio.merge_task_attributes(task, update)?;
    Ok(Response::success())
}

/// Refuses an update of what is not the agent's to change; the same value again is none.
fn check_guarded(current: &str, update: &str, guarded: &[&str]) -> Result<()> {
    let update = Object::parse(update).unwrap_or_default();
    if update.members().iter().all(|(name, _)| !guarded.contains(&name.as_ref())) {
        return Ok(());
    }
    let current = Object::parse(current).unwrap_or_default();
    match guarded.iter().find(|name| {
        update.members().iter().any(|(known, _)| known == *name)
            && update.raw(name) != current.raw(name)
    }) {
        Some(name) => {
            Err(Error::forbidden(&["Agents cannot change the attribute ", name, "."].concat()))
        }
        None => Ok(()),
    }
}

/// `update-task-assignment-status`: a task is canceled, wraps up or is completed.
///
/// 1. The agent must have the task, or it is an invite from a conversation that the agent
///    was in when it was sent, which can be canceled.
/// 2. Twilio is told. A task that is gone, or has got there by itself, is fine; when it has
///    not, for example because the invited agent has just accepted, the agent is told so.
pub fn update_status(cx: &Context, call: &FlexCall) -> Result<Response> {
    let sid = cx.sid(&call.params, "taskSid", "WT")?;
    let status = call.params.text("assignmentStatus")?;
    if !matches!(status, "canceled" | "wrapping" | "completed") {
        return Err(Error::bad("assignmentStatus", "must be canceled, wrapping or completed"));
    }
    let twilio = cx.twilio();
    if !access::is_unlimited(cx, &call.agent) {
        let (task, part) = (twilio.task(&sid), access::task(cx, &call.agent, &sid));
        let Some(task) = unless_gone(task)? else { return Ok(Response::success()) };
        if !(status == "canceled" && is_own_invite(&task, &call.agent)) {
            part?;
            // Being asked whether one takes a customer is no leave to send them away.
            let is_own_call = access::is_internal_call(&task)
                || task.text(&["direction"]).as_deref() == Some("outbound");
            if status == "canceled" && task.is_waiting() && !is_own_call {
                return Err(Error::forbidden("This task is not yours to cancel."));
            }
        }
    }
    let Err(error) = twilio.set_task_status(&sid, status, REASON).settled()? else {
        return Ok(Response::success());
    };
    if error.is_gone() {
        return Ok(Response::success());
    }
    if !error.is_wrong_state() {
        return Err(error.into());
    }
    let is_there = |task: &Task| match task.assignment_status.as_str() {
        "canceled" | "completed" => true,
        "wrapping" => status == "wrapping",
        _ => false,
    };
    match unless_gone(twilio.task(&sid))? {
        Some(task) if !is_there(&task) => Err(error.into()),
        _ => Ok(Response::success()),
    }
}

/// An invite names the agents of its conversation. Once somebody has taken it, it is theirs.
fn is_own_invite(task: &Task, agent: &Agent) -> bool {
    let attributes = Object::parse(&task.attributes).unwrap_or_default();
    let Some(worker) = &agent.worker else { return false };
    !matches!(task.assignment_status.as_str(), "assigned" | "wrapping")
        && attributes.raw("flexInteractionSid").is_some()
        && (attributes.texts("workerSidsInConversation").iter().any(|sid| sid == worker.as_str())
            || attributes.text_or_empty("ignoreWorkerContactUri") == worker.as_str())
}

/// `update-worker-attributes`: puts the members of `attributesUpdate` over a worker's
/// attributes. Supervisors may do that for anybody; agents for themselves, except for what
/// decides what they are and get.
pub fn update_worker(cx: &Context, call: &FlexCall) -> Result<Response> {
    let named = cx.sid(&call.params, "workerSid", "WK")?;
    let update = call.params.object("attributesUpdate")?;
    let worker = access::worker(cx, &call.agent, Some(&named))?;
    if !access::is_unlimited(cx, &call.agent) {
        check_guarded("{}", update, &WORKER_GUARDED)?;
    }
    Ok(show(&cx.twilio().overwrite_worker_attributes(worker, update)?, "worker"))
}
