//! What the new task is like: the invite's routing, and the attributes that it carries on.

use super::{MARK, Transfer};
use crate::Context;
use crate::attributes::overwrite;
use crate::config::CHAT_TRANSFER_WORKFLOW;
use crate::json::{self, Object};
use crate::sid::Sid;
use crate::twilio::interactions::Participant;

/// What an earlier transfer has left in a task's attributes, what Flex keeps for that task only,
/// and by what it is known whose a call is: no conversation has those.
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

/// What the peers' plugins and workflows read of the new task: the task's own attributes and
/// the transfer's.
#[must_use]
pub fn attributes(
    t: &Transfer<'_>,
    mark: &str,
    participants: &[Participant],
    contact: Option<String>,
    task: Option<&Sid>,
    now: u64,
) -> String {
    // Both were read as objects when they came in.
    let both = overwrite(t.attributes, t.ignore).unwrap_or_default();
    let own = Object::parse(&both).unwrap_or_default();
    let ignore = Object::parse(t.ignore).unwrap_or_default();
    let mut all = json::object();
    for (name, value) in own.members() {
        if NOT_INHERITED.contains(&&**name) {
            continue;
        }
        // Flex accepts an outbound task by itself.
        let is_outbound = name == "direction" && *value == "\"outbound\"";
        all.raw(name, if is_outbound { "\"inbound\"" } else { value });
    }
    let mut in_it = ignore.texts("workerSidsInConversation");
    for worker in participants.iter().filter_map(|p| p.worker.as_ref()) {
        if !in_it.iter().any(|known| known == worker.as_str()) {
            in_it.push(worker.to_string());
        }
    }
    let linked = own.object("conversations").unwrap_or_default();
    let mut conversations = json::object();
    for (name, value) in linked.members().iter().filter(|(name, _)| name != "conversation_id") {
        conversations.raw(name, value);
    }
    let id = t
        .conversation_id
        .map(str::to_owned)
        .or_else(|| linked.text("conversation_id"))
        .or_else(|| Some(task?.as_str().to_owned()));
    if let Some(id) = id {
        conversations.text("conversation_id", &id);
    }
    let mark =
        if t.leaving.is_some() { mark.to_owned() } else { [mark, "/", &now.to_string()].concat() };
    all.raw("conversations", &conversations.end())
        .texts("workerSidsInConversation", in_it.iter().map(String::as_str))
        .text("transferTargetSid", t.target.as_str())
        .text("transferTargetType", if t.is_to_worker() { "worker" } else { "queue" })
        .text(MARK, &mark);
    if let Some(queue) = &t.queue {
        all.text("transferQueueName", queue);
    }
    if let Some(contact) = contact {
        all.text("ignoreWorkerContactUri", &contact);
    }
    all.end()
}

/// The `Routing` of the invite: <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.
#[must_use]
pub fn of(cx: &Context, task_channel: &str, attributes: &str) -> String {
    let properties = json::object()
        .text("task_channel_unique_name", task_channel)
        .text("workspace_sid", cx.app.config.workspace())
        .text("workflow_sid", cx.app.config.sid(CHAT_TRANSFER_WORKFLOW))
        .raw("attributes", attributes)
        .end();
    json::object().raw("properties", &properties).end()
}
