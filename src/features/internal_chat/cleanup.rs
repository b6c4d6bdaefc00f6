//! The clean-up: chats that nobody has used for long are closed, so that agents do not
//! reach Twilio's limit of 1,000 conversations each.

use std::time::Duration;

use serde::Serialize;

use super::name::{chat_name, is_marked};
use super::store::{self, List, Place};
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::date::{Millis, millis};
use crate::base::error::Result;
use crate::base::json;
use crate::base::runtime::Claim;
use crate::twilio::Page;
use crate::twilio::conversations::{Conversation, Message};

const CLAIM: &str = "internal-chat/clean-up";
/// The most calls that closing a chat takes, when none is repeated.
const CALLS_PER_CHAT: u32 = 3;
/// As many idle chats are looked at in a run: each costs KV two reads, and Workers allow a
/// thousand.
const MOST_CHATS: u64 = 400;
/// A run stops when less is left of its time.
const REST: Duration = Duration::from_secs(15);

/// What a run has done.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Another run is at it.
    busy: bool,
    /// The round is over.
    complete: bool,
    pages: u64,
    idle: u64,
    closed: u64,
    pinned: u64,
    failed: u64,
}

/// One run of the clean-up; answers what it did, and how it ended.
///
/// 1. Claim it: of two runs at once, the second has nothing to do.
/// 2. Go on where the last run has stopped. A run that crashed has not kept its place, and
///    what it did is found done.
/// 3. Go over the conversations that are not closed, page by page, and close what is idle,
///    until the calls of this run are used up.
/// 4. Keep the place, whatever happened. The next run begins with the chat that failed; if
///    it fails again, that one waits for the next round.
pub async fn clean_up(cx: &Context) -> (Report, Result<()>) {
    let mut report = Report::default();
    let result = claimed(cx, &mut report).await;
    (report, result)
}

async fn claimed(cx: &Context, report: &mut Report) -> Result<()> {
    cx.config().require(Feature::InternalChat)?;
    let runtime = cx.runtime();
    let claim = runtime.claim(CLAIM, cx.time_left(), Duration::ZERO, None, None).await?;
    let Claim::Granted(grant) = claim else {
        report.busy = true;
        return Ok(());
    };
    let result = go_on(cx, report).await;
    result.and(runtime.settle(CLAIM, grant.attempt, None, Duration::ZERO).await)
}

/// Goes on from the place of the last run, and keeps where this one has stopped.
async fn go_on(cx: &Context, report: &mut Report) -> Result<()> {
    let mut place = store::place(cx).await?;
    let result = walk(cx, &mut place, report).await;
    result.and(store::keep_place(cx, &place).await)
}

async fn walk(cx: &Context, place: &mut Place, report: &mut Report) -> Result<()> {
    while has_room(cx, CALLS_PER_CHAT + 1) {
        let page = read(cx, place, report).await?;
        let closed_before = report.closed;
        for chat in unseen(cx, &page, place) {
            if !look_at(cx, &chat, place, report).await? {
                return Ok(());
            }
        }
        if report.closed > closed_before {
            continue; // others may have moved up to this page
        }
        place.after = None;
        place.page = page.next;
        match (&place.page, place.list) {
            (Some(_), _) => {}
            (None, List::Active) => place.list = List::Inactive,
            (None, List::Inactive) => {
                place.list = List::Active;
                report.complete = true;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads the page at this place.
async fn read(cx: &Context, place: &mut Place, report: &mut Report) -> Result<Page> {
    let first = || cx.twilio().conversations_url(place.list.state());
    let url = place.page.clone().unwrap_or_else(first);
    let page = cx.twilio().conversations_page(url).await;
    match &page {
        Ok(_) => report.pages += 1,
        // Twilio may know this page no more.
        Err(error) if !error.is_passing() => *place = Place::default(),
        Err(_) => {}
    }
    page
}

/// What was not looked at yet. One that cannot be read keeps no other from being closed.
fn unseen(cx: &Context, page: &Page, place: &Place) -> Vec<Conversation> {
    let read = page.items.iter().map(|item| json::read(item.get()));
    let read = read.filter_map(|chat| cx.unless_unreadable("conversation not looked at", chat));
    let mut chats: Vec<Conversation> = read.collect();
    let is_last = |chat: &Conversation| Some(&*chat.sid.to_string()) == place.after.as_deref();
    if let Some(last) = chats.iter().position(is_last) {
        chats.drain(..=last);
    }
    chats
}

/// Closes a chat if it is idle; false when the run has to end before it.
async fn look_at(
    cx: &Context,
    chat: &Conversation,
    place: &mut Place,
    report: &mut Report,
) -> Result<bool> {
    let sid = Some(chat.sid.to_string());
    let Some(pair) = idle_pair(cx, chat) else {
        place.after = sid;
        return Ok(true);
    };
    if !has_room(cx, CALLS_PER_CHAT) || report.idle >= MOST_CHATS {
        return Ok(false);
    }
    report.idle += 1;
    match close(cx, chat, pair, report).await {
        Ok(true) => {} // it is no longer in the list
        Ok(false) => place.after = sid,
        Err(error) => {
            report.failed += 1;
            if place.failed != sid {
                place.failed = sid;
                return Err(error);
            }
            place.after = sid;
        }
    }
    Ok(true)
}

fn has_room(cx: &Context, calls: u32) -> bool {
    cx.has_calls(calls) && cx.time_left() > REST
}

fn cutoff(cx: &Context) -> Millis {
    cx.started().saturating_sub(millis(cx.config().internal_chat_idle))
}

/// The agents of a chat that has not changed for long; nothing for any other conversation.
fn idle_pair<'a>(cx: &Context, chat: &'a Conversation) -> Option<(&'a str, &'a str)> {
    let name = chat.unique_name.as_deref()?;
    let (one, other) = name.split_once('+')?;
    let is_pair = !one.is_empty() && !other.is_empty() && !other.contains('+') && one != other;
    let is_ours = is_pair && chat_name(one, other) == name && is_marked(chat);
    (is_ours && chat.date_updated? < cutoff(cx)).then_some((one, other))
}

/// Closes a chat, unless it is pinned, was written in lately, or has others in it than these
/// agents; whether it is closed now.
///
/// A closed conversation keeps its unique name, so it gets another one in the same step:
/// whoever writes to the other agent next makes a new chat.
async fn close(
    cx: &Context,
    chat: &Conversation,
    (one, other): (&str, &str),
    report: &mut Report,
) -> Result<bool> {
    for (identity, other) in [(one, other), (other, one)] {
        if store::is_pinned(cx, identity, other).await? {
            report.pinned += 1;
            return Ok(false);
        }
    }
    let twilio = cx.twilio();
    // Nobody knows how old one without a date is.
    let is_new = |newest: Message| newest.date_created.is_none_or(|at| at >= cutoff(cx));
    if twilio.newest_message(&chat.sid).await?.is_some_and(is_new) {
        return Ok(false);
    }
    let members = twilio.members(&chat.sid).await?;
    let is_one_of_them = |who: Option<&str>| who == Some(one) || who == Some(other);
    if !members.iter().all(|member| is_one_of_them(member.chatter())) {
        return Ok(false);
    }
    cx.note(&chat.sid);
    let name = format!("closed-{}", chat.sid);
    let fields = [("State", "closed"), ("UniqueName", &*name)];
    match twilio.update_conversation(&chat.sid, &fields).await {
        Err(error) if !error.is_gone() && !error.is_closed() => Err(error),
        _ => {
            report.closed += 1;
            Ok(true)
        }
    }
}
