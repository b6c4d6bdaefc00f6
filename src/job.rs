//! One request on its way, and how it waits.
//!
//! A handler is a plain function. What it needs of the outside is an *operation*: the first
//! time it asks for one, the operation is handed to the [`crate::runtime::Runtime`], and the
//! handler leaves with [`Stop::Waiting`]. When a result arrives, the handler is **run again
//! from its beginning**; whatever it has asked for before is answered from the job's memory,
//! and so it gets one step further each time. Several operations that are asked for before
//! one of them is waited for go on at the same time.
//!
//! So a handler must ask for the same in every run: what it asks for may depend on the
//! request and on results, and on time by [`Context::now`] only, which stands still.
//!
//! An operation is a text of fields, separated by [`FIELD`]. Its result is a text too: `+`
//! and more, or nothing when it has failed.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

use crate::Context;
use crate::auth::FlexCall;
use crate::error::{Error, Result, Stop};
use crate::features::internal_chat::Cleaning;
use crate::gate::{Ask, Reply};
use crate::routes::ForFlex;
use crate::runtime::{Answer, Call, Claim, KvPage, Lost, Request};

/// Between the fields of an operation or a result.
pub const FIELD: char = '\u{1f}';
/// Between operations, and between the parts of a result that has several.
pub const RECORD: char = '\u{1e}';

/// One request, or one run of the clean-up, from its beginning to its answer.
pub struct Job {
    /// What was asked for; nothing for the clean-up.
    pub(crate) request: Option<Request>,
    /// The id that answers and log lines carry.
    pub(crate) id: String,
    /// The endpoint, once the Flex token is checked.
    pub(crate) call: OnceCell<(ForFlex, FlexCall)>,
    /// How far the clean-up has got.
    pub(crate) cleaning: RefCell<Cleaning>,
    /// When it began, in milliseconds since 1970.
    pub(crate) started: u64,
    /// When it has to be over.
    pub(crate) deadline: u64,
    /// As many calls to Twilio may be made.
    pub(crate) most_calls: u32,
    /// Calls to Twilio up to here in this run of the handler.
    calls: Cell<u32>,
    /// Calls to Twilio that were made before what will be done again.
    done: Cell<u32>,
    pub(crate) sids: RefCell<Vec<String>>,
    /// What this run of the handler would have in the log.
    pub(crate) lines: RefCell<Vec<String>>,
    operations: RefCell<Vec<Operation>>,
    last: Cell<u32>,
}

/// Something that was asked for.
struct Operation {
    id: u32,
    what: String,
    /// This run has asked for it.
    is_used: bool,
    result: Option<String>,
}

impl Job {
    pub(crate) fn new(request: Option<Request>, id: String, started: u64, time: Duration) -> Self {
        Self {
            request,
            id,
            call: OnceCell::new(),
            cleaning: RefCell::default(),
            started,
            deadline: started + millis(time),
            most_calls: u32::MAX,
            calls: Cell::new(0),
            done: Cell::new(0),
            sids: RefCell::default(),
            lines: RefCell::default(),
            operations: RefCell::default(),
            last: Cell::new(0),
        }
    }

    /// Takes the result of an operation.
    pub fn resume(&self, operation: u32, result: String) {
        let mut operations = self.operations.borrow_mut();
        if let Some(known) = operations.iter_mut().find(|known| known.id == operation) {
            known.result = Some(result);
        }
    }

