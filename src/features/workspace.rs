//! The TaskRouter workspace: queues, workers' channels and attributes, tasks.

mod cancel;
mod end;
mod guard;
mod tasks;

pub use tasks::{update_status, update_task};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::answer::Done;
use crate::base::attributes::{MAX_TASK, check_size};
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::params::JsonObject;
use crate::base::sid::{QueueSid, WorkerChannelSid, WorkerSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::twilio::resource::camel_case;
use guard::check_guarded;

/// As many items are listed: the plugins keep the queues in the browser.
const MAX_LISTED: usize = 1_000;

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
    sid: QueueSid,
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
    check_size("attributesUpdate", update, MAX_TASK)?;
    let worker = access::worker(cx, agent, Some(&ask.worker_sid))?;
    if !access::is_unlimited(cx, agent) {
        check_guarded("{}", update, &WORKER_GUARDED)?;
    }
    let worker = cx.twilio().overwrite_worker_attributes(worker, update).await?;
    Ok(Done::with(ShownWorker { worker: camel_case(&worker)? }))
}
