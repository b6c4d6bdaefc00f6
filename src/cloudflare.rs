//! The Cloudflare side, the only place that names `worker`: events, settings, the entry of
//! requests. `cloudflare/entry.js` is wrangler's `main`; it reads a request and calls
//! [`handle`].

mod clock;
mod gate;
mod runtime;

use std::cell::OnceCell;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;
use worker::{Env, ScheduleContext, ScheduledEvent, event};

use crate::app::App;
use crate::base::config::Config;
use crate::base::http::{Kind, Request, Response};
use runtime::Edge;

#[wasm_bindgen]
extern "C" {
    /// A request as `entry.js` has read it. One object and not so many texts: after a panic
    /// the glue makes a new instance when it is called, and would have written the texts into
    /// the old one.
    pub type Incoming;
    #[wasm_bindgen(method, getter)]
    fn method(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn url(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn signature(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter, js_name = contentType)]
    fn content_type(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn authorization(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn origin(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn ray(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn address(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter, js_name = tooLarge)]
    fn too_large(this: &Incoming) -> bool;
    /// The status of the answer to a request that was passed on.
    #[wasm_bindgen(method, getter)]
    fn status(this: &Incoming) -> Option<u16>;
}

#[wasm_bindgen(module = "/src/cloudflare/edge.js")]
extern "C" {
    fn respond(
        status: u16,
        content_type: &str,
        body: &str,
        origin: &str,
        allow: Option<&str>,
        retry_after: Option<u32>,
    ) -> JsValue;
}

thread_local! {
    static APP: OnceCell<&'static App> = const { OnceCell::new() };
}

/// The service, made on the first request of an isolate.
fn app(env: &Env) -> &'static App {
    let make = || {
        clock::set(setting(env, "TEST_CLOCK").as_deref());
        let config = Config::read(|name| setting(env, name));
        let seed = js_sys::Math::random().to_bits();
        &*Box::leak(Box::new(App::new(config, Box::new(Edge), seed)))
    };
    APP.with(|app| *app.get_or_init(make))
}

/// A var or secret as text: in TOML it may be a number or a truth value, `0` or `true`. A table
/// or list becomes its JSON, so that it is named as invalid.
fn setting(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env, &name.into()).ok()?;
    let json = || js_sys::JSON::stringify(&value).ok()?.as_string();
    value.as_string().or_else(json)
}

fn read(incoming: &Incoming) -> Request {
    Request {
        method: incoming.method(),
        url: incoming.url(),
        signature: incoming.signature(),
        content_type: incoming.content_type(),
        authorization: incoming.authorization(),
        origin: incoming.origin(),
        ray: incoming.ray(),
        address: incoming.address(),
        body: incoming.body(),
        too_large: incoming.too_large(),
    }
}

/// Where a request goes that is none of ours: a URL, or nothing. `entry.js` asks before it
/// reads the body, which goes there as it came.
#[wasm_bindgen]
pub fn destination(incoming: &Incoming, env: &Env) -> Option<String> {
    app(env).destination(&read(incoming))
}

/// Notes what came of a request that was passed on; answers our 502 for when nothing has.
#[wasm_bindgen(js_name = passedOn)]
pub fn passed_on(incoming: &Incoming, env: &Env) -> JsValue {
    write(&app(env).passed_on(&read(incoming), incoming.status()))
}

/// Answers a request that nothing came of: a panic, whose place worker's panic hook has logged, or
/// a body that broke off.
#[wasm_bindgen]
pub fn lost(incoming: &Incoming, env: &Env) -> JsValue {
    write(&app(env).lost(&read(incoming)))
}

/// Answers a request that `entry.js` has read: with a response, or a promise of one.
#[wasm_bindgen]
pub fn handle(incoming: &Incoming, env: &Env) -> JsValue {
    let app = app(env);
    let request = read(incoming);
    #[cfg(feature = "panic-probe")]
    assert!(request.path() != "/panic", "asked to panic");
    // Boxed: it is polled in two places.
    let answer: LocalBoxFuture<'static, _> = Box::pin(async move {
        #[cfg(feature = "panic-probe")]
        if request.path() == "/panic/later" {
            runtime::pause(std::time::Duration::from_millis(20)).await;
            assert!(request.path().is_empty(), "asked to panic later");
        }
        Ok(write(&app.handle(request).await))
    });
    let mut answer = AssertUnwindSafe(answer);
    // Most of Twilio's webhooks need nothing from the outside: no promise for them.
    match (&mut *answer).now_or_never() {
        Some(Ok(response) | Err(response)) => response,
        None => future_to_promise(answer).into(),
    }
}

fn write(response: &Response) -> JsValue {
    let content_type = match response.kind {
        Kind::Json => "application/json",
        Kind::Xml => "text/xml; charset=utf-8",
        Kind::Preflight => "",
    };
    let retry_after = response.retry_after.and_then(|seconds| u32::try_from(seconds).ok());
    let Response { status, body, allow_origin, allow, .. } = response;
    respond(*status, content_type, body, allow_origin, *allow, retry_after)
}

/// The cron triggers of `wrangler.toml`.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    app(&env).tick().await;
}
