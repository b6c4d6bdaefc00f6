//! Calling the customer from a chat.

mod chat;
mod number;
mod open;
mod plan;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::answer::Done;
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::date::{Millis, millis};
use crate::base::error::{Error, Result};
use crate::base::http::Response;
use crate::base::json;
use crate::base::sid::{TaskSid, WorkerSid};
use crate::flex::agent::Agent;
use crate::once::{self, Outcome};
use crate::twilio::taskrouter::Task;
use open::{CallAttributes, open_call};
pub use plan::Dial;
use plan::Plan;

/// How long the same request gets the first one's answer.
const SAME: Duration = Duration::from_secs(30);
/// How long a chat's gate remembers the call that it let through: no call is longer, unless
/// somebody has asked Twilio for that.
const REMEMBER: Duration = Duration::from_hours(4);

/// What `resolve-dial` answers.
#[derive(Serialize)]
pub struct Resolved {
    to: String,
    from: String,
    attributes: Box<RawValue>,
}

/// What `dial` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialled {
    task_sid: TaskSid,
    to: String,
    from: String,
    conversation_id: String,
}

/// A call that was let through, as the gate keeps it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    task_sid: TaskSid,
    to: String,
    from: String,
    worker: WorkerSid,
    at: Millis,
}

impl Kept {
    fn is_same(&self, cx: &Context, plan: &Plan, worker: &WorkerSid) -> bool {
        (&self.to, &self.from, &self.worker) == (&plan.to, &plan.from, worker)
            && cx.started() < self.at + millis(SAME)
    }
}

/// `resolve-dial`: whom `dial` would call, and from where. Nothing happens.
pub async fn resolve(cx: &Context, agent: &Agent, ask: Dial) -> Result<Done<Resolved>> {
    let (plan, _) = plan::plan(cx, agent, ask, false).await?;
    let attributes = json::raw(&plan.attributes);
    Ok(Done::with(Resolved { to: plan.to, from: plan.from, attributes }))
}

/// `dial`: creates the task of a call to the chat's customer.
///
/// 1. Check the agent's part in the chat, find number and caller ID ([`plan::plan`]), and
///    look for a call that was dialled from this chat and is still open: that one is in the
///    way.
/// 2. One request at a time goes on for a chat. The same request again within half a minute
///    gets the same answer, even when the call has ended by then: browsers send again what
///    they got no answer to. Another one is refused while the call is open. A call that has
///    ended steps aside.
/// 3. Create the task. When it is unknown whether that worked, look before trying again.
pub async fn dial(cx: &Context, agent: &Agent, ask: Dial) -> Result<Response> {
    cx.config().require(Feature::Dial)?;
    let worker = agent.worker()?;
    let (plan, open) = plan::plan(cx, agent, ask, true).await?;
    // A request that is sent again gets its answer, whatever became of the call. Else the task
    // tells: the listing may be older than the call.
    let is_over = async |known: &Kept| {
        let is_same = known.is_same(cx, &plan, worker);
        Ok(!is_same && !cx.twilio().is_open(&known.task_sid).await?)
    };
    let work = async |attempt| {
        let task_sid = match &open {
            Some(open) => adopt(cx, &plan, open)?,
            None => create(cx, &plan, worker, attempt).await?,
        };
        let (to, from) = (plan.to.clone(), plan.from.clone());
        Ok(Kept { task_sid, to, from, worker: worker.clone(), at: cx.started() })
    };
    let key = format!("dial/{}", plan.chat);
    let outcome = once::once_until_over(cx, &key, REMEMBER, is_over, work).await?;
    let is_same = match &outcome {
        Outcome::New(_) => true,
        Outcome::Known(known) => known.is_same(cx, &plan, worker),
    };
    let task_sid = outcome.into_inner().task_sid;
    cx.note(&task_sid);
    if !is_same {
        return in_the_way(&task_sid);
    }
    let Plan { to, from, attributes, .. } = plan;
    let conversation_id = attributes.conversations.conversation_id;
    Ok(Done::with(Dialled { task_sid, to, from, conversation_id }).created())
}

fn in_the_way<T>(task: &TaskSid) -> Result<T> {
    let error = Error::refused(409, "A call dialled from this chat is still open.");
    Err(error.with("taskSid", task.to_string()))
}

/// An open call is the answer to the request that has made it, and in the way of others.
fn adopt(cx: &Context, plan: &Plan, open: &Task) -> Result<TaskSid> {
    let call: CallAttributes = open.view()?;
    let is_same = call.outbound_to.as_ref() == Some(&plan.to)
        && call.from.as_ref() == Some(&plan.from)
        && open.date_created.is_some_and(|at| cx.started() < at + millis(SAME));
    if is_same { Ok(open.sid.clone()) } else { in_the_way(&open.sid) }
}

/// Creates the call's task. The task's attributes lead back to the chat, so that one whose
/// answer was lost is found.
async fn create(cx: &Context, plan: &Plan, worker: &WorkerSid, attempt: u32) -> Result<TaskSid> {
    let config = cx.config();
    let workflow = config.outbound_workflow()?.to_string();
    let (worker_sid, attributes) = (worker.to_string(), json::write(&plan.attributes));
    let queue = config.outbound_queue.as_ref().map(ToString::to_string);
    // No IgnoreCapacity: like Flex's own outbound calls, it reaches an agent who is busy.
    let mut fields = vec![
        ("WorkflowSid", workflow.as_str()),
        ("RoutingTarget", &worker_sid),
        ("TaskChannel", "voice"),
        ("Attributes", &attributes),
    ];
    fields.extend(queue.as_deref().map(|queue| ("TaskQueueSid", queue)));
    let look = async || match open_call(cx, worker, &plan.chat).await? {
        Some(found) => adopt(cx, plan, &found).map(Some),
        None => Ok(None),
    };
    let make = async || Ok(cx.twilio().create_task(&fields).await?.sid);
    once::make(cx, attempt, look, make).await
}
