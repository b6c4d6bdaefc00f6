//! The exactly-once gate as a pure state machine: who may do a thing, and what came of it. One
//! Durable Object per key (`cloudflare/gate.rs`) keeps one [`Record`].

use serde::{Deserialize, Serialize};

use crate::base::date::Millis;

/// How long a dead owner's record is kept after its lease: its successor must know that it
/// was there.
const REMEMBER_THE_DEAD: Millis = 60 * 60 * 1000;
/// How long the gate waits before it tries again what was to happen and failed: longer each
/// time, and about a day in all. Twilio may be away for longer than a few seconds.
fn pause_after(tries: u32) -> Option<Millis> {
    const MINUTE: Millis = 60_000;
    match tries {
        0..4 => Some(5_000),
        4..8 => Some(30_000),
        8..12 => Some(5 * MINUTE),
        12..36 => Some(60 * MINUTE),
        _ => None,
    }
}

/// What is known about a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// How often it was granted.
    pub attempt: u32,
    /// While an owner is at it: when it counts as dead. Else: when all is forgotten.
    pub until: Millis,
    /// An owner is at it.
    pub running: bool,
    /// What came of it.
    pub outcome: Option<String>,
    /// What has to happen if nothing comes of it.
    pub watch: Option<Due>,
}

/// Something that has to happen at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Millis,
    /// What.
    pub what: String,
    /// How often it was tried.
    pub tries: u32,
}

/// What is asked of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// May I?
    Claim {
        /// How long an owner has, in milliseconds. 0: I only want to know what came of it.
        lease: Millis,
        /// What has to happen, and after how many milliseconds, if nothing comes of it.
        watch: Option<(Millis, String)>,
    },
    /// I am done, or have given up.
    Settle {
        /// Which grant this ends.
        attempt: u32,
        /// What came of it; none: somebody else may try.
        outcome: Option<String>,
        /// How long to remember, in milliseconds.
        keep: Millis,
    },
}

/// What the gate answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Do it: the number of this attempt.
    Granted(u32),
    /// It is done: what came of it.
    Done(String),
    /// Ask again when the owner has settled, or at this time.
    Wait(Millis),
    /// Noted.
    Settled,
}

/// One step: what to answer, and the record to keep.
#[must_use]
pub fn step(record: Option<Record>, ask: Ask, now: Millis) -> (Reply, Record) {
    // A dead owner's count lives on, and what has to happen is not forgotten.
    let is_kept = |r: &Record| r.running || r.until > now || r.watch.is_some();
    let record = record.filter(is_kept).unwrap_or_default();
    match ask {
        Ask::Claim { lease, watch } => match record {
            Record { outcome: Some(ref outcome), .. } => (Reply::Done(outcome.clone()), record),
            Record { running: true, until, .. } if until > now => (Reply::Wait(until), record),
            record if lease == 0 => (Reply::Wait(now), record),
            Record { attempt, watch: known, .. } => {
                let attempt = attempt + 1;
                let due = |(after, what)| Due { at: now + after, what, tries: 0 };
                let watch = known.or(watch.map(due));
                let until = now + lease;
                let granted = Record { attempt, until, running: true, outcome: None, watch };
                (Reply::Granted(attempt), granted)
            }
        },
        Ask::Settle { attempt, outcome, keep } => {
            (Reply::Settled, settled(record, attempt, outcome, now + keep))
        }
    }
}

fn settled(record: Record, attempt: u32, outcome: Option<String>, until: Millis) -> Record {
    let is_owner = record.running && record.attempt == attempt;
    match outcome {
        // A late outcome is still what happened, unless there is one already.
        Some(outcome) if record.outcome.is_none() => Record {
            attempt: record.attempt.max(attempt),
            until,
            running: false,
            outcome: Some(outcome),
            watch: None,
        },
        None if is_owner => Record { until, running: false, ..record },
        _ => record,
    }
}

impl Record {
    /// When the gate has to look at this record again.
    #[must_use]
    pub fn alarm(&self) -> Millis {
        let forget = self.until + if self.running { REMEMBER_THE_DEAD } else { 0 };
        self.watch.as_ref().map_or(forget, |due| due.at)
    }

    /// What has to happen now.
    #[must_use]
    pub fn due(&self, now: Millis) -> Option<&str> {
        self.watch.as_ref().filter(|due| due.at <= now).map(|due| due.what.as_str())
    }

    /// The record after what was due has been tried; when it has failed, it is due again. Besides,
    /// whether somebody is stranded: it is never tried again, and nobody has done it meanwhile.
    #[must_use]
    pub fn tried(mut self, is_done: bool, now: Millis) -> (Self, bool) {
        self.watch = self.watch.filter(|_| !is_done).and_then(|due| {
            let pause = pause_after(due.tries)?;
            Some(Due { at: now + pause, tries: due.tries + 1, ..due })
        });
        let is_stranded = !is_done && self.watch.is_none() && self.outcome.is_none();
        (self, is_stranded)
    }

