//! The service: a request comes in, and is answered whatever happens.

mod alarm;
mod cron;
mod health;
pub mod routes;

use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use crate::base::config::Config;
use crate::base::context::{Context, Instance};
use crate::base::error::{Error, Result};
use crate::base::http::{MAX_BODY, Request, Response};
use crate::base::runtime::Runtime;
use crate::base::text::hex;

/// Twilio gives a voice webhook 15 s in all, and what we answer later is lost: no request
/// takes longer than this.
const TIME_FOR_REQUESTS: Duration = Duration::from_secs(10);
/// Nobody waits for a cron run; it only has to be over before the next one.
const TIME_FOR_CRON: Duration = Duration::from_mins(1);

/// The clients of this path print a failure's `error` and not its `message`.
const PRINTS_ERROR: &str = "/transferConversation";

/// The whole service.
pub struct App {
    instance: Rc<Instance>,
}

/// How a request ended, for the log.
#[derive(Serialize)]
struct Ending {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl App {
    /// The service with these settings. `seed` makes its random numbers differ from other
    /// instances'.
    #[must_use]
    pub fn new(config: Config, runtime: Box<dyn Runtime>, seed: u64) -> Self {
        Self { instance: Rc::new(Instance::new(config, runtime, seed)) }
    }

    /// Answers a request. It never fails; what goes wrong becomes an answer.
    pub async fn handle(&self, request: Request) -> Response {
        let id = if request.ray.is_empty() { self.random_id() } else { request.ray.clone() };
        let cx = self.context(id, TIME_FOR_REQUESTS, u32::MAX);
        let result = respond(&cx, &request).await;
        let (mut response, error) = match result {
            Ok(response) => (response, None),
            Err(error) if request.path() == PRINTS_ERROR => {
                (Response::failure_with_error(&error, &cx.id), Some(error))
            }
            Err(error) => (Response::failure(&error, &cx.id), Some(error)),
        };
        response.allow_origin = self.allow_origin(&request.origin);
        // A path that is none of ours may hold anything.
        let is_ours = request.method != "OPTIONS"
            && !matches!(error.as_deref(), Some(Error::NotFound | Error::TooLarge));
        let route = if is_ours { request.path() } else { "none" };
        cx.log(route, Ending { status: response.status, error: error.map(|error| error.log()) });
        response
    }

    /// Does what a cron trigger asks for.
    pub async fn tick(&self) {
        let most_calls = self.instance.config.cleanup_calls;
        cron::run(&self.context(self.random_id(), TIME_FOR_CRON, most_calls)).await;
    }

    /// Does what a gate had to see to ([`crate::base::runtime::Watch`]); whether it is done.
    pub async fn alarm(&self, what: &str) -> bool {
        let cx = self.context(self.random_id(), TIME_FOR_REQUESTS, u32::MAX);
        let error = alarm::run(&cx, what).await.err();
        let is_done = error.as_ref().is_none_or(|error| !error.is_passing());
        let status = error.as_ref().map_or(200, |error| error.status());
        cx.log("alarm", Ending { status, error: error.map(|error| error.log()) });
        is_done
    }

    fn context(&self, id: String, time: Duration, most_calls: u32) -> Context {
        Context::new(Rc::clone(&self.instance), id, time, most_calls)
    }

    fn random_id(&self) -> String {
        hex(&self.instance.random().to_be_bytes())
    }

    /// The value of `Access-Control-Allow-Origin`.
    fn allow_origin(&self, origin: &str) -> String {
        let allowed = &self.instance.config.allowed_origins;
        let one = allowed.iter().find(|allowed| *allowed == origin).or(allowed.first());
        one.cloned().unwrap_or_else(|| "*".to_owned())
    }
}

async fn respond(cx: &Context, request: &Request) -> Result<Response> {
    if request.method == "OPTIONS" {
        return Ok(Response::empty());
    }
    if request.too_large || request.body.len() > MAX_BODY {
        return Err(Error::TooLarge.into());
    }
    routes::run(cx, request).await
}