    /// Nobody waits for it any more.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        self.deadline + 60_000 < now
    }

    /// The handler is about to run once more.
    pub(crate) fn rewind(&self) {
        self.operations.borrow_mut().iter_mut().for_each(|operation| operation.is_used = false);
        self.calls.set(self.done.get());
        self.lines.borrow_mut().clear();
    }

    /// What has been done up to here is noted elsewhere, and will not be asked for again.
    pub(crate) fn forget(&self) {
        self.operations.borrow_mut().clear();
        self.done.set(self.calls.get());
    }

    /// As many calls to Twilio were made.
    pub(crate) fn calls(&self) -> u32 {
        let operations = self.operations.borrow();
        let calls = operations.iter().filter(|known| known.what.starts_with("fetch")).count();
        self.done.get() + u32::try_from(calls).unwrap_or(u32::MAX)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Context<'_> {
    /// The result of an operation. `what` tells it from others; `how`, and whether it may be
    /// begun at all, can differ from run to run.
    fn operation(
        self,
        what: &[&str],
        how: &[&str],
        may_begin: bool,
    ) -> Result<std::result::Result<String, Lost>> {
        // A field that could end itself would let its author write an operation of their own.
        if what.iter().chain(how).any(|field| field.contains([FIELD, RECORD])) {
            return Ok(Err(Lost));
        }
        let mut what = what.join("\u{1f}");
        let mut operations = self.job.operations.borrow_mut();
        let known = operations.iter_mut().find(|known| !known.is_used && known.what == what);
        let result = if let Some(known) = known {
            known.is_used = true;
            known.result.clone()
        } else {
            let id = self.job.last.get() + 1;
            self.job.last.set(id);
            let length = what.len();
            for field in how {
                what.push(FIELD);
                what.push_str(field);
            }
            let failed = || Some(String::new());
            let result = if may_begin { self.app.runtime.perform(id, &what) } else { failed() };
            what.truncate(length);
            operations.push(Operation { id, what, is_used: true, result: result.clone() });
            result
        };
        match result {
            Some(result) => Ok(result.strip_prefix('+').map(str::to_owned).ok_or(Lost)),
            None => Err(Stop::Waiting),
        }
    }

    /// An operation on the platform itself: one that fails is our failure.
    #[track_caller]
    fn platform(self, what: &[&str], how: &[&str]) -> Result<String> {
        match self.operation(what, how, true)? {
            Ok(result) => Ok(result),
            Err(Lost) => Err(Error::internal(what.first().unwrap_or(&""))),
        }
    }

    /// Sends one request to Twilio.
    pub(crate) fn fetch(self, call: &Call) -> Result<std::result::Result<Answer, Lost>> {
        let timeout = millis(call.timeout).to_string();
        let if_match = call.if_match.as_deref().unwrap_or_default();
        let (url, body) = (call.url.as_str(), call.body.as_str());
        let what =
            ["fetch", call.method, url, &call.authorization, call.content_type, if_match, body];
        let may_begin = !call.timeout.is_zero() && self.has_calls(1);
        self.job.calls.set(self.job.calls.get() + 1);
        let result = self.operation(&what, &[&timeout], may_begin)?;
        Ok(result.and_then(|result| answer(&result).ok_or(Lost)))
    }

    /// Whether so many more calls to Twilio may be made.
    pub(crate) fn has_calls(self, more: u32) -> bool {
        self.job.calls.get().saturating_add(more) <= self.job.most_calls
    }

    /// Waits before something is done once more; false when that would leave no time for it.
    /// `what` tells this wait from others that may go on at the same time.
    pub(crate) fn pause_before(self, what: &str, pause: Duration) -> Result<bool> {
        let may_begin = pause + Duration::from_millis(500) <= self.time_left();
        let pause = millis(pause).to_string();
        Ok(self.operation(&["sleep", what], &[&pause], may_begin)?.is_ok())
    }

    /// Reads a value from the KV namespace.
    pub(crate) fn kv_get(self, key: &str) -> Result<Option<String>> {
        Ok(self.platform(&["kv_get", key], &[])?.strip_prefix('+').map(str::to_owned))
    }

    /// Writes a value and its metadata to the KV namespace.
    pub(crate) fn kv_put(self, key: &str, value: &str, metadata: &str) -> Result<()> {
        self.platform(&["kv_put", key, value, metadata], &[]).map(drop)
    }

    /// Deletes a key from the KV namespace.
    pub(crate) fn kv_delete(self, key: &str) -> Result<()> {
        self.platform(&["kv_delete", key], &[]).map(drop)
    }

    /// Lists up to 1,000 keys with their metadata.
    pub(crate) fn kv_list(self, prefix: &str, cursor: &str) -> Result<KvPage> {
        let page = self.platform(&["kv_list", prefix, cursor], &[])?;
        let mut records = page.split(RECORD);
        let cursor = records.next().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let key = |record: &str| {
            let (name, metadata) = record.split_once(FIELD).unwrap_or((record, ""));
            (name.to_owned(), metadata.to_owned())
        };
        Ok(KvPage { keys: records.map(key).collect(), cursor })
    }

    /// Asks to be the one who does what `key` names; waits up to `wait` for another owner's
    /// outcome. An owner that has not settled after `lease` counts as dead.
    pub(crate) fn claim(self, key: &str, lease: Duration, wait: Duration) -> Result<Claim> {
        let ask = Ask::Claim { lease: millis(lease) }.text();
        let reply = self.platform(&["gate", key, "claim"], &[&ask, &millis(wait).to_string()])?;
        match Reply::parse(&reply) {
            Some(Reply::Granted(attempt)) => Ok(Claim::Granted { attempt }),
            Some(Reply::Done(outcome)) => Ok(Claim::Done(outcome)),
            Some(Reply::Wait(_) | Reply::Settled) => Ok(Claim::Busy),
            None => Err(Error::internal("the gate's reply is unreadable")),
        }
    }

    /// Ends a claim: an outcome is kept for `keep` and given to all who ask again; without
    /// one, the next to ask is granted the next attempt.
    pub(crate) fn settle(
        self,
        key: &str,
        attempt: u32,
        outcome: Option<&str>,
        keep: Duration,
    ) -> Result<()> {
        let outcome = outcome.map(str::to_owned);
        let ask = Ask::Settle { attempt, outcome, keep: millis(keep) }.text();
        self.platform(&["gate", key, "settle"], &[&ask, "0"]).map(drop)
    }

    /// Waits.
    pub(crate) fn sleep(self, pause: Duration) -> Result<()> {
        self.operation(&["sleep", ""], &[&millis(pause).to_string()], true).map(drop)
    }
}

/// Reads the result of a call: status, `ETag`, `Retry-After` and body.
fn answer(result: &str) -> Option<Answer> {
    let mut parts = result.splitn(4, FIELD);
    let mut part = || parts.next().filter(|part| !part.is_empty());
    Some(Answer {
        status: part().and_then(|status| status.parse().ok())?,
        etag: part().map(str::to_owned),
        retry_after: part().and_then(|seconds| seconds.parse().ok()).map(|s: u64| s.min(3600)),
        body: part().unwrap_or_default().to_owned(),
    })
}
