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
    /// What came of it before, while it is done anew.
    pub over: Option<Over>,
    /// What has to happen if nothing comes of it.
    pub watch: Option<Due>,
}

/// An outcome that counts no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// What it was.
    pub outcome: String,
    /// How often it had been granted by then.
    pub attempt: u32,
    /// How long it would have been remembered: as long it is told, should nothing new come of it.
    pub until: Millis,
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
        /// What came of it, and is over: unless something else has come of it since, it may be
        /// done anew.
        over: Option<String>,
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
    /// Do it.
    Granted {
        /// The number of this grant.
        attempt: u32,
        /// The number of this try: what is over and done anew begins with the first one again.
        tries: u32,
    },
    /// It is done: what came of it.
    Done(String),
    /// Ask again when the owner has settled, or at this time.
    Wait(Millis),
    /// Nothing has come of it, nobody is at it, and nobody will see to it: to those who only want
    /// to know.
    Nothing,
    /// Noted.
    Settled,
}

/// One step: what to answer, and the record to keep.
#[must_use]
pub fn step(record: Option<Record>, ask: Ask, now: Millis) -> (Reply, Record) {
    let record = record.filter(|record| record.is_kept(now)).unwrap_or_default();
    match ask {
        Ask::Claim { lease: 0, .. } => (record.told(now), record),
        Ask::Claim { lease, watch, over } => {
            let is_running = record.running && record.until > now;
            match record.newest().filter(|outcome| Some(*outcome) != over.as_deref()) {
                Some(newest) if !is_running => (Reply::Done(newest.to_owned()), record),
                _ if is_running => (Reply::Wait(record.until), record),
                _ => record.granted(lease, watch, now),
            }
        }
        Ask::Settle { attempt, outcome, keep } => {
            (Reply::Settled, record.after_settle(attempt, outcome, now + keep))
        }
    }
}

impl Record {
    /// Whether it says anything yet: a dead owner's count lives on, and what has to happen is not
    /// forgotten.
    fn is_kept(&self, now: Millis) -> bool {
        let is_told = self.over.as_ref().is_some_and(|over| over.until > now);
        self.running || self.until > now || is_told || self.watch.is_some()
    }

    /// What came of it last, over or not.
    fn newest(&self) -> Option<&str> {
        self.outcome.as_ref().or(self.over.as_ref().map(|over| &over.outcome)).map(String::as_str)
    }

    /// What who only wants to know is told. Where something has to happen yet, nobody knows.
    fn told(&self, now: Millis) -> Reply {
        match self.newest() {
            Some(newest) => Reply::Done(newest.to_owned()),
            None if self.running && self.until > now => Reply::Wait(self.until),
            None if self.watch.is_some() => Reply::Wait(now),
            None => Reply::Nothing,
        }
    }

    fn granted(self, lease: Millis, watch: Option<(Millis, String)>, now: Millis) -> (Reply, Self) {
        let Self { attempt, until, outcome, over, watch: known, .. } = self;
        let due = |(after, what)| Due { at: now + after, what, tries: 0 };
        let granted = Self {
            attempt: attempt + 1,
            until: now + lease,
            running: true,
            outcome: None,
            over: outcome.map(|outcome| Over { outcome, attempt, until }).or(over),
            watch: known.or(watch.map(due)),
        };
        let before = granted.over.as_ref().map_or(0, |over| over.attempt);
        let (attempt, tries) = (granted.attempt, granted.attempt - before);
        (Reply::Granted { attempt, tries }, granted)
    }

    fn after_settle(self, attempt: u32, outcome: Option<String>, until: Millis) -> Self {
        let is_owner = self.running && self.attempt == attempt;
        let is_older = self.over.as_ref().is_some_and(|over| attempt <= over.attempt);
        match outcome {
            // A late outcome is still what happened, unless there is one already.
            Some(outcome) if self.outcome.is_none() && !is_older => Self {
                attempt: self.attempt.max(attempt),
                until,
                outcome: Some(outcome),
                ..Self::default()
            },
            None if is_owner => Self { until, running: false, ..self },
            _ => self,
        }
    }

