//! The cron looks after parked conversations: a message that no webhook has told of brings them
//! back too, and a webhook that is gone is armed again.

use futures_util::join;
use serde::Serialize;

use super::left::Left;
use super::list::{self, Listed};
use super::webhook;
use super::written::come_back;
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::flex::alarm::Written;
use crate::flex::customer::Author;
use crate::flex::parked as note;
use crate::twilio::conversations::{ConversationState, Message};

/// Where the next run goes on.
const PLACE: &str = "parked-sweep";
/// As many are looked at in a run.
const MOST: u64 = 20;
/// Of one conversation as many are looked at who may be its customer.
const MOST_AUTHORS: usize = 3;
/// So many calls to Twilio must be left: bringing one back takes half of them, and the clean-up of
/// internal chats has the rest.
const CALLS: u32 = 20;

/// What a run has done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    looked_at: u64,
    /// Of these a message is newer than the parking.
    written_in: u64,
    armed: u64,
    failed: u64,
}

impl Report {
    /// Whether there was nothing to look at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.looked_at == 0
    }
}

/// One run; answers what it did, and how it ended.
///
/// 1. Read the list of all that is parked, and go on behind the place of the last run.
/// 2. Look at some of them ([`look_at`]). One that fails is looked at again in the next round.
/// 3. Keep the place.
pub async fn sweep(cx: &Context) -> (Report, Result<()>) {
    let mut report = Report::default();
    let result = walk(cx, &mut report).await;
    (report, result)
}

async fn walk(cx: &Context, report: &mut Report) -> Result<()> {
    let all = list::all(cx).await?;
    if all.is_empty() {
        return Ok(());
    }
    let mut place = cx.runtime().kv_get(PLACE).await?.unwrap_or_default();
    let rest: Vec<&Listed> = all.iter().filter(|listed| listed.key > place).collect();
    for listed in &rest {
        if report.looked_at == MOST || !cx.has_calls(CALLS) {
            break;
        }
        report.looked_at += 1;
        if let Err(error) = look_at(cx, listed, report).await {
            report.failed += 1;
            cx.warn("parked conversation not looked after", &error);
        }
        place.clone_from(&listed.key);
    }
    if rest.last().is_none_or(|last| last.key == place) {
        place.clear(); // the next round
    }
    cx.runtime().kv_put(PLACE, &place, "", None).await
}

/// 1. What is left of a parking that is over goes.
/// 2. At the same time: read the newest messages, and the parking's webhook. When nobody has written
///    since it was parked, and the webhook is there, all is well.
/// 3. A conversation that is gone is off the list.
/// 4. Somebody has written: do what the webhook would have done. The newest message may be a
///    machine's that has answered the customer.
/// 5. If it is still parked and the webhook is gone, it is armed again.
async fn look_at(cx: &Context, listed: &Listed, report: &mut Report) -> Result<()> {
    let (conversation, parking) = (&listed.conversation, &listed.parking);
    if note::is_over(cx, conversation, &parking.id).await? {
        let left = Left { conversation: conversation.clone(), id: parking.id.clone(), by: None };
        let found = left.look(cx).await;
        left.clean_up(cx, found).await;
        listed.remove(cx).await;
        return Ok(());
    }
    let (messages, webhook) = join!(
        cx.twilio().newest_messages(conversation),
        webhook::find(cx, conversation, &parking.id)
    );
    let Some(messages) = unless_gone(messages)? else {
        listed.remove(cx).await;
        return Ok(());
    };
    let (authors, webhook) = (since(listed, messages), webhook?);
    report.written_in += u64::from(!authors.is_empty());
    for author in &authors {
        let (member, name) = (author.member.clone(), author.name.as_deref());
        let written = Written::new(conversation.clone(), member, name, None);
        let written = Written { parking: Some(parking.clone()), ..written };
        // It was written a while ago: that it has gone is believed at once.
        come_back(cx, &written, author, 2).await?;
        if note::is_over(cx, conversation, &parking.id).await? {
            return Ok(());
        }
    }
    if webhook.is_some() {
        return Ok(());
    }
    let found = cx.twilio().conversation(&conversation.to_string()).await?;
    if found.state == Some(ConversationState::Closed) {
        listed.remove(cx).await;
        return Ok(());
    }
    let Some(origin) = list::origin(cx, &listed.key).await? else { return Ok(()) };
    webhook::arm(cx, &origin, conversation, parking).await?;
    report.armed += 1;
    Ok(())
}

/// Who has written since a conversation was parked and can be its customer, the latest first.
fn since(listed: &Listed, messages: Vec<Message>) -> Vec<Author> {
    let is_since = |message: &Message| message.date_created.is_some_and(|at| at > listed.at);
    let mut authors = Vec::new();
    for message in messages.into_iter().filter(is_since) {
        let author = Author { member: message.participant_sid, name: message.author };
        if author.may_be_customer() && !authors.contains(&author) && authors.len() < MOST_AUTHORS {
            authors.push(author);
        }
    }
    authors
}
