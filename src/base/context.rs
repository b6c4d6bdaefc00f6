//! One request, or one run of a cron job, from its beginning to its answer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use super::config::Config;
use super::date::{Millis, millis};
use super::error::{Error, Result};
use super::json;
use super::memory::Memory;
use super::runtime::{Answer, Call, Lost, Runtime};

/// The longest that one answer of Twilio is waited for.
const PATIENCE: Duration = Duration::from_millis(4_500);
/// What must be left behind a pause: else nobody could use what comes after it.
const ENOUGH: Duration = Duration::from_millis(500);
/// The platform ends what goes on behind an answer after 30 s.
pub const TIME_BEHIND: Duration = Duration::from_secs(20);
/// As many SIDs are in a log line.
const MOST_SIDS: usize = 8;

/// What lasts longer than a request: settings, the outside, memory.
pub struct Instance {
    /// The settings.
    pub config: Config,
    /// The outside.
    pub runtime: Box<dyn Runtime>,
    /// What is remembered between requests.
    pub memory: Memory,
    random: Cell<u64>,
}

impl Instance {
    /// `seed` makes its random numbers differ from other instances'.
    #[must_use]
    pub fn new(config: Config, runtime: Box<dyn Runtime>, seed: u64) -> Self {
        Self { config, runtime, memory: Memory::default(), random: Cell::new(seed) }
    }

    /// A number that is hard to guess twice, not a secret: SplitMix64.
    pub fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// One request on its way: its time, what it may use, and what the log will say of it.
pub struct Context {
    instance: Rc<Instance>,
    /// The id that answers and log lines carry.
    pub id: String,
    /// Where the service is reached: scheme, host and port. Empty where nobody asked.
    origin: String,
    started: Millis,
    deadline: Millis,
    most_calls: u32,
    calls: Cell<u32>,
    sids: RefCell<Vec<String>>,
}

/// The line in the log that every request has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a, T> {
    request: &'a str,
    route: &'a str,
    ms: Millis,
    twilio_calls: u32,
    sids: Vec<String>,
    #[serde(flatten)]
    more: T,
}

/// How something that went on behind an answer ended, for the log.
#[derive(Serialize)]
struct Ending {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A line about something that happened on the way.
#[derive(Serialize)]
struct Warning<'a> {
    request: &'a str,
    what: &'a str,
    error: String,
}

impl Context {
    /// A request that must be answered within `time`, with at most `most_calls` to Twilio.
    #[must_use]
    pub fn new(instance: Rc<Instance>, id: String, time: Duration, most_calls: u32) -> Self {
        let started = instance.runtime.now();
        Self {
            instance,
            id,
            origin: String::new(),
            started,
            deadline: started + millis(time),
            most_calls,
            calls: Cell::new(0),
            sids: RefCell::default(),
        }
    }

    /// The same, for a request that came in at this origin.
    #[must_use]
    pub fn at(self, origin: &str) -> Self {
        let public = self.config().public_url.as_deref();
        Self { origin: public.unwrap_or(origin).to_owned(), ..self }
    }

