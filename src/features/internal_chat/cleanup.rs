//! The clean-up: chats that nobody has used for long are closed, so that agents do not
//! reach Twilio's limit of 1,000 conversations each.

use super::{chat_name, is_marked};
use crate::Context;
use crate::config::Feature;
use crate::error::{Result, Settle as _, Settled};
use crate::json;
use crate::runtime::{Claim, Millis, SECOND};
use crate::store::{self, Place};
use crate::twilio::conversations::Conversation;

/// The two lists of a round: open conversations, and those that a timer has put to rest.
const ACTIVE: &str = "/v1/Conversations?State=active&PageSize=100";
const INACTIVE: &str = "/v1/Conversations?State=inactive&PageSize=100";
const CLAIM: &str = "internal-chat/clean-up";
/// The most calls that closing a chat takes, when none is repeated.
const CALLS_PER_CHAT: u32 = 3;
/// As many idle chats are looked at in a run: each costs KV two reads, and Workers allow a
/// thousand.
const MOST_CHATS: u64 = 400;
/// A run stops when less is left of its time.
const REST: Millis = 15 * SECOND;

/// What a run has done.
#[derive(Debug, Default)]
pub struct Report {
    is_busy: bool,
    is_complete: bool,
    pages: u64,
    idle: u64,
    closed: u64,
    pinned: u64,
    failed: u64,
}

impl Report {
    /// For the log.
    #[must_use]
    pub fn text(&self) -> String {
        json::object()
            .flag("busy", self.is_busy)
            .flag("complete", self.is_complete)
            .number("pages", self.pages)
            .number("idle", self.idle)
            .number("closed", self.closed)
            .number("pinned", self.pinned)
            .number("failed", self.failed)
            .end()
    }
}

/// How far a run has got. What is noted here is not done again when a result arrives.
#[derive(Debug, Default)]
pub struct Cleaning {
    report: Report,
    /// The claim's attempt, once it is granted.
    attempt: Option<u32>,
    place: Option<Place>,
    page: Option<PageAtHand>,
    /// How the walk has ended.
    walked: Option<Settled<()>>,
}

#[derive(Debug)]
struct PageAtHand {
    /// What is left to look at, the last one first.
    chats: Vec<Conversation>,
    /// The page behind it.
    next: Option<String>,
    closed_before: u64,
    /// The chat at hand has been begun.
    is_begun: bool,
}

/// One run of the clean-up; answers what it did.
///
/// 1. Claim it: of two runs at once, the second has nothing to do.
/// 2. Go on where the last run has stopped. A run that crashed has not kept its place, and
///    what it did is found done.
/// 3. Go over the conversations that are not closed, page by page, and close what is idle,
///    until the calls of this run are used up.
/// 4. Keep the place, whatever happened. The next run begins with the chat that failed; if
///    it fails again, that one waits for the next round.
pub fn clean_up(cx: &Context) -> Result<(String, Settled<()>)> {
    let cleaning = &mut *cx.cleaning.borrow_mut();
    let result = claimed(cx, cleaning).settled()?;
    Ok((cleaning.report.text(), result))
}

fn claimed(cx: &Context, cleaning: &mut Cleaning) -> Result<()> {
    cx.app.config.require(Feature::InternalChat)?;
    if cleaning.attempt.is_none() {
        match cx.claim(CLAIM, cx.time_left(), 0)? {
            Claim::Granted { attempt } => cleaning.attempt = Some(attempt),
            Claim::Done(_) | Claim::Busy => {
                cleaning.report.is_busy = true;
                return Ok(());
            }
        }
    }
    let kept = match go_on(cx, cleaning).settled()? {
        Ok(place) => store::keep_place(cx, place).settled()?,
        Err(error) => Err(error),
    };
    let attempt = cleaning.attempt.unwrap_or_default();
    let settled = cx.settle(CLAIM, attempt, None, 0).settled()?;
    let walked = cleaning.walked.take().unwrap_or(Ok(()));
    Ok(walked.and(kept).and(settled)?)
}

/// Goes on from the place of the last run; answers where this one has stopped.
fn go_on<'a>(cx: &Context, cleaning: &'a mut Cleaning) -> Result<&'a Place> {
    if cleaning.place.is_none() {
        cleaning.place = Some(store::place(cx)?);
    }
    let Cleaning { place, page, report, walked, .. } = cleaning;
    let place = place.get_or_insert_default();
    if walked.is_none() {
        *walked = Some(walk(cx, place, page, report).settled()?);
    }
    Ok(place)
}

