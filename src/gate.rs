//! The exactly-once gate: who may do a thing, and what came of it.
//!
//! One Durable Object per key keeps one [`Record`]; this is its whole mind, and
//! `cloudflare.js` its body. The record is changed without an await in between, so one
//! at a time, and the platform holds answers back until it is written.

use crate::Context;
use crate::error::{Error, Result, Settle as _, Stop};
use crate::json::{self, Object};
use crate::runtime::{Claim, Millis, SECOND};

/// What is known about a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// How often it was granted.
    pub attempt: u32,
    /// While an owner is at it: when it counts as dead. Else: when all is forgotten.
    /// Milliseconds since 1970.
    pub until: u64,
    /// An owner is at it.
    pub running: bool,
    /// What came of it.
    pub outcome: Option<String>,
}

/// As many outcomes that are over are stepped over.
const MOST_OVER: u32 = 20;
/// How long a dead owner's record is kept after its lease.
pub const REMEMBER_THE_DEAD: Millis = 60 * 60 * SECOND;

/// What is asked of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// May I?
    Claim {
        /// How long an owner has.
        lease: Millis,
    },
    /// I am done, or have given up.
    Settle {
        /// Which grant this ends.
        attempt: u32,
        /// What came of it; none: somebody else may try.
        outcome: Option<String>,
        /// How long to remember.
        keep: Millis,
    },
}

/// What the gate answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Do it.
    Granted(u32),
    /// It is done.
    Done(String),
    /// Ask again when the owner has settled, or at this time, milliseconds since 1970.
    Wait(u64),
    /// Noted.
    Settled,
}

impl Record {
    /// Reads what [`Record::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        Some(Self {
            attempt: u32::try_from(object.number("attempt")?).ok()?,
            until: object.number("until")?,
            running: object.flag("running")?,
            outcome: object.text("outcome"),
        })
    }

    /// The record as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        json::object()
            .number("attempt", self.attempt.into())
            .number("until", self.until)
            .flag("running", self.running)
            .optional_text("outcome", self.outcome.as_deref())
            .end()
    }
}

impl Ask {
    /// Reads what [`Ask::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        if let Some(lease) = object.number("lease") {
            return Some(Self::Claim { lease });
        }
        Some(Self::Settle {
            attempt: u32::try_from(object.number("attempt")?).ok()?,
            outcome: object.text("outcome"),
            keep: object.number("keep")?,
        })
    }

    /// The question as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Claim { lease } => json::object().number("lease", *lease).end(),
            Self::Settle { attempt, outcome, keep } => json::object()
                .number("attempt", (*attempt).into())
                .optional_text("outcome", outcome.as_deref())
                .number("keep", *keep)
                .end(),
        }
    }
}

impl Reply {
    /// Reads what [`Reply::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        let attempt = object.number("granted").and_then(|attempt| u32::try_from(attempt).ok());
        let granted = attempt.map(Self::Granted);
        let done = || object.text("done").map(Self::Done);
        let wait = || object.number("wait").map(Self::Wait);
        Some(granted.or_else(done).or_else(wait).unwrap_or(Self::Settled))
    }

    /// The answer as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let mut object = json::object();
        match self {
            Self::Granted(attempt) => object.number("granted", (*attempt).into()),
            Self::Done(outcome) => object.text("done", outcome),
            Self::Wait(until) => object.number("wait", *until),
            Self::Settled => &mut object,
        }
        .end()
    }
}

