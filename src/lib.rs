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
pub mod job;
pub mod json;
pub mod params;
mod routes;
pub mod runtime;
mod sid;
mod store;
pub mod twilio;
pub mod twiml;

use std::cell::Cell;
use std::time::Duration;

pub use config::Config;
pub use sid::Sid;

use auth::Tokens;
use error::{Error, Result, Stop};
use features::calls::Calls;
use features::internal_chat::Directory;
use job::Job;
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

/// One run of a handler: the service and the job at hand.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The service.
    pub app: &'a App,
    /// The request on its way.
    pub job: &'a Job,
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

    /// Takes in a request.
    #[must_use]
    pub fn job(&self, request: Request) -> Job {
        let id = if request.ray.is_empty() { self.random_id() } else { request.ray.clone() };
        Job::new(Some(request), id, self.runtime.now(), TIME_FOR_WEBHOOKS)
    }

    /// Takes in a cron trigger.
    #[must_use]
    pub fn cron_job(&self) -> Job {
        let mut job = Job::new(None, self.random_id(), self.runtime.now(), TIME_FOR_CRON);
        job.most_calls = self.config.cleanup_calls;
        job
    }

    /// Goes on with a job as far as it gets: the answer, or nothing while it waits for the
    /// results of operations. It never fails; what goes wrong becomes an answer.
    #[must_use]
    pub fn run(&self, job: &Job) -> Option<Response> {
        job.rewind();
        let cx = Context { app: self, job };
        let Some(request) = &job.request else {
            return cron::run(cx).ok().map(|()| Response::success());
        };
        let result = if request.method == "OPTIONS" {
            Ok(Response { kind: Kind::Empty, ..Response::json(204, String::new()) })
        } else if request.too_large || request.body.len() > MAX_BODY {
            Err(Error::TooLarge.into())
        } else {
            routes::route(cx, request)
        };
        let (mut response, error) = match result {
            Ok(response) => (response, None),
            Err(Stop::Failed(error)) => (error.response(&job.id), Some(error)),
            Err(Stop::Waiting) => return None,
        };
        response.allow_origin = self.allow_origin(&request.origin);
        // A path that is none of ours may hold anything.
        let is_ours = request.method != "OPTIONS"
            && !matches!(error.as_deref(), Some(Error::NotFound | Error::TooLarge));
        let mut line = cx.log_head(if is_ours { request.path() } else { "none" });
        line = line.number("status", response.status.into());
        if let Some(error) = &error {
            line = line.text("error", &error.log());
        }
        job.lines.borrow().iter().for_each(|line| log::warn!("{line}"));
        log::info!("{}", line.end());
        Some(response)
    }

    fn random_id(&self) -> String {
        format!("{:016x}", self.random())
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
    pub fn twilio(self) -> Twilio<'a> {
        Twilio(self)
    }

    /// Milliseconds since 1970 when the request came in: the same in every run.
    #[must_use]
    pub fn now(self) -> u64 {
        self.job.started
    }

    /// How long this request may still take.
    #[must_use]
    pub fn time_left(self) -> Duration {
        Duration::from_millis(self.job.deadline.saturating_sub(self.app.runtime.now()))
    }

    /// Notes a SID for the log line.
    pub fn note(self, sid: &Sid) {
        let mut sids = self.job.sids.borrow_mut();
        if sids.len() < 8 && !sids.iter().any(|known| known == sid.as_str()) {
            sids.push(sid.to_string());
        }
    }

    /// How long to wait before the next try: what Twilio asks for, or a random time that
    /// grows with the tries.
    fn pause(self, tries: u32, retry_after: Option<u64>) -> Duration {
        let ceiling = 200u64 << tries.min(4);
        let jitter = Duration::from_millis(100 + self.app.random() % ceiling);
        jitter.max(Duration::from_secs(retry_after.unwrap_or(0)))
    }

    /// What every request has in the log.
    fn log_head(self, route: &str) -> json::Writer {
        let job = self.job;
        json::object()
            .text("request", &job.id)
            .text("route", route)
            .number("ms", self.app.runtime.now().saturating_sub(job.started))
            .number("twilioCalls", job.calls().into())
            .texts("sids", job.sids.borrow().iter().map(String::as_str))
    }

    /// Has something that happened on the way in the log.
    pub fn warn(self, what: &str, error: &Error) {
        let line = json::object()
            .text("request", &self.job.id)
            .text("what", what)
            .text("error", &error.log());
        self.job.lines.borrow_mut().push(line.end());
    }
}

/// The ids of tasks, conferences and the like that a request names, noted for the log.
impl Context<'_> {
    /// A SID parameter that must be there.
    pub fn sid(self, params: &params::Params, name: &str, prefix: &str) -> Result<Sid> {
        let sid = params.sid(name, prefix)?;
        self.note(&sid);
        Ok(sid)
    }

    /// A SID parameter, when there is one.
    pub fn optional_sid(
        self,
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
