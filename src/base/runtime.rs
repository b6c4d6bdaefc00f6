//! The outside of this program: all of it, in one trait.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use super::date::Millis;
use super::error::Result;
use super::json;

/// The largest request body that is read, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// One HTTP request to the service, reduced to what the service reads of it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, `OPTIONS`, …
    pub method: String,
    /// The absolute URL, byte for byte as received: Twilio's signature covers it.
    pub url: String,
    /// The header `X-Twilio-Signature`, or nothing.
    pub signature: String,
    /// The header `Content-Type`, or nothing.
    pub content_type: String,
    /// The header `Authorization`, or nothing.
    pub authorization: String,
    /// The header `Origin`, or nothing.
    pub origin: String,
    /// Cloudflare's id of the request (header `CF-Ray`), or nothing.
    pub ray: String,
    /// The caller's address (header `CF-Connecting-IP`), or nothing.
    pub address: String,
    /// The body; empty when there is none.
    pub body: String,
    /// The body was over [`MAX_BODY`] and was not read.
    pub too_large: bool,
}

impl Request {
    /// Scheme, host and port: `https://example.com:8443`.
    #[must_use]
    pub fn origin_of_url(&self) -> &str {
        self.url.get(..self.target_start()).unwrap_or_default()
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split('?').next().unwrap_or_default()
    }

    /// The query without its `?`; empty when there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// Path and query, without the fragment.
    #[must_use]
    pub fn target(&self) -> &str {
        let target = self.url.get(self.target_start()..).unwrap_or_default();
        target.split('#').next().unwrap_or_default()
    }

    fn target_start(&self) -> usize {
        let host = self.url.find(':').map_or(0, |at| at + 3);
        let end = self.url.bytes().skip(host).position(|b| matches!(b, b'/' | b'?' | b'#'));
        end.map_or(self.url.len(), |at| host + at)
    }
}

/// What the body of a [`Response`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `application/json`; with `204` there is no body.
    Json,
    /// `text/xml`: TwiML
    Xml,
    /// No body: the answer to a preflight.
    Empty,
}

/// One HTTP response of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What the body is.
    pub kind: Kind,
    /// The body.
    pub body: String,
    /// The value of `Allow`, on a `405`.
    pub allow: Option<&'static str>,
    /// The value of `Retry-After` in seconds, on a `429` or `503`.
    pub retry_after: Option<u64>,
    /// The value of `Access-Control-Allow-Origin`; [`crate::App::handle`] sets it.
    pub allow_origin: String,
}

impl Response {
    fn new(status: u16, kind: Kind, body: String) -> Self {
        Self { status, kind, body, allow: None, retry_after: None, allow_origin: String::new() }
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::new(status, Kind::Json, json::write(body))
    }

    /// A TwiML answer.
    #[must_use]
    pub fn twiml(body: String) -> Self {
        Self::new(200, Kind::Xml, body)
    }

    /// The answer to a preflight.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(204, Kind::Empty, String::new())
    }

    /// `204`, with the content type that TaskRouter wants all the same.
    #[must_use]
    pub fn no_content() -> Self {
        Self::new(204, Kind::Json, String::new())
    }
}

/// One HTTP request to Twilio.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The absolute URL, already percent-encoded.
    pub url: String,
    /// The value of `Authorization`.
    pub authorization: String,
    /// The value of `Content-Type`, when there is a body.
    pub content_type: &'static str,
    /// The value of `If-Match`: the `ETag` that must still hold.
    pub if_match: Option<String>,
    /// The body; empty when there is none.
    pub body: String,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

/// What Twilio answered to a [`Call`].
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header `ETag`, byte for byte.
    pub etag: Option<String>,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: String,
}

/// No answer came: the connection broke or the time was up. Whether the call took
/// effect is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// A page of a KV listing.
#[derive(Clone, Debug, Default)]
pub struct KvPage {
    /// Key and metadata text, in the order of the keys.
    pub keys: Vec<(String, String)>,
    /// Where the next page begins; `None` on the last one.
    pub cursor: Option<String>,
}

/// The answer to [`Runtime::claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Do it. From the second attempt on, an owner before us failed or died: first
    /// look for what it may have left.
    Granted {
        /// 1 for the first owner of this key.
        attempt: u32,
    },
    /// It has been done: this was the outcome.
    Done(String),
    /// Another owner is still at it, and the time to wait for it is up.
    Busy,
}

/// What has to happen if a claim comes to no outcome in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How long after the first claim.
    pub after: Duration,
    /// What to do, for [`crate::App::alarm`].
    pub what: String,
}

/// What the service needs from the world.
///
/// Two implementations: `cloudflare::runtime::Edge` in production, `support::Shared` in tests.
/// Every operation ends in time: the platform's own within some seconds.
#[async_trait(?Send)]
pub trait Runtime {
    /// Sends one request to Twilio.
    async fn fetch(&self, call: Call) -> Result<Answer, Lost>;

    /// Reads a value from the KV namespace.
    async fn kv_get(&self, key: &str) -> Result<Option<String>>;

    /// Writes a value and its metadata to the KV namespace. Without `ttl` it stays.
    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: &str,
        ttl: Option<Duration>,
    ) -> Result<()>;

    /// Deletes a key from the KV namespace.
    async fn kv_delete(&self, key: &str) -> Result<()>;

    /// Lists up to 1,000 keys with their metadata.
    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage>;

    /// Asks to be the one who does what `key` names; waits up to `wait` for another owner's
    /// outcome. An owner that has not settled after `lease` counts as dead.
    async fn claim(
        &self,
        key: &str,
        lease: Duration,
        wait: Duration,
        watch: Option<Watch>,
    ) -> Result<Claim>;

    /// Ends a claim: an outcome is kept for `keep` and given to all who ask again; without
    /// one, the next to ask is granted the next attempt.
    async fn settle(
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<String>,
        keep: Duration,
    ) -> Result<()>;

    /// Waits.
    async fn sleep(&self, pause: Duration);

    /// Goes on with this behind the answer of the request that is being worked on.
    fn behind(&self, work: LocalBoxFuture<'static, ()>);

    /// Milliseconds since 1970; on Workers the clock moves only at I/O.
    fn now(&self) -> Millis;

    /// Writes a line of JSON to the log.
    fn log(&self, line: &str);
}