    /// When the gate has to look at this record again.
    #[must_use]
    pub fn alarm(&self) -> Millis {
        let forget = self.until + if self.running { REMEMBER_THE_DEAD } else { 0 };
        let forget = self.over.as_ref().map_or(forget, |over| over.until.max(forget));
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

    fn granted(attempt: u32) -> Reply {
        Reply::Granted { attempt, tries: attempt }
    }

    fn claim(record: &mut Option<Record>, now: Millis) -> Reply {
        claim_watched(record, now, None)
    }

    fn claim_watched(
        record: &mut Option<Record>,
        now: Millis,
        watch: Option<(Millis, String)>,
    ) -> Reply {
        asked(record, Ask::Claim { lease: 100, watch, over: None }, now)
    }

    fn anew(record: &mut Option<Record>, over: &str, now: Millis) -> Reply {
        asked(record, Ask::Claim { lease: 100, watch: None, over: Some(over.into()) }, now)
    }

    fn look(record: &mut Option<Record>, now: Millis) -> Reply {
        asked(record, Ask::Claim { lease: 0, watch: None, over: None }, now)
    }

    fn asked(record: &mut Option<Record>, ask: Ask, now: Millis) -> Reply {
        let (reply, next) = step(record.take(), ask, now);
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
        assert_eq!(claim(&mut record, 0), granted(1));
        assert_eq!(claim(&mut record, 1), Reply::Wait(100));
        settle(&mut record, 1, Some("WT1"), 50);
        assert_eq!(claim(&mut record, 51), Reply::Done("WT1".into()));
        assert_eq!(claim(&mut record, 1049), Reply::Done("WT1".into()));
        assert_eq!(claim(&mut record, 1051), granted(1), "forgotten");
    }

    #[test]
    fn a_dead_owners_claim_is_granted_again_and_counted() {
        let mut record = None;
        assert_eq!(claim(&mut record, 0), granted(1));
        assert_eq!(claim(&mut record, 101), granted(2));
        assert_eq!(claim(&mut record, 102), Reply::Wait(201));
    }

    #[test]
    fn whoever_only_looks_owns_nothing_and_counts_for_nothing() {
        let mut record = None;
        assert_eq!(look(&mut record, 0), Reply::Nothing, "nobody was there");
        assert_eq!(claim(&mut record, 1), granted(1));
        assert_eq!(look(&mut record, 2), Reply::Wait(101), "somebody is at it");
        settle(&mut record, 1, None, 10);
        assert_eq!(look(&mut record, 11), Reply::Nothing, "they failed");
        assert_eq!(claim(&mut record, 12), granted(2));
        settle(&mut record, 2, Some("WT1"), 20);
        assert_eq!(look(&mut record, 21), Reply::Done("WT1".into()));
    }

    #[test]
    fn where_something_has_to_happen_yet_nobody_knows_that_nothing_will() {
        let mut record = None;
        claim_watched(&mut record, 0, Some((500, "let go".into())));
        settle(&mut record, 1, None, 10);
        assert_eq!(look(&mut record, 20), Reply::Wait(20));
        record = record.map(|record| record.tried(true, 500).0);
        assert_eq!(look(&mut record, 501), Reply::Nothing);
        // An owner has died, and nobody will do it for them.
        let mut record = None;
        claim(&mut record, 0);
        assert_eq!(look(&mut record, 99), Reply::Wait(100));
        assert_eq!(look(&mut record, 101), Reply::Nothing);
    }

    #[test]
    fn what_is_over_is_done_anew_once_by_who_knows_that_it_is() {
        let mut record = None;
        claim(&mut record, 0);
        settle(&mut record, 1, Some("CA1"), 10);
        assert_eq!(anew(&mut record, "CA0", 20), Reply::Done("CA1".into()), "another one is over");
        assert_eq!(anew(&mut record, "CA1", 1_000), Reply::Granted { attempt: 2, tries: 1 });
        assert_eq!(anew(&mut record, "CA1", 1_001), Reply::Wait(1_100), "somebody is at it");
        assert_eq!(look(&mut record, 1_001), Reply::Done("CA1".into()), "nothing else yet");
        settle(&mut record, 2, Some("CA2"), 1_050);
        // The time of the first one is up, that of the second is not.
        assert_eq!(claim(&mut record, 1_060), Reply::Done("CA2".into()));
        assert_eq!(anew(&mut record, "CA1", 1_060), Reply::Done("CA2".into()));
        assert_eq!(claim(&mut record, 2_051), granted(1), "forgotten");
    }

    #[test]
    fn when_nothing_new_comes_of_it_the_last_one_is_told() {
        let keep = |record: &mut Option<Record>, attempt, outcome: Option<&str>, keep| {
            let outcome = outcome.map(str::to_owned);
            asked(record, Ask::Settle { attempt, outcome, keep }, 10);
        };
        let mut record = None;
        claim(&mut record, 0);
        keep(&mut record, 1, Some("CA1"), 5_000);
        anew(&mut record, "CA1", 10);
        keep(&mut record, 2, None, 50);
        assert_eq!(look(&mut record, 1_000), Reply::Done("CA1".into()));
        assert_eq!(claim(&mut record, 1_000), Reply::Done("CA1".into()));
        let known = record.clone().unwrap();
        assert_eq!((known.next_alarm(5_009), known.next_alarm(5_010)), (Some(5_010), None));
        assert_eq!(anew(&mut record, "CA1", 1_000), Reply::Granted { attempt: 3, tries: 2 });
        // Who died over it has come to nothing, too; who was late with the first one has nothing new.
        assert_eq!(claim(&mut record, 1_101), Reply::Done("CA1".into()));
        keep(&mut record, 1, Some("CA0"), 5_000);
        assert_eq!(look(&mut record, 1_102), Reply::Done("CA1".into()));
        keep(&mut record, 3, Some("CA2"), 5_000);
        assert_eq!(claim(&mut record, 1_103), Reply::Done("CA2".into()), "late, and true");
    }

    #[test]
    fn a_failed_owner_makes_room_and_leaves_its_count() {
        let mut record = None;
        assert_eq!(claim(&mut record, 0), granted(1));
        settle(&mut record, 1, None, 10);
        assert_eq!(claim(&mut record, 20), granted(2));
    }

    #[test]
    fn a_late_owner_cannot_open_the_gate_for_a_third() {
        let mut record = None;
        claim(&mut record, 0);
        assert_eq!(claim(&mut record, 101), granted(2));
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
        assert_eq!(claim(&mut record, 501), granted(2));
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
