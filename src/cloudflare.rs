//! The Cloudflare side, with `cloudflare.js`: the only file that knows of JavaScript.
//!
//! JavaScript does the I/O and Rust decides. A request comes in through [`begin`] and gets as
//! far as it can at once; most of Twilio's webhooks are answered by that one call. What it
//! needs of the outside are operations ([`crate::context`]): JavaScript performs them, and brings
//! each result back through [`resume`]. So no promise, closure or JavaScript object is held
//! in here: holding them is what makes Rust slow in a Worker. And an instance that has panicked
//! can be left behind.

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::context::{FIELD, RECORD};
use crate::error::place;
use crate::gate::{self, Ask, Record, Reply};
use crate::json::Object;
use crate::runtime::{Kind, Request, Response, Runtime};
use crate::{App, Config, Context};

/// This instance's state. Each request is taken out while it runs, so that a panic in one leaves
/// nothing borrowed.
#[derive(Default)]
struct Instance {
    app: RefCell<Option<Rc<App>>>,
    waiting: RefCell<Vec<(u32, Context)>>,
    now: Cell<u64>,
    outbox: RefCell<String>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(line: &str);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(line: &str);
}

/// A sixth of the default one's code, and as fast.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

thread_local! {
    static INSTANCE: Instance = Instance::default();
}

/// Prepares this instance, once: the Worker's text bindings as a JSON object, and a random
/// number.
#[wasm_bindgen]
pub fn start(settings: &str, seed: u64) {
    std::panic::set_hook(Box::new(|panic| {
        // The place only: a message can hold anything.
        let at = panic.location().map(place).unwrap_or_default();
        console_error(&crate::json::object().text("panic", &at).end());
    }));
    let settings = Object::parse(settings).unwrap_or_default();
    let config = Config::read(|name| settings.text(name));
    INSTANCE.with(|i| i.app.replace(Some(Rc::new(App::new(config, Box::new(Edge), seed)))));
}

/// Takes in a request and goes as far with it as is possible without the outside. `head` is
/// method, URL, five headers, and `too large` if so, a line each, in the order below. `id` is
/// JavaScript's number for the request; `now` is milliseconds since 1970. Answers as [`run`].
#[wasm_bindgen]
pub fn begin(id: u32, now: f64, head: &str, body: &str) -> String {
    let mut lines = head.split('\n').map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    let mut request = Request {
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
    run(now, id, &mut |i| i.app.borrow().as_ref().map(|app| app.begin(take(&mut request))))
}

/// A cron trigger. Answers as [`run`]; nobody reads the response.
#[wasm_bindgen]
pub fn tick(id: u32, now: f64) -> String {
    run(now, id, &mut |i| i.app.borrow().as_ref().map(App::tick))
}

/// Takes in the result of an operation and goes on with its request. Answers as [`run`].
#[wasm_bindgen]
pub fn resume(id: u32, now: f64, operation: u32, mut result: String) -> String {
    run(now, id, &mut |i| {
        let mut waiting = i.waiting.borrow_mut();
        let at = waiting.iter().position(|(known, _)| *known == id)?;
        let cx = waiting.swap_remove(at).1;
        cx.resume(operation, take(&mut result));
        Some(cx)
    })
}

/// One step of the exactly-once gate: its record and the question, as JSON; out come the
/// reply, the record to keep, when to forget it, and until when to wait (0: not), in
/// milliseconds since 1970.
#[wasm_bindgen]
pub fn gate(record: &str, ask: &str, now: f64) -> String {
    let Some(ask) = Ask::parse(ask) else { return String::new() };
    let (reply, record) = gate::step(Record::parse(record), ask, millis(now));
    let until = record.until + if record.running { gate::REMEMBER_THE_DEAD } else { 0 };
    let wait = if let Reply::Wait(until) = reply { until } else { 0 };
    let mut text = reply.text();
    for field in [record.text(), until.to_string(), wait.to_string()] {
        text.push(FIELD);
        text.push_str(&field);
    }
    text
}

/// Goes on with a request. Out comes the response, beginning with `R`, or the operations that
/// it waits for now, beginning with `O`; nothing when it waits for earlier ones.
fn run(now: f64, id: u32, cx: &mut dyn FnMut(&Instance) -> Option<Context>) -> String {
    INSTANCE.with(|i| {
        i.now.set(millis(now));
        i.outbox.take(); // a panic may have left something
        let Some(cx) = cx(i) else { return String::new() };
        if let Some(response) = cx.app.run(&cx) {
            // What it has just asked for is nobody's any more.
            i.outbox.take();
            return encode(&response);
        }
        let mut waiting = i.waiting.borrow_mut();
        waiting.retain(|(_, other)| !other.is_over());
        waiting.push((id, cx));
        i.outbox.take()
    })
}

fn encode(response: &Response) -> String {
    let kind = match response.kind {
        Kind::Json => "RJ",
        Kind::Xml => "RX",
        Kind::Empty => "RE",
    };
    let mut text = String::with_capacity(response.body.len() + 48);
    text.push_str(kind);
    text.push_str(&response.status.to_string());
    text.push(FIELD);
    text.push_str(&response.allow_origin);
    text.push(FIELD);
    text.push_str(response.allow.unwrap_or_default());
    text.push(FIELD);
    text.push_str(&response.retry_after.map(|seconds| seconds.to_string()).unwrap_or_default());
    text.push(RECORD);
    text.push_str(&response.body);
    text
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a date")]
fn millis(now: f64) -> u64 {
    now as u64
}

/// The [`Runtime`] of Cloudflare Workers.
struct Edge;

impl Runtime for Edge {
    fn perform(&self, id: u32, operation: &str) -> Option<String> {
        INSTANCE.with(|i| {
            let mut outbox = i.outbox.borrow_mut();
            let separator = if outbox.is_empty() { 'O' } else { RECORD };
            outbox.push(separator);
            outbox.push_str(&id.to_string());
            outbox.push(FIELD);
            outbox.push_str(operation);
        });
        None
    }

    fn now(&self) -> u64 {
        INSTANCE.with(|i| i.now.get())
    }

    fn log(&self, line: &str) {
        console_log(line);
    }
}
