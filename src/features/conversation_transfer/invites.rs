//! The invites that are open, as the peers' plugins keep them in the conversation's
//! attributes: `invites[<WT…>] = {invitesTaskSid, targetSid, …}`.
//!
//! Conversations have no `If-Match`: our own writers take turns, and each writes right after
//! it has read.

use crate::Context;
use crate::access;
use crate::auth::Agent;
use crate::error::{Error, Result};
use crate::gate;
use crate::json::{self, Object};
use crate::sid::Sid;
use crate::twilio::taskrouter::Found;

/// An entry: its name and JSON text.
pub type Entry = (Sid, String);

/// As many tasks are asked for at once; the rest, if ever, the next time.
const MAX_ASKED: usize = 20;

/// The tasks that have an entry.
#[must_use]
pub fn tasks(attributes: &str) -> Vec<Sid> {
    let invites =
        Object::parse(attributes).and_then(|object| object.object("invites")).unwrap_or_default();
    invites.members().iter().filter_map(|(name, _)| Sid::parse("WT", name)).collect()
}

/// Those of these tasks that nobody can accept any more. One that cannot be read stays.
pub fn dead(cx: &Context, tasks: &[Sid]) -> Result<Vec<Sid>> {
    let tasks = tasks.get(..MAX_ASKED).unwrap_or(tasks);
    let dead = |(sid, task): Found| match task {
        Ok(Some(task)) if task.is_waiting() => None,
        Ok(_) => Some(sid),
        Err(_) => None,
    };
    Ok(cx.twilio().tasks(tasks)?.into_iter().filter_map(dead).collect())
}

/// Adds an entry and drops those that `dead` brings, if any.
pub fn note(
    cx: &Context,
    conversation: &Sid,
    dead: &dyn Fn() -> Result<Vec<Sid>>,
    entry: Option<&Entry>,
) -> Result<String> {
    gate::alone(cx, &key(conversation), || {
        let (dead, current) = (dead(), cx.twilio().conversation_attributes(conversation));
        write(cx, conversation, &current?, "{}", &dead?, entry)
    })
}

/// Takes over what a plugin sends from its copy of the attributes.
pub fn take_over(cx: &Context, agent: &Agent, conversation: &Sid, sent: &str) -> Result<String> {
    gate::alone(cx, &key(conversation), || {
        let current = access::conversation(cx, agent, conversation)?;
        let mut known = tasks(&current);
        known.extend(tasks(sent).into_iter().filter(|sid| !tasks(&current).contains(sid)));
        write(cx, conversation, &current, sent, &dead(cx, &known)?, None)
    })
}

fn key(conversation: &Sid) -> String {
    ["conversation/", conversation.as_str()].concat()
}

fn write(
    cx: &Context,
    conversation: &Sid,
    current: &str,
    sent: &str,
    dead: &[Sid],
    entry: Option<&Entry>,
) -> Result<String> {
    let current = if current.trim().is_empty() { "{}" } else { current };
    let changed = changed(current, sent, dead, entry)
        .ok_or_else(|| Error::internal("attributes are no JSON object"))?;
    if changed != current {
        cx.twilio().update_conversation(conversation, &[("Attributes", &changed)])?;
    }
    Ok(changed)
}

/// The attributes with `sent` on top, and of all invites those that are not dead. What only
/// `current` has stays: the sender's copy may be older than it.
fn changed(current: &str, sent: &str, dead: &[Sid], entry: Option<&Entry>) -> Option<String> {
    let (current, sent) = (Object::parse(current)?, Object::parse(sent)?);
    let mine = current.object("invites").unwrap_or_default();
    let theirs = sent.object("invites").unwrap_or_default();
    let known = mine.members().iter().map(|(name, value)| (&**name, *value, true));
    let new = theirs.members().iter().map(|(name, value)| (&**name, *value, false));
    let entry = entry.map(|(sid, text)| (sid.as_str(), text.as_str(), false));
    let (mut invites, mut is_changed, mut seen) = (json::object(), false, Vec::new());
    for (name, value, is_known) in known.chain(new).chain(entry) {
        let is_dead = dead.iter().any(|sid| sid.as_str() == name);
        if !is_dead && !seen.contains(&name) {
            seen.push(name);
            invites.raw(name, value);
            is_changed |= !is_known;
        }
        is_changed |= is_dead && is_known;
    }
    let invites = is_changed.then(|| invites.end());
    let in_current = |name: &str| current.members().iter().any(|(other, _)| other == name);
    let mut all = json::object();
    for (name, value) in current.members() {
        let new = if name == "invites" { invites.as_deref() } else { sent.member(name) };
        all.raw(name, new.unwrap_or(value));
    }
    for (name, value) in sent.members() {
        if name != "invites" && !in_current(name) {
            all.raw(name, value);
        }
    }
    match &invites {
        Some(invites) if !in_current("invites") => {
            all.raw("invites", invites);
        }
        _ => {}
    }
    Some(all.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "WT00000000000000000000000000000001";
    const TWO: &str = "WT00000000000000000000000000000002";

    fn sid(text: &str) -> Sid {
        Sid::parse("WT", text).unwrap()
    }

    #[test]
    fn entries_come_and_go_and_the_rest_stays_letter_for_letter() {
        let text = |invites: &str| format!(r#"{{"a":1.50,"s":"\u00e9"{invites},"n":null}}"#);
        let one = format!(r#""{ONE}":{{"targetSid":"x"}}"#);
        let two = format!(r#""{TWO}":{{}}"#);
        let with = |entries: &str| text(&format!(r#","invites":{{{entries}}}"#));
        let same = |current: &str, sent: &str, dead: &[Sid], entry: Option<Entry>| {
            changed(current, sent, dead, entry.as_ref()).unwrap()
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
        let result = changed(&current, &sent, &[sid(ONE)], None).unwrap();
        assert_eq!(
            result,
            format!(r#"{{"theirs":1,"mine":2,"invites":{{"{TWO}":{{}}}},"more":null}}"#)
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(
            changed("[]", "{}", &[], None).is_none() && changed("{", "{}", &[], None).is_none()
        );
    }
}
