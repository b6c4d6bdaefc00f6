//! The Cloudflare side, with `cloudflare.js`: the only file that knows of JavaScript.
//!
//! JavaScript does the I/O and Rust decides. A request comes in through [`begin`]; the
//! future that answers it is polled at once, and most of Twilio's webhooks are answered by
//! that one call. A future that needs the outside leaves *operations* in the outbox and
//! waits; JavaScript performs them, and brings each result back through [`resume`]. So no
//! promise, closure or JavaScript object is ever held in here, which is what makes Rust
//! slow in a Worker; and an instance that has panicked can be left behind.
//!
//! Texts cross in one piece, their fields separated by control characters. URLs, forms and
//! JSON cannot hold them, and an operation with one in a field is refused; a response's body
//! comes last and may hold anything.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Error, Result};
use crate::gate::{self, Ask, Record, Reply};
use crate::json::Object;
use crate::runtime::{Answer, Call, Claim, Kind, KvPage, Lost, Request, Response, Runtime};
use crate::{App, Config};

/// Between the fields of an operation or a result.
const FIELD: char = '\u{1f}';
/// Between operations, and before a response's body.
const RECORD: char = '\u{1e}';

type Job = Pin<Box<dyn Future<Output = Response>>>;

/// This instance's state. Each request's future is taken out while it is polled, so that a
/// panic in one leaves nothing borrowed.
#[derive(Default)]
struct Instance {
    app: RefCell<Option<Rc<App>>>,
    jobs: RefCell<Vec<(u32, Job)>>,
    now: Cell<u64>,
    last_operation: Cell<u32>,
    outbox: RefCell<String>,
    waiting: RefCell<Vec<Slot>>,
}

/// Where an operation's result is put.
#[derive(Default)]
struct Slot {
    operation: u32,
    waker: Option<Waker>,
    result: Option<String>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(line: &str);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(line: &str);
}

thread_local! {
    static INSTANCE: Instance = Instance::default();
}

/// Prepares this instance, once: the Worker's text bindings as a JSON object, and a random
/// number.
#[wasm_bindgen]
pub fn start(settings: &str, seed: u64) {
    std::panic::set_hook(Box::new(|panic| {
        // The place only: a message can hold anything.
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        console_error(&crate::json::object().text("panic", &at).end());
    }));
    // An error means that it is set already.
    let _ = log::set_logger(&Console).map(|()| log::set_max_level(log::LevelFilter::Info));
    let settings = Object::parse(settings).unwrap_or_default();
    let config = Config::read(|name| settings.text(name));
    INSTANCE.with(|i| i.app.replace(Some(Rc::new(App::new(config, Box::new(Edge), seed)))));
}

/// Takes in a request and goes as far with it as is possible without the outside. `head` is
/// method, URL and headers, a line each. Answers as [`run`].
#[wasm_bindgen]
pub fn begin(id: u32, now: f64, head: &str, body: &str) -> String {
    let mut lines = head.split('\n').map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    let request = Request {
        method: line(),
        url: line(),
        signature: line(),
        content_type: line(),
        authorization: line(),
        origin: line(),
        ray: line(),
        too_large: line() == "too large",
        body: body.to_owned(),
    };
    #[cfg(feature = "panic-probe")]
    assert!(!request.path().starts_with("/panic"), "asked to panic");
    job(id, now, move |app| Box::pin(async move { app.handle(request).await }))
}

/// A cron trigger. Answers as [`run`]; nobody reads the response.
#[wasm_bindgen]
pub fn tick(id: u32, now: f64) -> String {
    job(id, now, |app| Box::pin(async move { app.tick().await }))
}