/// One step: what to answer, and the record to keep.
#[must_use]
pub fn step(record: Option<Record>, ask: Ask, now: u64) -> (Reply, Record) {
    // A dead owner's count lives on: its successor must look for what it left.
    let record = record.filter(|r| r.running || r.until > now).unwrap_or_default();
    match ask {
        Ask::Claim { lease } => match record {
            Record { outcome: Some(ref outcome), .. } => (Reply::Done(outcome.clone()), record),
            Record { running: true, until, .. } if until > now => (Reply::Wait(until), record),
            Record { attempt, .. } => {
                let attempt = attempt + 1;
                let granted = Record { attempt, until: now + lease, running: true, outcome: None };
                (Reply::Granted(attempt), granted)
            }
        },
        Ask::Settle { attempt, outcome, keep } => {
            let is_owner = record.running && record.attempt == attempt;
            let record = match outcome {
                // A late outcome is still what happened, unless there is one already.
                Some(outcome) if record.outcome.is_none() => Record {
                    attempt: record.attempt.max(attempt),
                    until: now + keep,
                    running: false,
                    outcome: Some(outcome),
                },
                None if is_owner => Record { until: now + keep, running: false, ..record },
                _ => record,
            };
            (Reply::Settled, record)
        }
    }
}

/// Does `work` once for `key`: whoever asks meanwhile, or within `keep` afterwards, gets
/// its outcome.
///
/// `work` is told the attempt: from the second on, somebody before it failed or died, and
/// it has to look for what they left. When it fails, the next to ask is granted. Like the
/// handler, `work` is run again with each result; once is what it asks for.
pub fn once(
    cx: &Context,
    key: &str,
    keep: Millis,
    work: impl FnOnce(u32) -> Result<String>,
) -> Result<String> {
    match enter(cx, key)? {
        Claim::Granted { attempt } => leave(cx, key, attempt, Some(keep), work(attempt)),
        Claim::Done(outcome) => Ok(outcome),
        Claim::Busy => Err(Error::Busy.into()),
    }
}

/// Does `work` once for `key`, as [`once`]; but what came of it counts only until it is over:
/// then it is done anew. Answers what came of it, and whether it was done just now.
pub fn once_until_over(
    cx: &Context,
    key: &str,
    keep: Millis,
    is_over: &dyn Fn(&str) -> Result<bool>,
    work: &dyn Fn(u32) -> Result<String>,
) -> Result<(String, bool)> {
    let mut key = key.to_owned();
    for _ in 0..MOST_OVER {
        let mut is_ours = false;
        let outcome = once(cx, &key, keep, |attempt| {
            is_ours = true;
            work(attempt)
        })?;
        if is_ours || !is_over(&outcome)? {
            return Ok((outcome, is_ours));
        }
        key.push('+'); // whoever comes after it
    }
    Err(Error::Busy.into())
}

/// Does `work` while nobody else does any under the same key.
pub fn alone(cx: &Context, key: &str, work: impl FnOnce() -> Result<String>) -> Result<String> {
    match enter(cx, key)? {
        Claim::Granted { attempt } => leave(cx, key, attempt, None, work()),
        Claim::Done(_) | Claim::Busy => Err(Error::Busy.into()),
    }
}

/// Asks for a claim within the request's time.
fn enter(cx: &Context, key: &str) -> Result<Claim> {
    let left = cx.time_left();
    // The owner is dead for sure when the lease ends: its own deadline comes first.
    cx.claim(key, left + 3 * SECOND, left)
}

/// Ends a claim, and keeps the outcome if it is to be kept. What was done is done: if that
/// fails, the lease will run out by itself.
fn leave(
    cx: &Context,
    key: &str,
    attempt: u32,
    keep: Option<Millis>,
    result: Result<String>,
) -> Result<String> {
    let result = result.settled()?;
    let outcome = result.as_deref().ok().filter(|_| keep.is_some());
    let keep = keep.unwrap_or(60 * SECOND);
    if let Err(error) = cx.settle(key, attempt, outcome, keep).settled()? {
        cx.warn("claim not settled", &error);
    }
    Ok(result?)
}

