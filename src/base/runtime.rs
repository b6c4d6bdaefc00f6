//! The outside of this program: all of it, in one trait.

use std::time::Duration;

use super::date::Millis;
use super::error::Result;
use async_trait::async_trait;
use futures_util::future::LocalBoxFuture;

/// One HTTP request to Twilio, or to Cloudflare Turnstile.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The absolute URL, already percent-encoded.
    pub url: String,
    /// The value of `Authorization`; none when it is empty.
    pub authorization: String,
    /// The value of `Content-Type`, when there is a body.
    pub content_type: &'static str,
    /// The value of `If-Match`: the `ETag` that must still hold.
    pub if_match: Option<String>,
    /// Conversations tells its webhooks of what this does (`X-Twilio-Webhook-Enabled`).
    pub with_webhooks: bool,
    /// The body; empty when there is none.
    pub body: String,
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

/// The right to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which grant of its key this is, for [`Runtime::settle`].
    pub attempt: u32,
    /// From the second try on, an owner before us failed or died: first look for what it may have
    /// left. What is over and done anew begins with the first one again.
    pub tries: u32,
}

/// The answer to [`Runtime::claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Do it.
    Granted(Grant),
    /// It has been done: this was the outcome.
    Done(String),
    /// Another owner is still at it, and the time to wait for it is up.
    Busy,
    /// Nothing has come of it, and nobody is at it: to those who want no lease.
    Nothing,
}

/// What has to happen if a claim comes to no outcome in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How long after the first claim.
    pub after: Duration,
    /// What to do, for [`crate::App::alarm`].
    pub what: String,
}

/// What one caller may do only so often a minute: the limits are in `wrangler.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Starting a webchat.
    WebchatStarts,
    /// Refreshing its token.
    WebchatRefreshes,
}

impl Limit {
    /// Its binding.
    #[must_use]
    pub fn binding(self) -> &'static str {
        match self {
            Self::WebchatStarts => "WEBCHAT_STARTS",
            Self::WebchatRefreshes => "WEBCHAT_REFRESHES",
        }
    }
}

/// What the service needs from the world.
///
/// `cloudflare::runtime::Edge` implements it in production.
/// Every operation ends in time: the platform's own within some seconds.
#[async_trait(?Send)]
pub trait Runtime {
    /// Sends one request to Twilio.
    async fn fetch(&self, call: &Call, timeout: Duration) -> Result<Answer, Lost>;

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
    /// outcome. An owner that has not settled after `lease` counts as dead; without any, nothing is
    /// claimed, and only told what came of it. An outcome that is `over` is none, if it is still the
    /// last one.
    async fn claim(
        &self,
        key: &str,
        lease: Duration,
        wait: Duration,
        watch: Option<Watch>,
        over: Option<String>,
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

    /// Counts one more for this caller; whether it is within the limit.
    async fn limit(&self, limit: Limit, caller: &str) -> Result<bool>;

    /// Waits.
    async fn sleep(&self, pause: Duration);

    /// Goes on with this behind the answer of the request that is being worked on.
    fn behind(&self, work: LocalBoxFuture<'static, ()>);

    /// Milliseconds since 1970; on Workers the clock moves only at I/O.
    fn now(&self) -> Millis;

    /// Writes a line of JSON to the log.
    fn log(&self, line: &str);
}
