//! What a worker has parked: our list in KV, and the template's in Sync.
//!
//! | key | value | metadata | lifetime |
//! |---|---|---|---|
//! | `parked/<WK…>/<CH…>/<parking>` | where we are reached | an [`Entry`] as JSON | as [`life`] says |
//! | `parked-sweep` | the key that [`super::sweep()`] has looked at last | none | until the next run |
//!
//! The lists are for reading: what is parked stands in the conversation itself.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::date::{Millis, iso};
use crate::base::error::Result;
use crate::base::json;
use crate::base::members::lenient;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, ParticipantSid, Sid as _, TaskSid, WebhookSid,
    WorkerSid, WorkflowSid,
};
use crate::flex::agent::Agent;
use crate::flex::alarm::Parking;
use crate::flex::customer::cut;
use crate::flex::parked::Note;
use crate::twilio::sync;

/// All keys begin so.
const PREFIX: &str = "parked/";
/// As many pages are read of all that is parked, of a thousand each.
const MOST_PAGES: usize = 10;
/// KV takes 1 KB of metadata.
const MAX_NAME: usize = 80;

/// How long a parked conversation is listed: a page in the web is not open for ever, and
/// nobody comes back to a short message after a month.
fn life(channel_type: &str) -> Duration {
    match channel_type {
        "web" | "chat" => Duration::from_hours(24),
        _ => Duration::from_hours(30 * 24),
    }
}

/// A parked conversation, as it stands in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    interaction_sid: InteractionSid,
    channel_sid: ChannelSid,
    task_sid: TaskSid,
    webhook_sid: WebhookSid,
    channel_type: String,
    /// Who the customer is, as far as the task says.
    customer: Option<String>,
    at: Millis,
    /// Which parking it is. Entries of older versions do not say it.
    #[serde(default)]
    id: Option<String>,
}

/// What `list` takes: nothing.
#[derive(Deserialize)]
pub struct List {}

/// What `list` answers.
#[derive(Serialize)]
pub struct Answer {
    parked: Vec<Shown>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    conversation_sid: ConversationSid,
    interaction_sid: InteractionSid,
    channel_sid: ChannelSid,
    task_sid: TaskSid,
    webhook_sid: WebhookSid,
    channel_type: String,
    customer: Option<String>,
    parked_at: String,
}

/// `/parked/list`: what the token's worker has parked, the oldest first.
pub async fn list(cx: &Context, agent: &Agent, _: List) -> Result<Done<Answer>> {
    let prefix = format!("{PREFIX}{}/", agent.worker()?);
    let mut parked: Vec<(Millis, Shown)> = Vec::new();
    for (key, metadata) in cx.kv_keys(&prefix, usize::MAX).await? {
        let Some((_, conversation_sid)) = named(&key) else { continue };
        let entry: Entry = json::read(&metadata)?;
        let shown = Shown {
            conversation_sid,
            interaction_sid: entry.interaction_sid,
            channel_sid: entry.channel_sid,
            task_sid: entry.task_sid,
            webhook_sid: entry.webhook_sid,
            channel_type: entry.channel_type,
            customer: entry.customer,
            parked_at: iso(entry.at),
        };
        parked.push((entry.at, shown));
    }
    parked.sort_by_key(|(at, _)| *at);
    // KV may still list an earlier parking of the same conversation: the last one counts.
    let last: HashMap<_, _> =
        parked.iter().map(|(at, shown)| (shown.conversation_sid.clone(), *at)).collect();
    parked.retain(|(at, shown)| last.get(&shown.conversation_sid) == Some(at));
    Ok(Done::with(Answer { parked: parked.into_iter().map(|(_, shown)| shown).collect() }))
}

/// The key of a parking. Each has its own: one that is taken off late takes no other with it.
fn key(worker: &WorkerSid, conversation: &ConversationSid, id: &str) -> String {
    format!("{PREFIX}{worker}/{conversation}/{id}")
}

/// Who has parked what, by its key. Those of older versions end with the conversation.
fn named(key: &str) -> Option<(WorkerSid, ConversationSid)> {
    let mut parts = key.strip_prefix(PREFIX)?.split('/');
    Some((WorkerSid::parse(parts.next()?)?, ConversationSid::parse(parts.next()?)?))
}

/// A parking, as it is listed.
pub struct Listed {
    /// The key of the entry.
    pub key: String,
    /// Who has parked it.
    pub worker: WorkerSid,
    /// The conversation.
    pub conversation: ConversationSid,
    /// Which parking it is.
    pub parking: Parking,
    /// When it was.
    pub at: Millis,
}

impl Listed {
    /// Reads an entry; nothing when an older version has written it.
    fn read(key: String, metadata: &str) -> Option<Self> {
        let (worker, conversation) = named(&key)?;
        let entry: Entry = serde_json::from_str(metadata).ok()?;
        let Entry { interaction_sid, channel_sid, at, id, .. } = entry;
        let parking = Parking { id: id?, interaction: interaction_sid, channel: channel_sid };
        Some(Self { key, worker, conversation, parking, at })
    }
}

/// What all workers have parked, in the order of the keys.
pub async fn all(cx: &Context) -> Result<Vec<Listed>> {
    let keys = cx.kv_keys(PREFIX, MOST_PAGES).await?;
    Ok(keys.into_iter().filter_map(|(key, entry)| Listed::read(key, &entry)).collect())
}

/// Where we were reached when this was parked; nothing when an older version has written it.
pub async fn origin(cx: &Context, key: &str) -> Result<Option<String>> {
    Ok(cx.runtime().kv_get(key).await?.filter(|origin| !origin.is_empty()))
}

