//! The [`Runtime`] of Cloudflare Workers: each operation is one function of `edge.js`, because
//! what costs one crossing there costs about ten through the wrappers of `worker`.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::LocalBoxFuture;
use js_sys::Promise;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;

use super::clock;
use crate::base::date::{Millis, millis};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::runtime::{Answer, Call, Claim, Grant, KvPage, Limit, Lost, Runtime, Watch};
use crate::once::ledger::{Ask, Reply};

/// The longest that KV is waited for.
const KV_TIME: Duration = Duration::from_secs(5);
/// The longest that the gate is waited for, besides the time that it has to wait itself.
const GATE_TIME: Duration = Duration::from_secs(3);
/// The longest that the rate limiter is waited for.
const LIMIT_TIME: Duration = Duration::from_secs(1);
/// KV takes one write a second for each key.
const KV_PAUSE: Duration = Duration::from_millis(1_100);
/// The longest `Retry-After` that is believed, in seconds.
const MAX_RETRY_AFTER: u64 = 3600;

#[wasm_bindgen(module = "/src/cloudflare/edge.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn send(
        method: &str,
        url: &str,
        authorization: &str,
        content_type: &str,
        if_match: Option<&str>,
        webhooks: bool,
        timeout: u32,
        body: Option<&str>,
    ) -> Result<Sent, JsValue>;

    /// What [`send`] brings.
    type Sent;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Sent) -> u16;
    #[wasm_bindgen(method, getter)]
    fn etag(this: &Sent) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    fn retry_after(this: &Sent) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Sent) -> String;

    #[wasm_bindgen(catch, js_name = kvGet)]
    async fn kv_get(key: &str, time: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = kvPut)]
    async fn kv_put(
        key: &str,
        value: &str,
        metadata: &str,
        ttl: Option<f64>,
        time: u32,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = kvDelete)]
    async fn kv_delete(key: &str, time: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = kvList)]
    async fn kv_list(prefix: &str, cursor: Option<&str>, time: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn ask(key: &str, question: &str, time: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn limit(name: &str, key: &str, time: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn sleep(millis: u32) -> Result<JsValue, JsValue>;
    fn behind(work: Promise);
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(line: &str);
}

/// What is asked of a gate, and how long its answer is waited for.
#[derive(Serialize, Deserialize)]
pub struct Question {
    /// The question.
    pub ask: Ask,
    /// How long another owner's outcome is waited for, in milliseconds.
    pub wait: Millis,
}

/// Waits. Not `worker::Delay`: it wakes only who polled it first, and a request is polled once
/// by hand.
pub async fn pause(time: Duration) {
    let _ = sleep(clock::span(time)).await; // a timer cannot fail
}

/// Cloudflare Workers.
pub struct Edge;

impl Edge {
    async fn gate(key: &str, ask_it: Ask, wait: Duration) -> Result<Reply> {
        let question = json::write(&Question { ask: ask_it, wait: millis(wait) });
        let reply = ask(key, &question, clock::span(wait + GATE_TIME)).await.map_err(failed)?;
        let reply = reply.as_string().ok_or_else(|| Error::internal("the gate said nothing"))?;
        json::read(&reply)
    }
}

#[async_trait(?Send)]
impl Runtime for Edge {
    async fn fetch(&self, call: &Call, timeout: Duration) -> Result<Answer, Lost> {
        let sent = send(
            call.method,
            &call.url,
            &call.authorization,
            call.content_type,
            call.if_match.as_deref(),
            call.with_webhooks,
            clock::span(timeout),
            Some(call.body.as_str()).filter(|body| !body.is_empty()),
        );
        let sent = sent.await.map_err(|_| Lost)?;
        let retry_after = sent.retry_after().and_then(|seconds| seconds.parse().ok());
        Ok(Answer {
            status: sent.status(),
            etag: sent.etag(),
            retry_after: retry_after.map(|seconds: u64| seconds.min(MAX_RETRY_AFTER)),
            body: sent.body(),
        })
    }

    async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        Ok(kv_get(key, clock::span(KV_TIME)).await.map_err(failed)?.as_string())
    }

    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: &str,
        ttl: Option<Duration>,
    ) -> Result<()> {
        let (ttl, time) = (ttl.map(|ttl| ttl.as_secs_f64().max(60.0)), clock::span(KV_TIME));
        if kv_put(key, value, metadata, ttl, time).await.is_ok() {
            return Ok(());
        }
        pause(KV_PAUSE).await;
        kv_put(key, value, metadata, ttl, time).await.map_err(failed).map(drop)
    }

    async fn kv_delete(&self, key: &str) -> Result<()> {
        let time = clock::span(KV_TIME);
        if kv_delete(key, time).await.is_ok() {
            return Ok(());
        }
        pause(KV_PAUSE).await;
        kv_delete(key, time).await.map_err(failed).map(drop)
    }

    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage> {
        let page = kv_list(prefix, cursor, clock::span(KV_TIME)).await.map_err(failed)?;
        let page = page.as_string().ok_or_else(|| Error::internal("KV listed nothing"))?;
        let mut lines = page.split('\n').map(str::to_owned);
        let cursor = lines.next().filter(|cursor| !cursor.is_empty());
        let mut keys = Vec::new();
        while let (Some(name), Some(metadata)) = (lines.next(), lines.next()) {
            keys.push((name, metadata));
        }
        Ok(KvPage { keys, cursor })
    }

    async fn claim(
        &self,
        key: &str,
        lease: Duration,
        wait: Duration,
        watch: Option<Watch>,
        over: Option<String>,
    ) -> Result<Claim> {
        let watch = watch.map(|watch| (millis(watch.after), watch.what));
        match Self::gate(key, Ask::Claim { lease: millis(lease), watch, over }, wait).await? {
            Reply::Granted { attempt, tries } => Ok(Claim::Granted(Grant { attempt, tries })),
            Reply::Done(outcome) => Ok(Claim::Done(outcome)),
            Reply::Nothing => Ok(Claim::Nothing),
            Reply::Wait(_) | Reply::Settled => Ok(Claim::Busy),
        }
    }

    async fn settle(
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<String>,
        keep: Duration,
    ) -> Result<()> {
        let ask = Ask::Settle { attempt, outcome, keep: millis(keep) };
        Self::gate(key, ask, Duration::ZERO).await.map(drop)
    }

    async fn limit(&self, of: Limit, caller: &str) -> Result<bool> {
        let is_within = limit(of.binding(), caller, clock::span(LIMIT_TIME)).await;
        let is_within = is_within.map_err(failed)?.as_bool();
        is_within.ok_or_else(|| Error::internal("the rate limiter said nothing"))
    }

    async fn sleep(&self, time: Duration) {
        pause(time).await;
    }

    fn behind(&self, work: LocalBoxFuture<'static, ()>) {
        let work = AssertUnwindSafe(work);
        behind(future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        }));
    }

    fn now(&self) -> Millis {
        clock::now()
    }

    fn log(&self, line: &str) {
        console_log(line);
    }
}

fn failed(error: JsValue) -> Box<Error> {
    Error::internal(&format!("the platform failed: {}", worker::Error::from(error)))
}
