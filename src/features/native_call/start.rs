//! A ticket for a call.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use crate::base::answer::Done;
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::date::millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{QueueSid, WorkerSid};
use crate::flex::agent::Agent;
use crate::flex::attributes::text;
use crate::flex::native_call::{Callee, NATIVE, Ticket};
use crate::twilio::taskrouter::Worker;

/// How long a ticket can be used: Flex dials at once.
const VALID: Duration = Duration::from_mins(1);
/// As many characters of a name go into a ticket, which is a part of an address.
const MAX_NAME: usize = 64;

/// What `/internal-call/start` takes: one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    worker_sid: Option<WorkerSid>,
    queue_sid: Option<QueueSid>,
}

/// What `/internal-call/start` answers: what Flex's action `StartOutboundCall` takes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    destination: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_sid: Option<QueueSid>,
    task_attributes: TaskAttributes,
}

#[derive(Serialize)]
struct TaskAttributes {
    internal_call: &'static str,
    name: String,
    conversations: Conversations,
}

#[derive(Serialize)]
struct Conversations {
    conversation_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "text")]
    full_name: Option<String>,
}

/// `/internal-call/start`: whom an agent may call now, and how. Nothing happens yet.
///
/// 1. Read the caller, and whom they call. Who is not there, is the caller, is not available
///    or has no free capacity for a call cannot be called: `409` with the reason.
/// 2. Seal a ticket for a minute. The address always has a query: without one, Flex takes it
///    for a telephone number.
pub async fn start(cx: &Context, agent: &Agent, ask: Start) -> Result<Done<Started>> {
    let config = cx.config();
    config.require(Feature::NativeInternalCall)?;
    let app = config.internal_call_app()?;
    let caller = agent.worker()?;
    let (own, called) = match (ask.worker_sid, ask.queue_sid) {
        (Some(worker), None) if worker == *caller => {
            return Err(refused("self", "You cannot call yourself."));
        }
        (Some(worker), None) => join!(cx.twilio().worker(caller), colleague(cx, worker)),
        (None, Some(queue)) => join!(cx.twilio().worker(caller), queue_named(cx, &queue)),
        _ => return Err(Error::bad("workerSid", "or queueSid must be given, and only one")),
    };
    let (callee, called_name) = called?;
    let conversation = format!(
        "{}{}",
        hex::encode(cx.random().to_be_bytes()),
        hex::encode(cx.random().to_be_bytes())
    );
    let ticket = Ticket {
        caller: caller.clone(),
        name: short(name(&own?)),
        callee,
        conversation: conversation.clone(),
        end: cx.started() + millis(VALID),
    };
    Ok(Done::with(Started {
        destination: format!("app:{app}?t={}", ticket.seal(config)),
        queue_sid: config.outbound_queue.clone(),
        task_attributes: TaskAttributes {
            internal_call: NATIVE,
            name: called_name,
            conversations: Conversations { conversation_id: conversation },
        },
    }))
}

/// An agent who can be called now.
async fn colleague(cx: &Context, sid: WorkerSid) -> Result<(Callee, String)> {
    let twilio = cx.twilio();
    let (worker, channels) = join!(twilio.worker(&sid), twilio.channels_of(&sid));
    let Some(worker) = unless_gone(worker)? else {
        return Err(refused("unknown", "There is no such agent."));
    };
    if worker.available != Some(true) {
        return Err(refused("unavailable", "This agent is not available."));
    }
    let is_free = channels?.iter().any(|channel| {
        channel.task_channel_unique_name == "voice"
            && channel.available
            && channel.available_capacity_percentage > 0
    });
    if !is_free {
        return Err(refused("busy", "This agent has no free capacity for a call."));
    }
    Ok((Callee::Worker(sid), name(&worker)))
}

/// A queue that can be called.
async fn queue_named(cx: &Context, sid: &QueueSid) -> Result<(Callee, String)> {
    let queues = cx.twilio().queues().await?;
    let found = queues.into_iter().find(|queue| *sid == queue.sid);
    match found.and_then(|queue| queue.friendly_name) {
        Some(name) => Ok((Callee::Queue(name.clone()), name)),
        None => Err(refused("unknown", "There is no such queue.")),
    }
}

fn refused(reason: &str, message: &str) -> Box<Error> {
    Error::refused(409, message).with("reason", reason)
}

fn name(worker: &Worker) -> String {
    let full_name = worker.view::<Named>().full_name;
    full_name.or_else(|| worker.friendly_name.clone()).unwrap_or_default()
}

fn short(name: String) -> String {
    name.chars().take(MAX_NAME).collect()
}
