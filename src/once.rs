//! Exactly once: duplicates of a request, also those at the same moment, get the first one's
//! outcome.

pub mod ledger;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::context::{Context, TIME_BEHIND};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::runtime::{Claim, Grant, Watch};

/// The owner is dead for sure when its lease ends: its own deadline comes first.
const BEYOND_DEADLINE: Duration = Duration::from_secs(3);
/// How long the count of failed owners is kept.
const REMEMBER_FAILURES: Duration = Duration::from_mins(1);
/// How long, when something may have come of it all the same: whoever comes next has to look, and
/// the gate itself comes after an hour at the latest.
const REMEMBER_UNCERTAIN: Duration = Duration::from_hours(2);
/// How long Twilio takes at most until something shows whose answer was lost.
const UNTIL_IT_SHOWS: Duration = Duration::from_secs(2);
/// As long is somebody's outcome waited for by who only wants to know it.
const WAIT_TO_KNOW: Duration = Duration::from_secs(5);
/// As often somebody else may have done it anew, and it is over again.
const MOST_OVER: usize = 5;

/// What came of something that is done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// This request has done it.
    New(T),
    /// Another one had done it.
    Known(T),
}

impl<T> Outcome<T> {
    /// What came of it, whoever did it.
    pub fn into_inner(self) -> T {
        match self {
            Self::New(value) | Self::Known(value) => value,
        }
    }
}

/// Does `work` once for `key`: whoever asks meanwhile, or within `keep` afterwards, gets its
/// outcome.
///
/// `work` is told the attempt: from the second on, somebody before it failed or died, and it
/// has to look for what they left. When it fails, the next to ask is granted.
pub async fn once<T: Serialize + DeserializeOwned>(
    cx: &Context,
    key: &str,
    keep: Duration,
    work: impl AsyncFnOnce(u32) -> Result<T>,
) -> Result<Outcome<T>> {
    once_watched(cx, key, keep, None, work).await
}

/// Does `work` once for `key`, as [`once`]. If nothing has come of it when the time of `watch`
/// is up, the gate itself sees to what has to happen then.
pub async fn once_watched<T: Serialize + DeserializeOwned>(
    cx: &Context,
    key: &str,
    keep: Duration,
    watch: Option<Watch>,
    work: impl AsyncFnOnce(u32) -> Result<T>,
) -> Result<Outcome<T>> {
    match enter(cx, key, watch, None).await? {
        Claim::Granted(grant) => {
            let work = async |_: &Context, tries| Ok((work(tries).await?, keep));
            perform(cx, key, grant, work).await.map(Outcome::New)
        }
        Claim::Done(outcome) => json::read(&outcome).map(Outcome::Known),
        Claim::Busy | Claim::Nothing => Err(Error::Busy.into()),
    }
}

/// Does `work` once for `key`, as [`once`]; but what came of it counts only until it is over:
/// then it is done anew.
///
/// `work` is told the attempt at doing it anew: the first one knows that nothing was left.
pub async fn once_until_over<T: Serialize + DeserializeOwned>(
    cx: &Context,
    key: &str,
    keep: Duration,
    is_over: impl AsyncFn(&T) -> Result<bool>,
    work: impl AsyncFnOnce(u32) -> Result<T>,
) -> Result<Outcome<T>> {
    let mut over = None;
    for _ in 0..MOST_OVER {
        match enter(cx, key, None, over).await? {
            Claim::Granted(grant) => {
                let work = async |_: &Context, tries| Ok((work(tries).await?, keep));
                return perform(cx, key, grant, work).await.map(Outcome::New);
            }
            Claim::Done(outcome) => {
                let known = json::read(&outcome)?;
                if !is_over(&known).await? {
                    return Ok(Outcome::Known(known));
                }
                over = Some(outcome);
            }
            Claim::Busy | Claim::Nothing => break,
        }
    }
    Err(Error::Busy.into())
}

/// Does `work` once for `key` behind the answer. Who asks meanwhile is let go at once, and so
/// is who asks later, with what came of it.
///
/// The gate knows of it before the answer is given: if nothing comes of the work, it has `alarm`
/// done by itself. `work` is told the attempt, and says for how long its outcome counts; when it
/// fails it may be done again at once.
pub async fn behind<T: Serialize + DeserializeOwned>(
    cx: &Context,
    route: &'static str,
    key: String,
    alarm: &impl Serialize,
    work: impl AsyncFnOnce(&Context, u32) -> Result<(T, Duration)> + 'static,
) -> Result<Option<T>> {
    let lease = TIME_BEHIND + BEYOND_DEADLINE;
    let watch = Watch { after: lease, what: json::write(alarm) };
    let claim =
        async || cx.runtime().claim(&key, lease, Duration::ZERO, Some(watch.clone()), None).await;
    // Once more, as nobody may tell of it again; if the first claim stands, so does its alarm.
    let claimed = match claim().await {
        Err(_) => claim().await,
        claimed => claimed,
    };
    match claimed? {
        Claim::Granted(grant) => {
            let work = async move |cx: &Context| perform(cx, &key, grant, work).await.map(drop);
            cx.behind(route, work);
            Ok(None)
        }
        Claim::Done(outcome) => json::read(&outcome).map(Some),
        Claim::Busy | Claim::Nothing => Ok(None),
    }
}

