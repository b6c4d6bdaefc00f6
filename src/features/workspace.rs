//! The TaskRouter workspace: queues, workers' channels and attributes, tasks.

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::members::{Members, lenient};
use crate::base::params::JsonObject;
use crate::base::sid::{TaskSid, WorkerChannelSid, WorkerSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::attributes::{CallAttributes, text};
use crate::twilio::resource::camel_case;
use crate::twilio::taskrouter::{AssignmentStatus, Task};

/// As many items are listed: the plugins keep the queues in the browser.
const MAX_LISTED: usize = 1_000;
const REASON: &str = "Ended by an agent";

/// What of a task's attributes agents cannot change here: who is asked next, whose call or
/// conversation it is.
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

/// What `get-queues` takes: nothing.
#[derive(Deserialize)]
pub struct Queues {}

/// What `get-queues` answers.
#[derive(Serialize)]
pub struct QueueList {
    queues: Vec<ShownQueue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownQueue {
    target_workers: Option<String>,
    friendly_name: Option<String>,
    sid: String,
}

/// `get-queues`: all queues of the workspace.
pub async fn queues(cx: &Context, _: &Agent, _: Queues) -> Result<Done<QueueList>> {
    let queues = cx.twilio().queues().await?.into_iter().take(MAX_LISTED).map(|queue| ShownQueue {
        target_workers: queue.target_workers,
        friendly_name: queue.friendly_name,
        sid: queue.sid,
    });
    Ok(Done::with(QueueList { queues: queues.collect() }))
}

/// What `get-worker-channels` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channels {
    worker_sid: WorkerSid,
}

/// What `get-worker-channels` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelList {
    worker_channels: Vec<Box<RawValue>>,
}

/// `get-worker-channels`: a worker's channels; supervisors may ask for others'.
pub async fn channels(cx: &Context, agent: &Agent, ask: Channels) -> Result<Done<ChannelList>> {
    let worker = access::worker(cx, agent, Some(&ask.worker_sid))?;
    let channels = cx.twilio().worker_channels(worker).await?;
    let shown = channels.iter().take(MAX_LISTED).map(|channel| camel_case(channel));
    Ok(Done::with(ChannelList { worker_channels: shown.collect::<Result<_>>()? }))
}

/// What `update-worker-channel` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateChannel {
    worker_channel_sid: WorkerChannelSid,
    /// How many tasks of this kind at once.
    capacity: u64,
    available: bool,
    worker_sid: Option<WorkerSid>,
}

/// What `update-worker-channel` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownChannel {
    worker_channel_capacity: Box<RawValue>,
}

/// `update-worker-channel`: how many tasks of a kind a worker gets; supervisors may set
/// others'. Without `workerSid` it is the agent's own channel.
pub async fn update_channel(
    cx: &Context,
    agent: &Agent,
    ask: UpdateChannel,
) -> Result<Done<ShownChannel>> {
    let worker = access::worker(cx, agent, ask.worker_sid.as_ref())?;
    let (capacity, available) = (ask.capacity.to_string(), ask.available.to_string());
    let fields = [("Capacity", capacity.as_str()), ("Available", available.as_str())];
    let channel = cx.twilio().update_worker_channel(worker, &ask.worker_channel_sid, &fields);
    Ok(Done::with(ShownChannel { worker_channel_capacity: camel_case(&channel.await?)? }))
}

/// What `update-task-attributes` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTask {
    task_sid: TaskSid,
    attributes_update: JsonObject,
}

/// `update-task-attributes`: merges `attributesUpdate` into a task's attributes.
///
/// 1. The task is read, and the agent's part in it checked.
/// 2. What decides who is asked next, and whose call it is, is not the agent's to change.
/// 3. The merged attributes are written, if nobody else has written meanwhile; else on
///    fresh data.
pub async fn update_task(cx: &Context, agent: &Agent, ask: UpdateTask) -> Result<Done<Nothing>> {
    let (twilio, update) = (cx.twilio(), ask.attributes_update.as_str());
    let task = if access::is_unlimited(cx, agent) {
        twilio.task(&ask.task_sid).await?
    } else {
        let (task, part) =
            join!(twilio.task(&ask.task_sid), access::task(cx, agent, &ask.task_sid));
        let task = task?;
        part?;
        check_guarded(task.attributes()?, update, &TASK_GUARDED)?;
        task
    };
    twilio.merge_task_attributes(task, update).await?;
    Ok(done())
}

