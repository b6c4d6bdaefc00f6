//! One request on its way, and how it waits.
//!
//! A handler is a plain function. What it needs of the outside is an *operation*: the first
//! time it asks for one, the operation is handed to the [`crate::runtime::Runtime`], and the
//! handler leaves with [`Stop::Waiting`]. When a result arrives, the handler is **run again
//! from its beginning**; whatever it has asked for before is answered from memory, and so it
//! gets one step further each time. What is asked for before the first `?` goes on at the
//! same time: `let (a, b) = (ask_a(), ask_b()); let (a, b) = (a?, b?);`.
//!
//! Two rules follow.
//!
//! 1. **Every run asks for the same.** Decide by the request, by results and by
//!    [`Context::now`], which stands still; not by [`Context::time_left`] or chance, unless to
//!    give up. The memory in [`App`] may change between runs: either value must do, and what
//!    is written there is written again. Equal operations are told apart by their order.
//! 2. **Every result is waited for, and [`Stop::Waiting`] is no failure.** Each `Result` meets
//!    `?`, [`crate::error::both`] or [`crate::error::Settle::settled`] before the handler
//!    answers: a write that is not waited for may never be sent. Never `.ok()`, `.is_err()`,
//!    `.unwrap_or()` or `Err(_)` on what may be waiting.
//!
//! An operation is a text of fields, separated by [`FIELD`]. Its result is a text too: `+`
//! and more, or nothing when it has failed.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use crate::auth::FlexCall;
use crate::error::{Error, Result, Stop};
use crate::features::internal_chat::Cleaning;
use crate::gate::{Ask, Reply};
use crate::json;
use crate::params::Params;
use crate::routes::ForFlex;
use crate::runtime::{Answer, Call, Claim, KvPage, Lost, Millis, Request, SECOND};
use crate::twilio::Twilio;
use crate::{App, Sid};

/// Between the fields of an operation or a result.
pub const FIELD: char = '\u{1f}';
/// Between operations, and between the parts of a result that has several.
pub const RECORD: char = '\u{1e}';

/// One request, or one run of the clean-up, from its beginning to its answer.
pub struct Context {
    /// The service.
    pub app: Rc<App>,
    /// What was asked for; nothing for the clean-up.
    pub(crate) request: Option<Request>,
    /// The id that answers and log lines carry.
    pub id: String,
    /// The endpoint and its proof, once the Flex token is checked: later runs begin there.
    pub(crate) call: OnceCell<(ForFlex, FlexCall)>,
    /// How far the clean-up has got.
    pub(crate) cleaning: RefCell<Cleaning>,
    started: u64,
    deadline: u64,
    most_calls: u32,
    /// Calls to Twilio up to here in this run of the handler.
    calls: Cell<u32>,
    /// Calls to Twilio before [`Context::forget`].
    forgotten: Cell<u32>,
    /// Calls to Twilio that were made.
    made: Cell<u32>,
    sids: RefCell<Vec<String>>,
    /// What this run of the handler would have in the log.
    lines: RefCell<Vec<String>>,
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

impl Operation {
    fn outcome(&self) -> Result<std::result::Result<String, Lost>> {
        match &self.result {
            Some(result) => Ok(result.strip_prefix('+').map(str::to_owned).ok_or(Lost)),
            None => Err(Stop::Waiting),
        }
    }
}

/// Its life, as seen from outside.
impl Context {
    pub(crate) fn new(
        app: Rc<App>,
        request: Option<Request>,
        id: String,
        time: Millis,
        most_calls: u32,
    ) -> Self {
        let started = app.runtime.now();
        Self {
            app,
            request,
            id,
            call: OnceCell::new(),
            cleaning: RefCell::default(),
            started,
            deadline: started + time,
            most_calls,
            calls: Cell::new(0),
            forgotten: Cell::new(0),
            made: Cell::new(0),
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
    pub fn is_over(&self) -> bool {
        self.deadline + 60 * SECOND < self.app.runtime.now()
    }

    /// The handler is about to run once more.
    pub(crate) fn rewind(&self) {
        self.operations.borrow_mut().iter_mut().for_each(|operation| operation.is_used = false);
        self.calls.set(self.forgotten.get());
        self.lines.borrow_mut().clear();
    }

    /// What has been done up to here is noted elsewhere, and will not be asked for again. Only
    /// when nothing is under way: results that come later are dropped.
    pub(crate) fn forget(&self) {
        self.operations.borrow_mut().clear();
        self.forgotten.set(self.calls.get());
    }
}

/// What handlers ask of it.
impl Context {
    /// Twilio's REST API.
    #[must_use]
    pub fn twilio(&self) -> Twilio<'_> {
        Twilio(self)
    }

    /// Milliseconds since 1970 when the request came in: the same in every run.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.started
    }

    /// How long this request may still take; differs from run to run.
    #[must_use]
    pub fn time_left(&self) -> Millis {
        self.deadline.saturating_sub(self.app.runtime.now())
    }

    /// How long to wait before the next try: what Twilio asks for, or a random time that
    /// grows with the tries. For [`Context::wait`] only, as it differs from run to run.
    pub(crate) fn pause(&self, tries: u32, retry_after: Option<u64>) -> Millis {
        let ceiling = 200u64 << tries.min(4);
        let jitter = 100 + self.app.random() % ceiling;
        jitter.max(retry_after.unwrap_or(0) * SECOND)
    }

    /// A SID parameter that must be there, noted for the log.
    pub fn sid(&self, params: &Params, name: &str, prefix: &str) -> Result<Sid> {
        let sid = params.sid(name, prefix)?;
        self.note(&sid);
        Ok(sid)
    }