/// Does what [`behind`] has begun and nothing came of.
pub async fn again<T: Serialize + DeserializeOwned>(
    cx: &Context,
    key: &str,
    work: impl AsyncFnOnce(&Context, u32) -> Result<(T, Duration)>,
) -> Result<T> {
    match enter(cx, key, None, None).await? {
        Claim::Granted(grant) => perform(cx, key, grant, work).await,
        Claim::Done(outcome) => json::read(&outcome),
        Claim::Busy | Claim::Nothing => Err(Error::Busy.into()),
    }
}

async fn perform<T: Serialize>(
    cx: &Context,
    key: &str,
    grant: Grant,
    work: impl AsyncFnOnce(&Context, u32) -> Result<(T, Duration)>,
) -> Result<T> {
    let result = work(cx, grant.tries).await;
    let outcome = result.as_ref().ok().map(|(value, _)| json::write(value));
    let keep = match &result {
        Ok((_, keep)) => *keep,
        Err(error) => remembered(error, grant.tries),
    };
    leave(cx, key, grant.attempt, outcome, keep).await;
    result.map(|(value, _)| value)
}

/// How long a failure is remembered. What Twilio has refused may follow something that worked: a
/// lost answer, and then a search that failed.
fn remembered(error: &Error, attempt: u32) -> Duration {
    let is_ours = matches!(
        error,
        Error::BadRequest { .. }
            | Error::Forbidden(_)
            | Error::Refused { .. }
            | Error::NotConfigured { .. }
    );
    if is_ours && attempt == 1 { REMEMBER_FAILURES } else { REMEMBER_UNCERTAIN }
}

/// What came of something that is done once, without doing it; nothing when nothing has come of
/// it. Somebody who is at it is waited for; when they take too long, or when the gate is to see to
/// it, nobody knows what will come of it: [`Error::Busy`].
pub async fn known<T: DeserializeOwned>(cx: &Context, key: &str) -> Result<Option<T>> {
    let wait = cx.time_left().min(WAIT_TO_KNOW);
    match cx.runtime().claim(key, Duration::ZERO, wait, None, None).await? {
        Claim::Done(outcome) => json::read(&outcome).map(Some),
        Claim::Nothing => Ok(None),
        Claim::Granted(_) | Claim::Busy => Err(Error::Busy.into()),
    }
}

/// Does `work` while nobody else does any under the same key.
pub async fn alone<T>(cx: &Context, key: &str, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    in_turn(cx, key, async |_| work().await).await
}

/// Does `work` while nobody else does any under the same key. It is told the attempt: with
/// the first one nobody has had a turn lately, and what was read before it still holds.
pub async fn in_turn<T>(
    cx: &Context,
    key: &str,
    work: impl AsyncFnOnce(u32) -> Result<T>,
) -> Result<T> {
    let Claim::Granted(grant) = enter(cx, key, None, None).await? else {
        return Err(Error::Busy.into());
    };
    let result = work(grant.tries).await;
    leave(cx, key, grant.attempt, None, REMEMBER_FAILURES).await;
    result
}

/// Asks for a claim within the request's time.
async fn enter(
    cx: &Context,
    key: &str,
    watch: Option<Watch>,
    over: Option<String>,
) -> Result<Claim> {
    let left = cx.time_left();
    cx.runtime().claim(key, left + BEYOND_DEADLINE, left, watch, over).await
}

/// Ends a claim. What was done is done: if this fails, the lease will run out by itself.
async fn leave(cx: &Context, key: &str, attempt: u32, outcome: Option<String>, keep: Duration) {
    if let Err(error) = cx.runtime().settle(key, attempt, outcome, keep).await {
        cx.warn("claim not settled", &error);
    }
}

/// Makes something that each request to Twilio would make anew. When it is unknown whether
/// that worked, or when an earlier attempt may have made it, looks for it first.
pub async fn make<T>(
    cx: &Context,
    attempt: u32,
    look: impl AsyncFn() -> Result<Option<T>>,
    make: impl AsyncFn() -> Result<T>,
) -> Result<T> {
    let mut failure = None;
    for tries in 1..=3 {
        if (attempt > 1 || failure.is_some())
            && let Some(found) = look().await?
        {
            return Ok(found);
        }
        if tries == 3 {
            break;
        }
        match make().await {
            Err(error) if error.is_uncertain() => failure = Some(error),
            made => return made,
        }
        if !cx.wait(UNTIL_IT_SHOWS).await {
            break;
        }
    }
    Err(failure.unwrap_or_else(|| Error::Busy.into()))
}
