#![doc = include_str!("../README.md")]

mod access;
pub mod attributes;
pub mod auth;
#[cfg(target_arch = "wasm32")]
mod cloudflare;
pub mod config;
mod cron;
pub mod date;
pub mod error;
pub mod features;
pub mod gate;
pub mod json;
pub mod params;
mod routes;
pub mod runtime;
mod sid;
mod store;
pub mod twilio;
pub mod twiml;

use std::cell::{Cell, RefCell};
use std::time::Duration;

pub use config::Config;
pub use sid::Sid;

use auth::Tokens;
use error::{Error, Result};
use features::calls::Calls;
use features::internal_chat::Directory;
use runtime::{Kind, MAX_BODY, Request, Response, Runtime};
use twilio::Twilio;

/// Twilio gives a voice webhook 15 s in all; what we answer later is lost.
const TIME_FOR_WEBHOOKS: Duration = Duration::from_secs(10);
/// Nobody waits for a cron run; it only has to be over before the next one.
const TIME_FOR_CRON: Duration = Duration::from_secs(60);

/// The whole service.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The outside.
    pub runtime: Box<dyn Runtime>,
    tokens: Tokens,
    calls: Calls,
    directory: Directory,
    random: Cell<u64>,
}

/// One request on its way: what it may still take, and what the log will say of it.
pub struct Context<'a> {
    /// The service.
    pub app: &'a App,
    /// The id that answers and log lines carry.
    pub id: String,
    deadline: u64,
    calls: Cell<u32>,
    most_calls: u32,
    sids: RefCell<Vec<String>>,
}

impl App {
    /// The service with these settings. `seed` makes its random numbers differ from other
    /// instances'.
    #[must_use]
    pub fn new(config: Config, runtime: Box<dyn Runtime>, seed: u64) -> Self {
        Self {
            config,
            runtime,
            tokens: Tokens::default(),
            calls: Calls::default(),
            directory: Directory::default(),
            random: Cell::new(seed),
        }
    }

    /// Answers one request: the service as one function. It never fails; what goes wrong
    /// becomes an answer.
    pub async fn handle(&self, request: Request) -> Response {
        let cx = self.context(&request.ray, TIME_FOR_WEBHOOKS);
        let started = cx.now();
        let result = if request.method == "OPTIONS" {
            Ok(Response { kind: Kind::Empty, ..Response::json(204, String::new()) })
        } else if request.too_large || request.body.len() > MAX_BODY {
            Err(Error::TooLarge.into())
        } else {
            routes::route(&cx, &request).await
        };
        let (mut response, error) = match result {
            Ok(response) => (response, None),
            Err(error) => (error.response(&cx.id), Some(error)),
        };
        response.allow_origin = self.allow_origin(&request.origin);
        // A path that is none of ours may hold anything.
        let is_ours = request.method != "OPTIONS"
            && !matches!(error.as_deref(), Some(Error::NotFound | Error::TooLarge));
        let mut line = json::object()
            .text("request", &cx.id)
            .text("route", if is_ours { request.path() } else { "none" })
            .number("status", response.status.into())
            .number("ms", cx.now().saturating_sub(started))
            .number("twilioCalls", cx.calls.get().into())
            .texts("sids", cx.sids.borrow().iter().map(String::as_str));
        if let Some(error) = &error {
            line = line.text("error", &error.log());
        }
        log::info!("{}", line.end());
        response
    }

    /// What a cron trigger does.
    pub async fn tick(&self) -> Response {
        let most_calls = self.config.cleanup_calls;
        cron::run(&Context { most_calls, ..self.context("", TIME_FOR_CRON) }).await;
        Response::success()
    }

    /// The context of one request, or of one run of the clean-up.
    fn context(&self, ray: &str, time: Duration) -> Context<'_> {
        let deadline = self.runtime.now() + u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Context {
            app: self,
            id: if ray.is_empty() { format!("{:016x}", self.random()) } else { ray.to_owned() },
            deadline,
            calls: Cell::new(0),
            most_calls: u32::MAX,
            sids: RefCell::default(),
        }
    }

    /// A number that is hard to guess twice, not a secret: SplitMix64.
    fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The value of `Access-Control-Allow-Origin`.
    fn allow_origin(&self, origin: &str) -> String {
        let allowed = &self.config.allowed_origins;
        match allowed.iter().find(|allowed| *allowed == origin).or(allowed.first()) {
            Some(origin) => origin.clone(),
            None => "*".to_owned(),
        }
    }
}

impl<'a> Context<'a> {
    /// Twilio's REST API.
    #[must_use]
    pub fn twilio(&'a self) -> Twilio<'a> {
        Twilio(self)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.app.runtime.now()
    }

    /// How long this request may still take.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        Duration::from_millis(self.deadline.saturating_sub(self.now()))
    }

    /// Notes a SID for the log line.
    pub fn note(&self, sid: &Sid) {
        let mut sids = self.sids.borrow_mut();
        if sids.len() < 8 && !sids.iter().any(|known| known == sid.as_str()) {
            sids.push(sid.to_string());
        }
    }

    /// Counts a call to Twilio, for the log line; false when it would be one too many.
    fn count_call(&self) -> bool {
        let may = self.has_calls(1);
        self.calls.set(self.calls.get() + u32::from(may));
        may
    }

    /// Whether so many more calls to Twilio may be made.
    fn has_calls(&self, more: u32) -> bool {
        self.calls.get().saturating_add(more) <= self.most_calls
    }

    /// How long to wait before the next try: what Twilio asks for, or a random time that
    /// grows with the tries.
    fn pause(&self, tries: u32, retry_after: Option<u64>) -> Duration {
        let ceiling = 200u64 << tries.min(4);
        let jitter = Duration::from_millis(100 + self.app.random() % ceiling);
        jitter.max(Duration::from_secs(retry_after.unwrap_or(0)))
    }

    /// A log line about something that happened on the way.
    #[must_use]
    pub fn log_line(&self, what: &str, error: &str) -> String {
        json::object().text("request", &self.id).text("what", what).text("error", error).end()
    }
}

/// The ids of tasks, conferences and the like that a request names, noted for the log.
impl Context<'_> {
    /// A SID parameter that must be there.
    pub fn sid(&self, params: &params::Params, name: &str, prefix: &str) -> Result<Sid> {
        let sid = params.sid(name, prefix)?;
        self.note(&sid);
        Ok(sid)
    }

    /// A SID parameter, when there is one.
    pub fn optional_sid(
        &self,
        params: &params::Params,
        name: &str,
        prefix: &str,
    ) -> Result<Option<Sid>> {
        let sid = params.optional_sid(name, prefix)?;
        if let Some(sid) = &sid {
            self.note(sid);
        }
        Ok(sid)
    }
}