/// Makes something that each request to Twilio would make anew. When it is unknown whether
/// that worked, or when an earlier attempt may have made it, looks for it first.
pub fn make<T>(
    cx: &Context,
    attempt: u32,
    look: &dyn Fn() -> Result<Option<T>>,
    make: &dyn Fn() -> Result<T>,
) -> Result<T> {
    let mut failure = None;
    for tries in 1..=3 {
        if (attempt > 1 || failure.is_some())
            && let Some(found) = look()?
        {
            return Ok(found);
        }
        if tries == 3 {
            break;
        }
        match make().settled()? {
            Err(error) if error.is_uncertain() => failure = Some(error),
            made => return Ok(made?),
        }
        if !cx.wait("", cx.pause(1, None))? {
            break;
        }
    }
    Err(failure.map_or_else(|| Error::Busy.into(), Stop::Failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(record: &mut Option<Record>, now: u64) -> Reply {
        let (reply, next) = step(record.take(), Ask::Claim { lease: 100 }, now);
        *record = Some(next);
        reply
    }

    fn settle(record: &mut Option<Record>, attempt: u32, outcome: Option<&str>, now: u64) {
        let outcome = outcome.map(str::to_owned);
        *record = Some(step(record.take(), Ask::Settle { attempt, outcome, keep: 1000 }, now).1);
    }

    #[test]
    fn everything_that_crosses_comes_back_the_same() {
        let outcome = || Some("{\"a\":\"b\\n\"}".to_owned());
        for outcome in [None, outcome()] {
            let record = Record {
                attempt: 3,
                until: 1_800_000_000_000,
                running: true,
                outcome: outcome.clone(),
            };
            assert_eq!(Record::parse(&record.text()), Some(record));
            let ask = Ask::Settle { attempt: 2, outcome, keep: 30_000 };
            assert_eq!(Ask::parse(&ask.text()), Some(ask));
        }
        assert_eq!(Ask::parse(&Ask::Claim { lease: 5 }.text()), Some(Ask::Claim { lease: 5 }));
        for reply in [Reply::Granted(1), Reply::Done("x".into()), Reply::Wait(9), Reply::Settled] {
            assert_eq!(Reply::parse(&reply.text()), Some(reply));
        }
    }

    #[test]
    fn the_second_waits_and_gets_the_firsts_outcome() {
        let mut record = None;
        assert_eq!(claim(&mut record, 0), Reply::Granted(1));
        assert_eq!(claim(&mut record, 1), Reply::Wait(100));
        settle(&mut record, 1, Some("WT1"), 50);
        assert_eq!(claim(&mut record, 51), Reply::Done("WT1".into()));
        assert_eq!(claim(&mut record, 1049), Reply::Done("WT1".into()));
        assert_eq!(claim(&mut record, 1051), Reply::Granted(1), "forgotten");
    }

    #[test]
    fn a_dead_owners_claim_is_granted_again_and_counted() {
        let mut record = None;
        assert_eq!(claim(&mut record, 0), Reply::Granted(1));
        assert_eq!(claim(&mut record, 101), Reply::Granted(2));
        assert_eq!(claim(&mut record, 102), Reply::Wait(201));
    }

    #[test]
    fn a_failed_owner_makes_room_and_leaves_its_count() {
        let mut record = None;
        assert_eq!(claim(&mut record, 0), Reply::Granted(1));
        settle(&mut record, 1, None, 10);
        assert_eq!(claim(&mut record, 20), Reply::Granted(2));
    }

    #[test]
    fn a_late_owner_cannot_open_the_gate_for_a_third() {
        let mut record = None;
        claim(&mut record, 0);
        assert_eq!(claim(&mut record, 101), Reply::Granted(2));
        settle(&mut record, 1, None, 110);
        assert_eq!(claim(&mut record, 120), Reply::Wait(201));
    }

    #[test]
    fn a_late_outcome_counts_and_the_first_outcome_stays() {
        let mut record = None;
        claim(&mut record, 0);
        claim(&mut record, 101);
        settle(&mut record, 1, Some("first"), 110);
        settle(&mut record, 2, Some("second"), 120);
        assert_eq!(claim(&mut record, 130), Reply::Done("first".into()));
    }
}
