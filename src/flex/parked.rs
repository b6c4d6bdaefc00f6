//! The note on a parked conversation: what is needed to come back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::inherited::inherited;
use super::seal;
use crate::base::attributes::{MAX_CONVERSATION, MAX_TASK, Writer, overwrite};
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::{Members, lenient, view};
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, ParticipantSid, QueueSid, TaskSid, WorkerSid,
    WorkflowSid,
};
use crate::flex::alarm::Parking;
use crate::once;
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::Channel;

/// Where it stands in the conversation's attributes.
pub const KEY: &str = "flexEdgeParked";
/// How long it is remembered what came of a parking.
pub const REMEMBER: Duration = Duration::from_hours(30 * 24);
/// How long it is remembered whose a channel is: as long as it lives without anybody doing anything
/// in it.
const REMEMBER_CHANNEL: Duration = Duration::from_hours(180 * 24);
/// What is sealed.
const PURPOSE: &str = "a parked conversation";
/// What an earlier parking has left: the task that comes back has its own.
const NOT_INHERITED: [&str; 2] = ["originalRouting", "parkId"];

/// What is needed to come back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Which parking this is.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// Who has parked it.
    pub by: WorkerSid,
    /// `KD…`
    pub interaction_sid: InteractionSid,
    /// `UO…`
    pub channel_sid: ChannelSid,
    /// The agent's part in it.
    pub participant_sid: ParticipantSid,
    /// The agent's task.
    pub task_sid: TaskSid,
    /// The workflow of that task.
    pub workflow_sid: WorkflowSid,
    /// The queue that it came from.
    pub queue_sid: QueueSid,
    /// The unique name of its task channel.
    pub task_channel: String,
    /// What the task that comes back is told.
    pub attributes: Box<RawValue>,
}

/// A note as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it says.
    pub note: Note,
    /// Whether we have written it.
    pub is_ours: bool,
}

#[derive(Serialize)]
struct Stored<'a> {
    #[serde(rename = "flexEdgeParked")]
    parked: Sealed<'a>,
}

/// The note as text: whoever reads and writes the attributes as a whole leaves it as it is.
#[derive(Serialize)]
struct Sealed<'a> {
    note: &'a str,
    seal: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SealedView {
    #[serde(deserialize_with = "lenient")]
    note: Option<String>,
    #[serde(deserialize_with = "lenient")]
    seal: Option<String>,
}

impl Note {
    /// The channel.
    #[must_use]
    pub fn channel(&self) -> Channel {
        Channel { interaction: self.interaction_sid.clone(), sid: self.channel_sid.clone() }
    }

    /// Which parking it is of.
    #[must_use]
    pub fn parking(&self) -> Parking {
        let Self { id, interaction_sid, channel_sid, .. } = self.clone();
        Parking { id, interaction: interaction_sid, channel: channel_sid }
    }

    /// The attributes of the conversation with this note; an error when it does not fit.
    pub fn written(&self, cx: &Context, conversation: &Conversation) -> Result<String> {
        let note = json::write(self);
        let seal = seal::seal(cx.config(), PURPOSE, &sealed(&conversation.sid, &note));
        let stored = json::write(&Stored { parked: Sealed { note: &note, seal } });
        let all = overwrite(conversation.attributes()?, &stored)?;
        if all.len() > MAX_CONVERSATION {
            return Err(Error::refused(
                422,
                "The conversation's attributes have no room for this.",
            ));
        }
        Ok(all)
    }
}

fn sealed(conversation: &ConversationSid, note: &str) -> String {
    format!("{conversation}\n{note}")
}

/// The note of a conversation.
#[must_use]
pub fn of(cx: &Context, conversation: &Conversation) -> Option<Found> {
    let attributes = Members::parse_attributes(conversation.attributes().ok()?)?;
    let stored: SealedView = view(attributes.get(KEY)?);
    let text = stored.note?;
    let note = serde_json::from_str(&text).ok()?;
    let (seal, text) = (stored.seal.unwrap_or_default(), sealed(&conversation.sid, &text));
    Some(Found { note, is_ours: seal::holds(cx.config(), PURPOSE, &text, &seal) })
}