    /// The absolute URL at which others reach a path of ours.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.instance.config
    }

    /// The outside.
    #[must_use]
    pub fn runtime(&self) -> &dyn Runtime {
        &*self.instance.runtime
    }

    /// The keys of the KV namespace with this prefix, each with its metadata; at most `pages` of a
    /// thousand.
    pub async fn kv_keys(&self, prefix: &str, pages: usize) -> Result<Vec<(String, String)>> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        for _ in 0..pages {
            let page = self.runtime().kv_list(prefix, cursor.as_deref()).await?;
            keys.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(keys)
    }

    /// What this instance of the Worker remembers of this type between requests.
    #[must_use]
    pub fn memory<T: Default + 'static>(&self) -> Rc<T> {
        self.instance.memory.of()
    }

    /// The time: milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.runtime().now()
    }

    /// When the request came in.
    #[must_use]
    pub fn started(&self) -> Millis {
        self.started
    }

    /// How long this request may still take.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        Duration::from_millis(self.deadline.saturating_sub(self.now()))
    }

    /// Whether so many more calls to Twilio may be made.
    #[must_use]
    pub fn has_calls(&self, more: u32) -> bool {
        self.calls.get().saturating_add(more) <= self.most_calls
    }

    /// Sends one request to Twilio within the time that is left.
    pub async fn fetch(&self, call: &Call) -> Result<Answer, Lost> {
        let timeout = self.time_left().min(PATIENCE);
        if timeout.is_zero() {
            return Err(Lost);
        }
        self.calls.set(self.calls.get() + 1);
        self.runtime().fetch(call, timeout).await
    }

    /// Waits; false when that would leave no time for what comes after it.
    pub async fn wait(&self, pause: Duration) -> bool {
        if pause + ENOUGH > self.time_left() {
            return false;
        }
        self.runtime().sleep(pause).await;
        true
    }

    /// Waits before the next try: as long as Twilio asks for, or a random time that grows
    /// with the tries. False when there is no time for that.
    pub async fn pause(&self, tries: u32, retry_after: Option<u64>) -> bool {
        let ceiling = 200_u64 << tries.min(4);
        let jitter = Duration::from_millis(100 + self.instance.random() % ceiling);
        self.wait(jitter.max(Duration::from_secs(retry_after.unwrap_or(0)))).await
    }

    /// Looks again and again until `look` finds something: what another request of this
    /// instance is bringing. Another request's own future must not be awaited: the platform
    /// ends a request that waits for another's I/O.
    pub async fn until<T>(&self, every: Duration, look: impl Fn() -> Option<T>) -> Result<T> {
        loop {
            if let Some(found) = look() {
                return Ok(found);
            }
            if !self.wait(every).await {
                return Err(Error::Busy.into());
            }
        }
    }

    /// Goes on with `work` behind the answer, in a time of its own. It has its own line in the
    /// log, by the name of `route`.
    pub fn behind(
        &self,
        route: &'static str,
        work: impl AsyncFnOnce(&Self) -> Result<()> + 'static,
    ) {
        let (instance, id) = (Rc::clone(&self.instance), self.id.clone());
        self.runtime().behind(Box::pin(async move {
            let cx = Self::new(instance, id, TIME_BEHIND, u32::MAX);
            let error = work(&cx).await.err().map(|error| error.log());
            cx.log(route, Ending { error });
        }));
    }

    /// A random number, not a secret.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.instance.random()
    }

    /// Notes a SID for the log line.
    pub fn note(&self, sid: impl ToString) {
        let mut sids = self.sids.borrow_mut();
        let sid = sid.to_string();
        if sids.len() < MOST_SIDS && !sids.contains(&sid) {
            sids.push(sid);
        }
    }

    /// Tells the log of something that happened on the way.
    pub fn warn(&self, what: &str, error: &Error) {
        let warning = Warning { request: &self.id, what, error: error.log() };
        self.runtime().log(&json::write(&warning));
    }

    /// What was read; what could not be is left out, and the log says so.
    pub fn unless_unreadable<T>(&self, what: &str, read: Result<T>) -> Option<T> {
        read.map_err(|error| self.warn(what, &error)).ok()
    }

    /// Writes the one line that every request has in the log.
    pub fn log(&self, route: &str, more: impl Serialize) {
        let line = Line {
            request: &self.id,
            route,
            ms: self.now().saturating_sub(self.started),
            twilio_calls: self.calls.get(),
            sids: self.sids.take(),
            more,
        };
        self.runtime().log(&json::write(&line));
    }
}

/// Does two things at the same time, and both to their end: a failure of one does not keep
/// the other from being done. Answers the first failure.
pub async fn join_ok<A, B>(
    one: impl Future<Output = Result<A>>,
    other: impl Future<Output = Result<B>>,
) -> Result<(A, B)> {
    let (one, other) = futures_util::join!(one, other);
    Ok((one?, other?))
}
