//! The invites that are open, as the plugins keep them in the conversation's attributes:
//! `invites[<WT…>] = {invitesTaskSid, targetSid, …}`.
//!
//! Conversations have no `If-Match`: our own writers take turns, and each writes right after
//! it has read.

use std::collections::HashSet;
use std::future::{Future, ready};

use futures_util::join;

use crate::base::attributes::{MAX_CONVERSATION, Writer};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::members::Members;
use crate::base::sid::{ConversationSid, Sid as _, TaskSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::chat::attributes_turn;
use crate::flex::parked;
use crate::once;
use crate::twilio::conversations::Conversation;
use crate::twilio::taskrouter::Task;

/// The member of the attributes that has the invites.
const INVITES: &str = "invites";
/// As many tasks are asked for at once; the rest, if ever, the next time.
const MAX_ASKED: usize = 20;

/// An entry: its name and JSON text.
pub type Entry = (TaskSid, String);

/// The conversation, as far as there is one and the agent is in it.
pub async fn conversation(
    cx: &Context,
    agent: &Agent,
    sid: Option<&ConversationSid>,
) -> Option<Conversation> {
    access::conversation(cx, agent, sid?).await.ok()
}

/// The tasks that have an entry.
#[must_use]
pub fn tasks(attributes: &str) -> Vec<TaskSid> {
    let attributes = Members::parse_attributes(attributes).unwrap_or_default();
    let invites = attributes.get(INVITES).and_then(Members::parse).unwrap_or_default();
    invites.iter().filter_map(|entry| TaskSid::parse(&entry.name)).collect()
}

/// Those of these tasks that nobody can accept any more. One that cannot be read stays.
pub async fn dead(cx: &Context, tasks: &[TaskSid]) -> HashSet<TaskSid> {
    let tasks = tasks.get(..MAX_ASKED).unwrap_or(tasks);
    let found = cx.twilio().tasks(tasks).await;
    let is_dead = |found: &Result<Option<Task>>| match found {
        Ok(task) => !task.as_ref().is_some_and(Task::is_waiting),
        Err(_) => false,
    };
    let dead = tasks.iter().zip(found).filter(|(_, found)| is_dead(found));
    dead.map(|(sid, _)| sid.clone()).collect()
}

/// Adds an entry, and drops those that are dead.
pub async fn note(
    cx: &Context,
    conversation: &ConversationSid,
    dead: &HashSet<TaskSid>,
    entry: &Entry,
) -> Result<()> {
    revise(cx, conversation, ready(dead.clone()), Some(entry)).await
}

/// Drops the entries that turn out to be dead; a failure leaves them for the next time.
pub async fn prune(
    cx: &Context,
    conversation: &ConversationSid,
    dead: impl Future<Output = HashSet<TaskSid>>,
) {
    if let Err(error) = revise(cx, conversation, dead, None).await {
        cx.warn("dead invites not dropped", &error);
    }
}

async fn revise(
    cx: &Context,
    conversation: &ConversationSid,
    dead: impl Future<Output = HashSet<TaskSid>>,
    entry: Option<&Entry>,
) -> Result<()> {
    once::alone(cx, &attributes_turn(conversation), async || {
        let name = conversation.to_string();
        let (dead, current) = join!(dead, cx.twilio().conversation(&name));
        write(cx, &current?, "{}", &dead, entry).await
    })
    .await
}

/// Takes over what a plugin sends from its copy of the attributes: `current` is what was read
/// when the agent's part was checked.
pub async fn take_over(cx: &Context, current: Conversation, sent: &str) -> Result<()> {
    let sid = current.sid.clone();
    once::in_turn(cx, &attributes_turn(&sid), async |attempt| {
        let current =
            if attempt > 1 { cx.twilio().conversation(sid.as_str()).await? } else { current };
        let mut known = tasks(current.attributes()?);
        let ours: HashSet<TaskSid> = known.iter().cloned().collect();
        known.extend(tasks(sent).into_iter().filter(|sid| !ours.contains(sid)));
        write(cx, &current, sent, &dead(cx, &known).await, None).await
    })
    .await
}

async fn write(
    cx: &Context,
    conversation: &Conversation,
    sent: &str,
    dead: &HashSet<TaskSid>,
    entry: Option<&Entry>,
) -> Result<()> {
    let current = conversation.attributes()?;
    let current = if current.trim().is_empty() { "{}" } else { current };
    let changed = changed(current, sent, dead, entry)?;
    if changed.len() > MAX_CONVERSATION {
        return Err(Error::bad("attributes", "makes the attributes longer than 16 KB"));
    }
    if changed != current {
        cx.twilio().update_conversation(&conversation.sid, &[("Attributes", &changed)]).await?;
    }
    Ok(())
}

/// The attributes with `sent` on top, and of all invites those that are not dead. What only
/// `current` has stays: the sender's copy may be older than it. The note on a parked conversation
/// is ours: what is sent in its place is ignored.
fn changed(
    current: &str,
    sent: &str,
    dead: &HashSet<TaskSid>,
    entry: Option<&Entry>,
) -> Result<String> {
    let (current, sent) = (Members::attributes(current)?, Members::attributes(sent)?);
    let invites = changed_invites(&current, &sent, dead, entry);
    let mut all = Writer::default();
    for member in current.iter() {
        let new = match &*member.name {
            INVITES => invites.as_deref(),
            parked::KEY => None,
            name => sent.get(name),
        };
        all.member(member.written, new.unwrap_or(member.value));
    }
    for member in sent.iter() {
        let is_ours = [INVITES, parked::KEY].contains(&&*member.name);
        if !is_ours && current.get(&member.name).is_none() {
            all.member(member.written, member.value);
        }
    }
    if let (Some(invites), None) = (&invites, current.get(INVITES)) {
        all.member(&json::write(INVITES), invites);
    }
    Ok(all.end())
}

/// The invites; nothing when none comes and none goes.
fn changed_invites(
    current: &Members<'_>,
    sent: &Members<'_>,
    dead: &HashSet<TaskSid>,
    entry: Option<&Entry>,
) -> Option<String> {
    let invites_in = |all: &Members<'_>| all.get(INVITES).map(str::to_owned).unwrap_or_default();
    let (mine, theirs) = (invites_in(current), invites_in(sent));
    let mine = Members::parse(&mine).unwrap_or_default();
    let theirs = Members::parse(&theirs).unwrap_or_default();
    let is_dead = |name: &str| TaskSid::parse(name).is_some_and(|sid| dead.contains(&sid));
    let (mut invites, mut is_changed) = (Writer::default(), false);
    for known in mine.iter() {
        if is_dead(&known.name) {
            is_changed = true;
        } else {
            invites.member(known.written, known.value);
        }
    }
    let is_new = |name: &str| mine.get(name).is_none() && !is_dead(name);
    for new in theirs.iter().filter(|new| is_new(&new.name)) {
        invites.member(new.written, new.value);
        is_changed = true;
    }
    if let Some((sid, text)) = entry.filter(|(sid, _)| is_new(sid.as_str())) {
        invites.member(&json::write(sid), text);
        is_changed = true;
    }
    is_changed.then(|| invites.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "WT00000000000000000000000000000001";
    const TWO: &str = "WT00000000000000000000000000000002";

    fn sid(text: &str) -> TaskSid {
        TaskSid::parse(text).unwrap()
    }

    #[test]
    fn entries_come_and_go_and_the_rest_stays_letter_for_letter() {
        let text = |invites: &str| format!(r#"{{"a":1.50,"s":"\u00e9"{invites},"n":null}}"#);
        let one = format!(r#""{ONE}":{{"targetSid":"x"}}"#);
        let two = format!(r#""{TWO}":{{}}"#);
        let with = |entries: &str| text(&format!(r#","invites":{{{entries}}}"#));
        let same = |current: &str, sent: &str, dead: &[TaskSid], entry: Option<Entry>| {
            changed(current, sent, &dead.iter().cloned().collect(), entry.as_ref()).unwrap()
        };
        let new = Some((sid(TWO), "{}".to_owned()));
        assert_eq!(same(&with(&one), "{}", &[], new.clone()), with(&format!("{one},{two}")));
        assert_eq!(same(&with(&one), "{}", &[sid(ONE)], new.clone()), with(&two));
        assert_eq!(same(&with(&one), "{}", &[sid(ONE)], None), with(""));
        assert_eq!(same(&with(&one), "{}", &[sid(TWO)], None), with(&one));
        assert_eq!(same(&with(&two), "{}", &[], new), with(&two));
        assert_eq!(same(&with("\"odd\":7"), "{}", &[], None), with("\"odd\":7"));
        for odd in ["null", "[]", "3"] {
            let odd = text(&format!(r#","invites":{odd}"#));
            assert_eq!(same(&odd, "{}", &[], None), odd);
        }
    }

    #[test]
    fn a_stale_copy_neither_revives_an_invite_nor_loses_what_it_does_not_know() {
        let current = format!(r#"{{"theirs":1,"mine":1,"invites":{{"{TWO}":{{}}}}}}"#);
        let sent = format!(r#"{{"mine":2,"invites":{{"{ONE}":{{}}}},"more":null}}"#);
        let result = changed(&current, &sent, &[sid(ONE)].into(), None).unwrap();
        assert_eq!(
            result,
            format!(r#"{{"theirs":1,"mine":2,"invites":{{"{TWO}":{{}}}},"more":null}}"#)
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let none = HashSet::new();
        assert!(changed("[]", "{}", &none, None).is_err());
        assert!(changed("{", "{}", &none, None).is_err());
    }
}
