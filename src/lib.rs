#![doc = include_str!("../README.md")]

mod access;
pub mod attributes;
pub mod auth;
#[cfg(target_arch = "wasm32")]
mod cloudflare;
pub mod config;
pub mod context;
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

use std::cell::Cell;
use std::rc::Rc;

pub use config::Config;
pub use context::Context;
pub use sid::Sid;

use auth::Tokens;
use error::{Error, Stop};
use features::calls::Calls;
use features::internal_chat::Directory;
use runtime::{Kind, MAX_BODY, Millis, Request, Response, Runtime, SECOND};

/// Twilio gives a voice webhook 15 s in all, and what we answer later is lost: no request
/// takes longer than this.
const TIME_FOR_REQUESTS: Millis = 10 * SECOND;
/// Nobody waits for a cron run; it only has to be over before the next one.
const TIME_FOR_CRON: Millis = 60 * SECOND;

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

    /// Takes in a request; [`App::run`] answers it.
    #[must_use]
    pub fn begin(self: &Rc<Self>, request: Request) -> Context {
        let id = if request.ray.is_empty() { self.random_id() } else { request.ray.clone() };
        Context::new(Rc::clone(self), Some(request), id, TIME_FOR_REQUESTS, u32::MAX)
    }

    /// Takes in a cron trigger; [`App::run`] does what it asks for.
    #[must_use]
    pub fn tick(self: &Rc<Self>) -> Context {
        let most_calls = self.config.cleanup_calls;
        Context::new(Rc::clone(self), None, self.random_id(), TIME_FOR_CRON, most_calls)
    }

    /// Goes on as far as possible: the answer, or nothing while results are waited for. It
    /// never fails; what goes wrong becomes an answer.
    #[must_use]
    pub fn run(&self, cx: &Context) -> Option<Response> {
        cx.rewind();
        let Some(request) = &cx.request else {
            // It fails only by waiting.
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
            Err(Stop::Failed(error)) => (error.response(&cx.id), Some(error)),
            Err(Stop::Waiting) => return None,
        };
        response.allow_origin = self.allow_origin(&request.origin);
        // A path that is none of ours may hold anything.
        let is_ours = request.method != "OPTIONS"
            && !matches!(error.as_deref(), Some(Error::NotFound | Error::TooLarge));
        let mut line = cx.log_head(if is_ours { request.path() } else { "none" });
        line.number("status", response.status.into());
        if let Some(error) = &error {
            line.text("error", &error.log());
        }
        self.runtime.log(&line.end());
        Some(response)
    }

    fn random_id(&self) -> String {
        auth::hex(&self.random().to_be_bytes())
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
