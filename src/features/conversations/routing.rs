//! What the new task is like: the invite's routing, and the attributes that it carries on.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::asked::{Target, Transfer};
use crate::base::attributes::{MAX_TASK, Writer, overwrite};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::members::{Members, lenient, view};
use crate::base::sid::{Sid as _, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid};
use crate::twilio::interactions::Participant;

/// The attribute that says which transfer made a task.
pub const MARK: &str = "transferId";
/// What an earlier transfer has left in a task's attributes, what Flex keeps for that task
/// only, and by what it is known whose a call is: no conversation has those.
const NOT_INHERITED: [&str; 15] = [
    MARK,
    "callToQueue",
    "call_sid",
    "client_call",
    "conference",
    "conferenceSid",
    "conversations",
    "dialedFromTaskSid",
    "flexChannelInviteSid",
    "ignoreWorkerContactUri",
    "targetWorker",
    "transferQueueName",
    "transferTargetSid",
    "transferTargetType",
    "workerSidsInConversation",
];

/// What every transfer adds to the task's own attributes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added<'a> {
    conversations: Box<RawValue>,
    worker_sids_in_conversation: Vec<&'a str>,
    transfer_target_sid: &'a str,
    transfer_target_type: &'static str,
    transfer_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_queue_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_worker_contact_uri: Option<&'a str>,
}

/// Whom the workflow shall not offer it to.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ignored {
    #[serde(deserialize_with = "lenient")]
    worker_sids_in_conversation: Option<Vec<serde_json::Value>>,
}

/// The members of `conversations` that say where the task belongs in Flex Insights.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Linked {
    #[serde(deserialize_with = "lenient")]
    conversation_id: Option<String>,
}

/// What the plugins and workflows read of the new task: the task's own attributes and the
/// transfer's.
pub fn attributes(
    t: &Transfer,
    mark: &str,
    participants: &[Participant],
    contact: Option<&str>,
    task: Option<&TaskSid>,
    now: u64,
) -> Result<String> {
    let attributes = overwrite(t.attributes.as_str(), t.ignore.as_str())?;
    let own = Members::parse(&attributes).unwrap_or_default();
    let mut inherited = Writer::default();
    for member in own.iter().filter(|member| !NOT_INHERITED.contains(&&*member.name)) {
        // Flex accepts an outbound task by itself.
        let is_outbound = member.name == "direction" && member.value == "\"outbound\"";
        inherited.member(member.written, if is_outbound { "\"inbound\"" } else { member.value });
    }
    let ignored: Ignored = view(t.ignore.as_str());
    let ignored = ignored.worker_sids_in_conversation.unwrap_or_default();
    let workers = participants.iter().filter_map(Participant::worker).map(WorkerSid::as_str);
    let mut seen = HashSet::new();
    let in_it = ignored.iter().filter_map(|sid| sid.as_str()).chain(workers);
    let added = Added {
        conversations: conversations(t, own.get("conversations").unwrap_or("{}"), task)?,
        worker_sids_in_conversation: in_it.filter(|sid| seen.insert(*sid)).collect(),
        transfer_target_sid: t.target.as_str(),
        transfer_target_type: match t.target {
            Target::Worker(_) => "worker",
            Target::Queue(_) => "queue",
        },
        transfer_id: if t.leaving.is_some() { mark.to_owned() } else { format!("{mark}/{now}") },
        transfer_queue_name: t.queue.as_deref(),
        ignore_worker_contact_uri: contact,
    };
    let attributes = overwrite(&inherited.end(), &json::write(&added))?;
    if attributes.len() > MAX_TASK {
        let problem = "is longer than 4 KB with what a transfer adds";
        return Err(Error::bad(t.attributes_field, problem));
    }
    Ok(attributes)
}

/// The links to other tasks and the id that joins them in Flex Insights.
fn conversations(t: &Transfer, linked: &str, task: Option<&TaskSid>) -> Result<Box<RawValue>> {
    let known: Linked = view(linked);
    let id = t.conversation_id.clone().or(known.conversation_id);
    let mut all = Writer::default();
    let linked = Members::parse(linked).unwrap_or_default();
    for member in linked.iter().filter(|member| member.name != "conversation_id") {
        all.member(member.written, member.value);
    }
    if let Some(id) = id.or_else(|| task.map(ToString::to_string)) {
        all.member("\"conversation_id\"", &json::write(&id));
    }
    json::read(&all.end())
}

/// `Routing` of an invite:
/// <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.
#[derive(Serialize)]
struct Routing<'a> {
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    task_channel_unique_name: &'a str,
    workspace_sid: &'a WorkspaceSid,
    workflow_sid: &'a WorkflowSid,
    attributes: &'a RawValue,
}

/// The `Routing` of the invite.
pub fn of(cx: &Context, task_channel: &str, attributes: &str) -> Result<String> {
    let properties = Properties {
        task_channel_unique_name: task_channel,
        workspace_sid: cx.config().workspace()?,
        workflow_sid: cx.config().chat_transfer_workflow()?,
        attributes: json::read(attributes)?,
    };
    Ok(json::write(&Routing { properties }))
}