    /// A SID parameter, when there is one, noted for the log.
    pub fn optional_sid(&self, params: &Params, name: &str, prefix: &str) -> Result<Option<Sid>> {
        let sid = params.optional_sid(name, prefix)?;
        if let Some(sid) = &sid {
            self.note(sid);
        }
        Ok(sid)
    }
}

/// What the log will say of it.
impl Context {
    /// Notes a SID for the log line.
    pub fn note(&self, sid: &Sid) {
        let mut sids = self.sids.borrow_mut();
        if sids.len() < 8 && !sids.iter().any(|known| known == sid.as_str()) {
            sids.push(sid.as_str().to_owned());
        }
    }

    /// Has something that happened on the way in the log.
    pub fn warn(&self, what: &str, error: &Error) {
        let line = json::object()
            .text("request", &self.id)
            .text("what", what)
            .text("error", &error.log())
            .end();
        self.lines.borrow_mut().push(line);
    }

    /// The beginning of the one line that every request has in the log, behind what happened
    /// on the way.
    pub(crate) fn log_head(&self, route: &str) -> json::Writer {
        self.lines.borrow().iter().for_each(|line| self.app.runtime.log(line));
        let mut line = json::object();
        line.text("request", &self.id)
            .text("route", route)
            .number("ms", self.app.runtime.now().saturating_sub(self.started))
            .number("twilioCalls", self.made.get().into())
            .texts("sids", self.sids.borrow().iter().map(String::as_str));
        line
    }
}

/// The outside.
impl Context {
    /// The result of an operation. `what` tells it from others; `how`, and whether it may be
    /// begun at all, can differ from run to run.
    fn operation(
        &self,
        what: &[&str],
        how: &[&str],
        may_begin: bool,
    ) -> Result<std::result::Result<String, Lost>> {
        let separators = what.len() + how.len() - 1;
        let mut what = what.join("\u{1f}");
        let mut operations = self.operations.borrow_mut();
        let known = operations.iter_mut().find(|known| !known.is_used && known.what == what);
        if let Some(known) = known {
            known.is_used = true;
            return known.outcome();
        }
        let length = what.len();
        for field in how {
            what.push(FIELD);
            what.push_str(field);
        }
        // A field that could end itself would let its author write an operation of their own.
        let ends = what.bytes().filter(|byte| matches!(byte, 0x1e | 0x1f)).count();
        let id = self.last.get() + 1;
        self.last.set(id);
        let result = if may_begin && ends == separators {
            self.made.set(self.made.get() + u32::from(what.starts_with("fetch")));
            self.app.runtime.perform(id, &what)
        } else {
            Some(String::new())
        };
        what.truncate(length);
        let operation = Operation { id, what, is_used: true, result };
        let outcome = operation.outcome();
        operations.push(operation);
        outcome
    }

    /// An operation on the platform itself: one that fails is our failure.
    #[track_caller]
    fn platform(&self, what: &[&str], how: &[&str]) -> Result<String> {
        match self.operation(what, how, true)? {
            Ok(result) => Ok(result),
            Err(Lost) => Err(Error::internal(what.first().unwrap_or(&""))),
        }
    }

    /// Sends one request to Twilio.
    pub(crate) fn fetch(&self, call: &Call<'_>) -> Result<std::result::Result<Answer, Lost>> {
        let timeout = call.timeout.to_string();
        let if_match = call.if_match.unwrap_or_default();
        let (url, body) = (call.url.as_str(), call.body.as_str());
        let what =
            ["fetch", call.method, url, call.authorization, call.content_type, if_match, body];
        let may_begin = call.timeout > 0;
        self.calls.set(self.calls.get() + 1);
        let result = self.operation(&what, &[&timeout], may_begin)?;
        Ok(result.and_then(|result| answer(&result).ok_or(Lost)))
    }

    /// Whether so many more calls to Twilio may be made.
    pub(crate) fn has_calls(&self, more: u32) -> bool {
        self.calls.get().saturating_add(more) <= self.most_calls
    }

    /// Waits; false when that would leave no time for what comes after it. `what` tells this
    /// wait from others that may go on at the same time.
    pub(crate) fn wait(&self, what: &str, pause: Millis) -> Result<bool> {
        let may_begin = pause + 500 <= self.time_left();
        Ok(self.operation(&["sleep", what], &[&pause.to_string()], may_begin)?.is_ok())
    }

    /// Reads a value from the KV namespace.
    pub(crate) fn kv_get(&self, key: &str) -> Result<Option<String>> {
        Ok(self.platform(&["kv_get", key], &[])?.strip_prefix('+').map(str::to_owned))
    }

    /// Writes a value and its metadata to the KV namespace.
    pub(crate) fn kv_put(&self, key: &str, value: &str, metadata: &str) -> Result<()> {
        self.platform(&["kv_put", key, value, metadata], &[]).map(drop)
    }

    /// Deletes a key from the KV namespace.
    pub(crate) fn kv_delete(&self, key: &str) -> Result<()> {
        self.platform(&["kv_delete", key], &[]).map(drop)
    }

    /// Lists up to 1,000 keys with their metadata.
    pub(crate) fn kv_list(&self, prefix: &str, cursor: &str) -> Result<KvPage> {
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
    pub(crate) fn claim(&self, key: &str, lease: Millis, wait: Millis) -> Result<Claim> {
        let ask = Ask::Claim { lease }.text();
        let reply = self.platform(&["gate", key, "claim"], &[&ask, &wait.to_string()])?;
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
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<&str>,
        keep: Millis,
    ) -> Result<()> {
        let outcome = outcome.map(str::to_owned);
        let ask = Ask::Settle { attempt, outcome, keep }.text();
        self.platform(&["gate", key, "settle"], &[&ask, "0"]).map(drop)
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
