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
mod tests;