fn map(worker: &WorkerSid) -> String {
    format!("ParkedInteractions_{worker}")
}

/// An item of the template's list, as its client reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    interaction_sid: &'a InteractionSid,
    flex_interaction_channel_sid: &'a ChannelSid,
    channel_type: &'a str,
    participant_sid: &'a ParticipantSid,
    workflow_sid: &'a WorkflowSid,
    task_channel_unique_name: &'a str,
    task_attributes: &'a str,
    webhook_sid: &'a WebhookSid,
    /// For ourselves: which parking it is.
    park_id: &'a str,
}

/// What is put on the lists.
pub struct New<'a> {
    /// The conversation.
    pub conversation: &'a ConversationSid,
    /// What is noted on it.
    pub note: &'a Note,
    /// By what the customer writes.
    pub channel_type: &'a str,
    /// The customer's name or address.
    pub customer: Option<&'a str>,
    /// The task's attributes.
    pub attributes: &'a str,
    /// The webhook that brings it back.
    pub webhook: &'a WebhookSid,
    /// Whether the template's list is wanted.
    pub in_sync: bool,
}

/// Puts a conversation on its worker's lists. A failure is told in the log: it is parked all
/// the same.
pub async fn add(cx: &Context, new: &New<'_>) {
    let (note, life) = (new.note, life(new.channel_type));
    let entry = json::write(&Entry {
        interaction_sid: note.interaction_sid.clone(),
        channel_sid: note.channel_sid.clone(),
        task_sid: note.task_sid.clone(),
        webhook_sid: new.webhook.clone(),
        channel_type: cut(new.channel_type, MAX_NAME).into_owned(),
        customer: new.customer.map(|name| cut(name, MAX_NAME).into_owned()),
        at: note.at,
        id: Some(note.id.clone()),
    });
    let (key, origin) = (key(&note.by, new.conversation, &note.id), cx.url(""));
    let in_kv = cx.runtime().kv_put(&key, &origin, &entry, Some(life));
    let in_sync = async {
        let Some(service) = cx.config().sync_service.as_ref().filter(|_| new.in_sync) else {
            return Ok(());
        };
        let item = json::write(&Item {
            interaction_sid: &note.interaction_sid,
            flex_interaction_channel_sid: &note.channel_sid,
            channel_type: new.channel_type,
            participant_sid: &note.participant_sid,
            workflow_sid: &note.workflow_sid,
            task_channel_unique_name: &note.task_channel,
            task_attributes: new.attributes,
            webhook_sid: new.webhook,
            park_id: &note.id,
        });
        let key = new.conversation.as_str();
        cx.twilio().put_item(service, &map(&note.by), key, &item, life).await
    };
    let (in_kv, in_sync) = join!(in_kv, in_sync);
    for error in [in_kv.err(), in_sync.err()].into_iter().flatten() {
        cx.warn("not on the list of parked conversations", &error);
    }
}

/// What stands on the template's list of a worker for this conversation.
pub async fn in_sync(
    cx: &Context,
    worker: &WorkerSid,
    conversation: &ConversationSid,
) -> Result<Option<sync::Item>> {
    match &cx.config().sync_service {
        Some(service) => cx.twilio().item(service, &map(worker), conversation.as_str()).await,
        None => Ok(None),
    }
}

/// Takes a parking off its worker's lists; `found` is what stands on the template's. A failure is
/// told in the log.
pub async fn remove(
    cx: &Context,
    worker: &WorkerSid,
    conversation: &ConversationSid,
    id: &str,
    found: Result<Option<sync::Item>>,
) {
    take_off(cx, &key(worker, conversation, id), worker, conversation, id, found).await;
}

impl Listed {
    /// Takes it off its worker's lists. A failure is told in the log.
    pub async fn remove(&self, cx: &Context) {
        let Self { key, worker, conversation, parking, .. } = self;
        let found = in_sync(cx, worker, conversation).await;
        take_off(cx, key, worker, conversation, &parking.id, found).await;
    }
}

async fn take_off(
    cx: &Context,
    key: &str,
    worker: &WorkerSid,
    conversation: &ConversationSid,
    id: &str,
    found: Result<Option<sync::Item>>,
) {
    let in_sync = async {
        let of = |item: &sync::Item| item.view::<Synced>().park_id;
        let found = found?.filter(|item| of(item).is_none_or(|of| of == id));
        let (Some(item), Some(service)) = (found, &cx.config().sync_service) else {
            return Ok(());
        };
        cx.twilio().delete_item(service, &map(worker), conversation.as_str(), item).await
    };
    let (in_kv, in_sync) = join!(cx.runtime().kv_delete(key), in_sync);
    for error in [in_kv.err(), in_sync.err()].into_iter().flatten() {
        cx.warn("still on the list of parked conversations", &error);
    }
}

/// Which parking an item of the template's list is of. Older versions do not say it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Synced {
    #[serde(deserialize_with = "lenient")]
    park_id: Option<String>,
}

/// Takes all that a worker has on the lists of a conversation off: it is not parked. A failure is
/// told in the log.
pub async fn clear(cx: &Context, worker: &WorkerSid, conversation: &ConversationSid) {
    let prefix = format!("{PREFIX}{worker}/{conversation}");
    let keys = match cx.kv_keys(&prefix, 1).await {
        Ok(keys) => keys,
        Err(error) => return cx.warn("still on the list of parked conversations", &error),
    };
    let listed = keys.into_iter().filter_map(|(key, entry)| Listed::read(key, &entry));
    for listed in listed {
        listed.remove(cx).await;
    }
}