/// The gate of a parking: who brings the conversation back passes it, once.
#[must_use]
pub fn gate(conversation: &ConversationSid, id: &str) -> String {
    format!("unpark/{conversation}/{id}")
}

/// Whether a note still counts. One that could not be taken away stands on, although its
/// conversation has come back: what has become of the parking is known by its gate.
pub async fn is_parked(cx: &Context, conversation: &ConversationSid, note: &Note) -> Result<bool> {
    is_over(cx, conversation, &note.id).await.map(|is_over| !is_over)
}

/// Whether a parking is over.
pub async fn is_over(cx: &Context, conversation: &ConversationSid, id: &str) -> Result<bool> {
    let outcome = once::known::<Box<RawValue>>(cx, &gate(conversation, id)).await?;
    Ok(outcome.is_some())
}

/// The gate that knows which conversation a channel belongs to. What tasks say of that can be
/// anybody's.
fn of_channel(channel: &Channel) -> String {
    format!("conversation-of/{}", channel.sid)
}

/// Has it known which conversation a channel belongs to that is about to be parked.
pub async fn note_channel(
    cx: &Context,
    channel: &Channel,
    conversation: &ConversationSid,
) -> Result<()> {
    let work = async |_| Ok(conversation.clone());
    once::once(cx, &of_channel(channel), REMEMBER_CHANNEL, work).await.map(drop)
}

/// Whether a channel is parked: then the customer's next message brings it back, and nobody has to
/// be there.
///
/// `said` is the conversation as somebody has named it. A note with our seal is our own word wherever
/// it stands; what is known of the channel finds it where nobody names the conversation, or a wrong one.
pub async fn rests(cx: &Context, channel: &Channel, said: Option<&Conversation>) -> Result<bool> {
    let known: Option<ConversationSid> = once::known(cx, &of_channel(channel)).await?;
    let read = match known.filter(|sid| said.is_none_or(|said| said.sid != *sid)) {
        Some(sid) => unless_gone(cx.twilio().conversation(&sid.to_string()).await)?,
        None => None,
    };
    for conversation in said.into_iter().chain(&read) {
        let found = of(cx, conversation).filter(|found| found.is_ours);
        if let Some(Found { note, .. }) =
            found.filter(|found| found.note.channel_sid == channel.sid)
            && is_parked(cx, &conversation.sid, &note).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Has it known that a parking is over whose note could not be taken away. A failure is told in
/// the log.
pub async fn end(cx: &Context, conversation: &ConversationSid, note: &Note) {
    let key = gate(conversation, &note.id);
    if let Err(error) = once::once(cx, &key, REMEMBER, async |_| Ok(None::<()>)).await {
        cx.warn("parking not ended", &error);
    }
}

/// The attributes without a note.
pub fn without(attributes: &str) -> Result<String> {
    let mut rest = Writer::default();
    for member in Members::attributes(attributes)?.iter().filter(|m| m.name != KEY) {
        rest.member(member.written, member.value);
    }
    Ok(rest.end())
}

/// What the task that comes back is told besides: where it was, and which parking made it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added<'a> {
    original_routing: OriginalRouting<'a>,
    park_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OriginalRouting<'a> {
    queue_name: &'a str,
    queue_sid: &'a QueueSid,
    worker_sid: &'a WorkerSid,
}

/// What the task that comes back is told: what the parked one knew. An error when that does
/// not fit into a task.
pub fn attributes(
    task: &str,
    id: &str,
    queue: (&QueueSid, &str),
    worker: &WorkerSid,
) -> Result<Box<RawValue>> {
    let own = Members::attributes(task)?;
    let inherited = inherited(&own, |name| !NOT_INHERITED.contains(&name));
    let (queue_sid, queue_name) = queue;
    let original_routing = OriginalRouting { queue_name, queue_sid, worker_sid: worker };
    let added = json::write(&Added { original_routing, park_id: id });
    let all = overwrite(&inherited.end(), &added)?;
    if all.len() > MAX_TASK {
        return Err(Error::refused(422, "The task's attributes have no room for this."));
    }
    json::read(&all)
}