/// Takes in the result of an operation and goes on with its request. Answers as [`run`].
#[wasm_bindgen]
pub fn resume(id: u32, now: f64, operation: u32, result: String) -> String {
    INSTANCE.with(|i| {
        i.now.set(millis(now));
        let waker =
            i.waiting.borrow_mut().iter_mut().find(|slot| slot.operation == operation).and_then(
                |slot| {
                    slot.result = Some(result);
                    slot.waker.take()
                },
            );
        waker.into_iter().for_each(Waker::wake);
        let at = i.jobs.borrow().iter().position(|(known, _)| *known == id);
        let job = at.map(|at| i.jobs.borrow_mut().swap_remove(at).1);
        job.map_or_else(String::new, |job| run(i, id, job))
    })
}

/// One step of the exactly-once gate: its record and the question, as JSON; out come the
/// reply, the record to keep, and when to forget it or, for a reply to wait, until when.
#[wasm_bindgen]
pub fn gate(record: &str, ask: &str, now: f64) -> String {
    let Some(ask) = Ask::parse(ask) else { return String::new() };
    let (reply, record) = gate::step(Record::parse(record), ask, millis(now));
    let until = record.until + if record.running { gate::REMEMBER_THE_DEAD } else { 0 };
    let wait = if let Reply::Wait(until) = reply { until } else { 0 };
    format!("{}{FIELD}{}{FIELD}{until}{FIELD}{wait}", reply.text(), record.text())
}

fn job(id: u32, now: f64, start: impl FnOnce(Rc<App>) -> Job) -> String {
    INSTANCE.with(|i| {
        i.now.set(millis(now));
        let Some(app) = i.app.borrow().clone() else { return String::new() };
        run(i, id, start(app))
    })
}

/// Polls a request's future. Out comes the response, beginning with `R`, or the operations
/// that it waits for now, beginning with `O`; nothing when it waits for earlier ones.
fn run(i: &Instance, id: u32, mut job: Job) -> String {
    match job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => encode(&response),
        Poll::Pending => {
            i.jobs.borrow_mut().push((id, job));
            i.outbox.take()
        }
    }
}