/// Refuses an update of what is not the agent's to change; the same value again is none.
fn check_guarded(current: &str, update: &str, guarded: &[&str]) -> Result<()> {
    let update = Members::parse(update).unwrap_or_default();
    let current = Members::parse_attributes(current).unwrap_or_default();
    let is_changed =
        |name: &&&str| update.get(name).is_some_and(|new| current.get(name) != Some(new));
    match guarded.iter().find(is_changed) {
        Some(name) => Err(Error::forbidden(&format!("Agents cannot change the attribute {name}."))),
        None => Ok(()),
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
enum NewStatus {
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
/// 1. The agent must have the task, or it is an invite from a conversation that the agent
///    was in when it was sent, which can be canceled.
/// 2. Twilio is told. A task that is gone, or has got there by itself, is fine; when it has
///    not, for example because the invited agent has just accepted, the agent is told so.
pub async fn update_status(
    cx: &Context,
    agent: &Agent,
    ask: UpdateStatus,
) -> Result<Done<Nothing>> {
    let (twilio, sid, status) = (cx.twilio(), &ask.task_sid, ask.assignment_status);
    if !access::is_unlimited(cx, agent) {
        let (task, part) = join!(twilio.task(sid), access::task(cx, agent, sid));
        let Some(task) = unless_gone(task)? else { return Ok(done()) };
        may_set_status(agent, &task, status, part)?;
    }
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

fn may_set_status(agent: &Agent, task: &Task, status: NewStatus, part: Result<()>) -> Result<()> {
    if status != NewStatus::Canceled {
        return part;
    }
    if is_own_invite(task, agent) {
        return Ok(());
    }
    part?;
    // Being asked whether one takes a customer is no leave to send them away.
    let call: CallAttributes = task.view();
    let is_own_call = call.client_call || call.direction.as_deref() == Some("outbound");
    if task.is_waiting() && !is_own_call {
        return Err(Error::forbidden("This task is not yours to cancel."));
    }
    Ok(())
}

/// Attributes of a task that an invite has made.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InviteAttributes {
    #[serde(deserialize_with = "text")]
    flex_interaction_sid: Option<String>,
    #[serde(deserialize_with = "lenient")]
    worker_sids_in_conversation: Option<Vec<String>>,
    #[serde(deserialize_with = "text")]
    ignore_worker_contact_uri: Option<String>,
}

/// An invite names the agents of its conversation. Once somebody has taken it, it is theirs.
fn is_own_invite(task: &Task, agent: &Agent) -> bool {
    let Some(worker) = agent.worker_sid() else { return false };
    let is_taken =
        matches!(task.assignment_status, AssignmentStatus::Assigned | AssignmentStatus::Wrapping);
    let invite: InviteAttributes = task.view();
    let is_named = invite.worker_sids_in_conversation.iter().flatten().any(|sid| *worker == **sid)
        || invite.ignore_worker_contact_uri.as_deref() == Some(&*worker.to_string());
    !is_taken && invite.flex_interaction_sid.is_some() && is_named
}

/// What `update-worker-attributes` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateWorker {
    worker_sid: WorkerSid,
    attributes_update: JsonObject,
}

/// What `update-worker-attributes` answers.
#[derive(Serialize)]
pub struct ShownWorker {
    worker: Box<RawValue>,
}

/// `update-worker-attributes`: puts the members of `attributesUpdate` over a worker's
/// attributes. Supervisors may do that for anybody; agents for themselves, except for what
/// decides what they are and get.
pub async fn update_worker(
    cx: &Context,
    agent: &Agent,
    ask: UpdateWorker,
) -> Result<Done<ShownWorker>> {
    let update = ask.attributes_update.as_str();
    let worker = access::worker(cx, agent, Some(&ask.worker_sid))?;
    if !access::is_unlimited(cx, agent) {
        check_guarded("{}", update, &WORKER_GUARDED)?;
    }
    let worker = cx.twilio().overwrite_worker_attributes(worker, update).await?;
    Ok(Done::with(ShownWorker { worker: camel_case(&worker)? }))
}
