//! The service: a request comes in, and is answered whatever happens.

mod alarm;
mod asked;
mod cron;
mod health;
mod pass_on;
pub mod routes;

use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use crate::base::config::Config;
use crate::base::context::{Context, Instance};
use crate::base::error::{Error, Result};
use crate::base::http::{MAX_BODY, Request, Response};
use crate::base::runtime::Runtime;

/// Twilio gives a voice webhook 15 s in all, and what we answer later is lost: no request
/// takes longer than this.
const TIME_FOR_REQUESTS: Duration = Duration::from_secs(10);
/// A gate that does something by itself tries it again after a while.
const TIME_FOR_ALARMS: Duration = Duration::from_secs(20);
/// Nobody waits for a cron run; it only has to be over before the next one.
const TIME_FOR_CRON: Duration = Duration::from_mins(1);

/// The whole service.
pub struct App {
    instance: Rc<Instance>,
}

/// How a request ended, for the log.
#[derive(Serialize)]
struct Ending<'a> {
    status: u16,
    /// The path, when it is none of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a str>,
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
        let cx = self.context(self.id_of(&request), TIME_FOR_REQUESTS, u32::MAX);
        let cx = cx.at(request.origin_of_url());
        let result = respond(&cx, &request).await;
        let (mut response, error) = match result {
            Ok(response) => (response, None),
            Err(error) => (failure(&request, &error, &cx.id), Some(error)),
        };
        response.allow_origin = self.allow_origin(&request.origin);
        let is_unknown = matches!(error.as_deref(), Some(Error::NotFound));
        let unknown = is_unknown.then(|| asked::shown(request.path()));
        if let Some(path) = unknown {
            cx.memory::<asked::Asked>().count(path);
        }
        let error = error.map(|error| error.log());
        cx.log(route_of(&request), Ending { status: response.status, asked: unknown, error });
        response
    }

    /// Where a request for a path that is none of ours goes, when `FUNCTIONS_ORIGIN` is set. It
    /// goes there as it came, and [`App::passed_on`] is told what came of it.
    #[must_use]
    pub fn destination(&self, request: &Request) -> Option<String> {
        let is_preflight = request.method == "OPTIONS";
        let cx = self.context(String::new(), TIME_FOR_REQUESTS, 0);
        pass_on::destination(&cx, request).filter(|_| !is_preflight)
    }

    /// Notes that a request was passed on. Without a status there was no answer: then this is
    /// ours.
    #[must_use]
    pub fn passed_on(&self, request: &Request, status: Option<u16>) -> Response {
        let cx = self.context(self.id_of(request), TIME_FOR_REQUESTS, 0);
        let path = asked::shown(request.path());
        cx.memory::<asked::Asked>().count(path);
        let failure = Error::refused(502, "FUNCTIONS_ORIGIN did not answer.");
        let mut response = Response::failure(&failure, &cx.id);
        response.allow_origin = self.allow_origin(&request.origin);
        let error = status.is_none().then(|| "no answer".to_owned());
        let status = status.unwrap_or(response.status);
        cx.log("passed on", Ending { status, asked: Some(path), error });
        response
    }

    /// Answers a request that nothing came of.
    #[must_use]
    pub fn lost(&self, request: &Request) -> Response {
        let cx = self.context(self.id_of(request), TIME_FOR_REQUESTS, 0);
        let failure = Error::internal("lost: a panic, or a body that broke off");
        let mut response = self::failure(request, &failure, &cx.id);
        response.allow_origin = self.allow_origin(&request.origin);
        let ending = Ending { status: response.status, asked: None, error: Some(failure.log()) };
        cx.log(route_of(request), ending);
        response
    }

    /// Does what a cron trigger asks for.
    pub async fn tick(&self) {
        let most_calls = self.instance.config.cleanup_calls;
        cron::run(&self.context(self.random_id(), TIME_FOR_CRON, most_calls)).await;
    }

    /// Does what a gate had to see to ([`crate::base::runtime::Watch`]); whether it need not
    /// be tried again.
    pub async fn alarm(&self, what: &str) -> bool {
        let cx = self.context(self.random_id(), TIME_FOR_ALARMS, u32::MAX);
        let error = alarm::run(&cx, what).await.err();
        let is_done = error.is_none();
        let status = error.as_ref().map_or(200, |error| error.status());
        cx.log("alarm", Ending { status, asked: None, error: error.map(|error| error.log()) });
        is_done
    }

    /// Tells the log that a gate has given up, after a day: somebody has to look.
    pub fn stranded(&self) {
        let cx = self.context(self.random_id(), TIME_FOR_ALARMS, 0);
        cx.log("alarm", Ending { status: 500, asked: None, error: Some("stranded".to_owned()) });
    }

    fn context(&self, id: String, time: Duration, most_calls: u32) -> Context {
        Context::new(Rc::clone(&self.instance), id, time, most_calls)
    }

    fn id_of(&self, request: &Request) -> String {
        if request.ray.is_empty() { self.random_id() } else { request.ray.clone() }
    }

    fn random_id(&self) -> String {
        hex::encode(self.instance.random().to_be_bytes())
    }

    /// The value of `Access-Control-Allow-Origin`.
    fn allow_origin(&self, origin: &str) -> String {
        let allowed = &self.instance.config.allowed_origins;
        let one = allowed.iter().find(|allowed| *allowed == origin).or(allowed.first());
        one.cloned().unwrap_or_else(|| "*".to_owned())
    }
}

/// The route as the log has it. A body that is too large was for nobody, and a preflight is not
/// for the endpoint.
fn route_of(request: &Request) -> &str {
    let is_ours = request.method != "OPTIONS" && !is_too_large(request);
    if is_ours && routes::find(request.path()).is_some() { request.path() } else { "none" }
}

fn is_too_large(request: &Request) -> bool {
    request.too_large || request.body.len() > MAX_BODY
}

/// The answer to a failure, as this path's clients read it.
fn failure(request: &Request, error: &Error, id: &str) -> Response {
    if routes::find(request.path()).is_some_and(|route| route.clients_print_error) {
        Response::failure_with_error(error, id)
    } else {
        Response::failure(error, id)
    }
}

async fn respond(cx: &Context, request: &Request) -> Result<Response> {
    if request.method == "OPTIONS" {
        return Ok(Response::preflight());
    }
    if is_too_large(request) {
        return Err(Error::TooLarge.into());
    }
    routes::run(cx, request).await
}