fn encode(response: &Response) -> String {
    use std::fmt::Write as _;
    let kind = match response.kind {
        Kind::Json => 'J',
        Kind::Xml => 'X',
        Kind::Empty => 'E',
    };
    let mut text = String::with_capacity(response.body.len() + 48);
    let _ = write!(text, "R{kind}{}{FIELD}{}", response.status, response.allow_origin);
    let _ = write!(text, "{FIELD}{}{FIELD}", response.allow.unwrap_or_default());
    if let Some(seconds) = response.retry_after {
        let _ = write!(text, "{seconds}");
    }
    text.push(RECORD);
    text.push_str(&response.body);
    text
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a date")]
fn millis(now: f64) -> u64 {
    now as u64
}

/// Leaves an operation in the outbox and waits for its result.
async fn operation(fields: &[&str]) -> std::result::Result<String, Lost> {
    use std::fmt::Write as _;
    // A field that could end itself would let its author write an operation of their own.
    if fields.iter().any(|field| field.contains([FIELD, RECORD])) {
        return Err(Lost);
    }
    let id = INSTANCE.with(|i| {
        let id = i.last_operation.get().wrapping_add(1);
        i.last_operation.set(id);
        i.waiting.borrow_mut().push(Slot { operation: id, ..Slot::default() });
        let mut outbox = i.outbox.borrow_mut();
        let separator = if outbox.is_empty() { 'O' } else { RECORD };
        outbox.push(separator);
        let _ = write!(outbox, "{id}");
        for field in fields {
            outbox.push(FIELD);
            outbox.push_str(field);
        }
        id
    });
    let result = poll_fn(|cx| {
        INSTANCE.with(|i| {
            let mut waiting = i.waiting.borrow_mut();
            let at = waiting.iter().position(|slot| slot.operation == id);
            let Some(at) = at else { return Poll::Ready(None) };
            match waiting.get_mut(at).map(|slot| (slot.result.take(), &mut slot.waker)) {
                Some((None, waker)) => {
                    *waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                found => {
                    let result = found.and_then(|(result, _)| result);
                    waiting.swap_remove(at);
                    Poll::Ready(result)
                }
            }
        })
    });
    // JavaScript puts `+` before a result, and nothing before a failure.
    result.await.and_then(|result| result.strip_prefix('+').map(str::to_owned)).ok_or(Lost)
}

/// An operation on the platform itself: one that fails is our failure.
#[track_caller]
fn platform(fields: &[&str]) -> impl Future<Output = Result<String>> {
    let failed = Error::internal(fields.first().unwrap_or(&""));
    async move { operation(fields).await.map_err(|Lost| failed) }
}

/// The [`Runtime`] of Cloudflare Workers.
struct Edge;

#[async_trait::async_trait(?Send)]
impl Runtime for Edge {
    async fn fetch(&self, call: Call) -> std::result::Result<Answer, Lost> {
        let timeout = call.timeout.as_millis().to_string();
        let if_match = call.if_match.as_deref().unwrap_or_default();
        let fields = [
            "fetch",
            call.method,
            &call.url,
            &call.authorization,
            call.content_type,
            if_match,
            &timeout,
            &call.body,
        ];
        let result = operation(&fields).await?;
        let mut parts = result.splitn(4, FIELD);
        let mut part = || parts.next().filter(|part| !part.is_empty());
        Ok(Answer {
            status: part().and_then(|status| status.parse().ok()).ok_or(Lost)?,
            etag: part().map(str::to_owned),
            retry_after: part().and_then(|seconds| seconds.parse().ok()).map(|s: u64| s.min(3600)),
            body: part().unwrap_or_default().to_owned(),
        })
    }

    async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        Ok(platform(&["kv_get", key]).await?.strip_prefix('+').map(str::to_owned))
    }

    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: Option<&str>,
        ttl: Option<Duration>,
    ) -> Result<()> {
        let ttl = ttl.map(|ttl| ttl.as_secs().max(60).to_string()).unwrap_or_default();
        platform(&["kv_put", key, value, metadata.unwrap_or_default(), &ttl]).await.map(drop)
    }

    async fn kv_delete(&self, key: &str) -> Result<()> {
        platform(&["kv_delete", key]).await.map(drop)
    }

    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage> {
        let page = platform(&["kv_list", prefix, cursor.unwrap_or_default()]).await?;
        let mut records = page.split(RECORD);
        let cursor = records.next().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let key = |record: &str| {
            let (name, metadata) = record.split_once(FIELD).unwrap_or((record, ""));
            (name.to_owned(), metadata.to_owned())
        };
        Ok(KvPage { keys: records.map(key).collect(), cursor })
    }

    async fn claim(&self, key: &str, lease: Duration, wait: Duration) -> Result<Claim> {
        let lease = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        match ask(key, &Ask::Claim { lease }, wait).await? {
            Reply::Granted(attempt) => Ok(Claim::Granted { attempt }),
            Reply::Done(outcome) => Ok(Claim::Done(outcome)),
            Reply::Wait(_) | Reply::Settled => Ok(Claim::Busy),
        }
    }

    async fn settle(
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<&str>,
        keep: Duration,
    ) -> Result<()> {
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let outcome = outcome.map(str::to_owned);
        ask(key, &Ask::Settle { attempt, outcome, keep }, Duration::ZERO).await.map(drop)
    }

    async fn sleep(&self, pause: Duration) {
        // A timer cannot fail.
        let _ = operation(&["sleep", &pause.as_millis().to_string()]).await;
    }

    fn now(&self) -> u64 {
        INSTANCE.with(|i| i.now.get())
    }
}

async fn ask(key: &str, ask: &Ask, wait: Duration) -> Result<Reply> {
    let reply = platform(&["gate", key, &ask.text(), &wait.as_millis().to_string()]).await?;
    Reply::parse(&reply).ok_or_else(|| Error::internal("the gate's reply is unreadable"))
}

/// The log: one line each, to the Worker's console.
struct Console;

impl log::Log for Console {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        console_log(&record.args().to_string());
    }

    fn flush(&self) {}
}