fn walk(
    cx: &Context,
    place: &mut Place,
    at_hand: &mut Option<PageAtHand>,
    report: &mut Report,
) -> Result<()> {
    loop {
        let page = match at_hand {
            Some(page) => page,
            None if !has_room(cx, CALLS_PER_CHAT + 1) => return Ok(()),
            None => at_hand.insert(read(cx, place, report)?),
        };
        while let Some(chat) = page.chats.last() {
            let sid = chat.sid.as_str();
            let mut is_closed = false;
            if let Some(pair) = idle_pair(cx, chat) {
                if !page.is_begun {
                    if !has_room(cx, CALLS_PER_CHAT) || report.idle >= MOST_CHATS {
                        return Ok(());
                    }
                    report.idle += 1;
                    page.is_begun = true;
                }
                let closed = close(cx, chat, pair, report).settled()?;
                page.is_begun = false;
                cx.forget();
                match closed {
                    Ok(closed) => is_closed = closed,
                    Err(error) => {
                        report.failed += 1;
                        if place.failed != sid {
                            sid.clone_into(&mut place.failed);
                            return Err(error.into());
                        }
                    }
                }
            }
            // One that is closed is no longer in the list.
            if !is_closed {
                sid.clone_into(&mut place.after);
            }
            page.chats.pop();
        }
        let is_inactive = place.page.as_bytes().windows(8).any(|word| word == b"inactive");
        let (next, closed_before) = (page.next.take(), page.closed_before);
        *at_hand = None;
        if report.closed > closed_before {
            continue; // others may have moved up to this page
        }
        place.after.clear();
        place.page = match next {
            Some(next) => next,
            None if !is_inactive => INACTIVE.to_owned(),
            None => {
                place.page.clear();
                report.is_complete = true;
                return Ok(());
            }
        };
    }
}

/// Reads the page at this place: what was not looked at yet.
fn read(cx: &Context, place: &mut Place, report: &mut Report) -> Result<PageAtHand> {
    let page = match cx.twilio().conversations_page(first_or(&place.page)).settled()? {
        Ok(page) => page,
        Err(error) => {
            // Twilio may know this page no more.
            if !error.is_passing() {
                *place = Place::default();
            }
            return Err(error.into());
        }
    };
    cx.forget();
    report.pages += 1;
    let mut chats: Vec<Conversation> =
        page.items.iter().filter_map(|text| Conversation::read(text).ok()).collect();
    if let Some(last) = chats.iter().position(|chat| chat.sid.as_str() == place.after) {
        chats.drain(..=last);
    }
    chats.reverse();
    Ok(PageAtHand { chats, next: page.next, closed_before: report.closed, is_begun: false })
}

fn first_or(page: &str) -> &str {
    if page.is_empty() { ACTIVE } else { page }
}

fn has_room(cx: &Context, calls: u32) -> bool {
    cx.has_calls(calls) && cx.time_left() > REST
}

fn cutoff(cx: &Context) -> u64 {
    cx.now().saturating_sub(cx.app.config.internal_chat_idle)
}

/// The agents of a chat that has not changed for long; nothing for any other conversation.
fn idle_pair<'a>(cx: &Context, chat: &'a Conversation) -> Option<(&'a str, &'a str)> {
    let (one, other) = chat.unique_name.split_once('+')?;
    let is_pair = !one.is_empty() && !other.is_empty() && !other.contains('+') && one != other;
    let is_ours =
        is_pair && chat_name(one, other) == chat.unique_name && is_marked(&chat.attributes);
    (is_ours && chat.updated? < cutoff(cx)).then_some((one, other))
}

/// Closes a chat, unless it is pinned, was written in lately, or has others in it than these
/// agents; whether it is closed now.
///
/// A closed conversation keeps its unique name, so it gets another one in the same step:
/// whoever writes to the other agent next makes a new chat.
fn close(
    cx: &Context,
    chat: &Conversation,
    (one, other): (&str, &str),
    report: &mut Report,
) -> Result<bool> {
    for (identity, other) in [(one, other), (other, one)] {
        if store::is_pinned(cx, identity, other)? {
            report.pinned += 1;
            return Ok(false);
        }
    }
    let twilio = cx.twilio();
    if twilio.newest_message(&chat.sid)?.is_some_and(|newest| newest >= cutoff(cx)) {
        return Ok(false);
    }
    let members = twilio.conversation_participants(&chat.sid)?;
    if members.iter().any(|identity| identity != one && identity != other) {
        return Ok(false);
    }
    cx.note(&chat.sid);
    let name = ["closed-", chat.sid.as_str()].concat();
    let fields = [("State", "closed"), ("UniqueName", &*name)];
    match twilio.update_conversation(&chat.sid, &fields).settled()? {
        Err(error) if !error.is_gone() && !error.is_closed() => Err(error.into()),
        _ => {
            report.closed += 1;
            Ok(true)
        }
    }
}