    /// When the gate has to look again after an alarm, also one that has rung too early; none when
    /// nothing is worth keeping.
    #[must_use]
    pub fn next_alarm(&self, now: Millis) -> Option<Millis> {
        let at = self.alarm();
        (self.watch.is_some() || at > now).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(record: &mut Option<Record>, now: Millis) -> Reply {
        claim_watched(record, now, None)
    }

    fn claim_watched(
        record: &mut Option<Record>,
        now: Millis,
        watch: Option<(Millis, String)>,
    ) -> Reply {
        let (reply, next) = step(record.take(), Ask::Claim { lease: 100, watch }, now);
        *record = Some(next);
        reply
    }

    fn settle(record: &mut Option<Record>, attempt: u32, outcome: Option<&str>, now: Millis) {
        let outcome = outcome.map(str::to_owned);
        *record = Some(step(record.take(), Ask::Settle { attempt, outcome, keep: 1000 }, now).1);
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
    fn whoever_only_looks_owns_nothing_and_counts_for_nothing() {
        let look = |record: &mut Option<Record>, now| {
            let (reply, next) = step(record.take(), Ask::Claim { lease: 0, watch: None }, now);
            *record = Some(next);
            reply
        };
        let mut record = None;
        assert_eq!(look(&mut record, 0), Reply::Wait(0), "nobody was there");
        assert_eq!(claim(&mut record, 1), Reply::Granted(1));
        assert_eq!(look(&mut record, 2), Reply::Wait(101), "somebody is at it");
        settle(&mut record, 1, None, 10);
        assert_eq!(look(&mut record, 11), Reply::Wait(11), "they failed");
        assert_eq!(claim(&mut record, 12), Reply::Granted(2));
        settle(&mut record, 2, Some("WT1"), 20);
        assert_eq!(look(&mut record, 21), Reply::Done("WT1".into()));
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

    #[test]
    fn what_is_watched_is_due_unless_something_came_of_it() {
        let mut record = None;
        let watch = || Some((500, "let go".to_owned()));
        claim_watched(&mut record, 0, watch());
        settle(&mut record, 1, None, 10);
        claim_watched(&mut record, 200, watch());
        let known = record.clone().unwrap();
        assert_eq!((known.alarm(), known.due(499), known.due(500)), (500, None, Some("let go")));
        let (again, is_stranded) = known.clone().tried(false, 500);
        assert_eq!((again.alarm(), again.due(500), is_stranded), (5_500, None, false));
        let (done, is_stranded) = known.tried(true, 500);
        assert_eq!((done.watch, is_stranded), (None, false));
        settle(&mut record, 2, Some("done"), 300);
        assert_eq!(record.unwrap().due(10_000), None);
    }

    #[test]
    fn what_somebody_else_has_done_meanwhile_strands_nobody() {
        let mut record = None;
        claim_watched(&mut record, 0, Some((500, "catch".to_owned())));
        settle(&mut record, 1, None, 10);
        let last = Due { tries: 36, ..record.as_ref().unwrap().watch.clone().unwrap() };
        record.as_mut().unwrap().watch = Some(last);
        // While the gate tries it for the last time, who asks again has done it.
        let tried = record.clone().unwrap();
        assert_eq!(claim(&mut record, 501), Reply::Granted(2));
        settle(&mut record, 2, Some("done"), 502);
        let (done, is_stranded) = record.unwrap().tried(false, 503);
        assert_eq!((done.outcome.as_deref(), is_stranded), (Some("done"), false));
        assert!(tried.tried(false, 503).1, "else somebody has to look");
    }

    #[test]
    fn an_alarm_that_rings_too_early_is_set_again() {
        let mut record = None;
        claim_watched(&mut record, 0, Some((500, "let go".to_owned())));
        let known = record.clone().unwrap();
        assert_eq!((known.due(499), known.next_alarm(499)), (None, Some(500)));
        settle(&mut record, 1, Some("WT1"), 10);
        let known = record.unwrap();
        assert_eq!((known.next_alarm(1009), known.next_alarm(1010)), (Some(1010), None));
    }

    #[test]
    fn a_record_of_an_older_version_is_read() {
        let old = r#"{"attempt":2,"until":50,"running":false,"outcome":"WT1"}"#;
        let mut record = serde_json::from_str(old).ok();
        assert_eq!(claim(&mut record, 49), Reply::Done("WT1".into()));
    }

    #[test]
    fn what_fails_for_good_is_not_tried_for_ever() {
        let due = Due { at: 0, what: "x".into(), tries: 0 };
        let mut record = Record { watch: Some(due), ..Record::default() };
        let (mut times, mut is_stranded) = (Vec::new(), false);
        while let Some(due) = &record.watch {
            let at = due.at;
            times.push(at);
            assert!(!is_stranded, "it is tried again");
            (record, is_stranded) = record.tried(false, at);
        }
        assert!(is_stranded);
        let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.is_sorted(), "{pauses:?}");
        let day = 24 * 60 * 60 * 1000;
        assert!((day..day + day / 10).contains(times.last().unwrap()), "{times:?}");
    }
}
