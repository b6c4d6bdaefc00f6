//! Who is called by whom: our own record of an internal call, which no agent can write.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::runtime::Watch;
use crate::base::sid::TaskSid;
use crate::once::{self, Outcome};

/// How long a call's record is kept: as long as the callee's task can wait. Late duplicates of
/// the webhook find it, and so does who has to know whose call it is.
const REMEMBER: Duration = Duration::from_hours(24);

/// A callee's task that we have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ring {
    /// The task.
    pub callee: TaskSid,
    /// One agent is called, not a queue.
    pub is_for_one: bool,
}

fn key(caller: &TaskSid) -> String {
    format!("internal-call/{caller}")
}

/// Lets the callee ring, once for each caller's task. If that has not come about in time, the
/// gate sees to what `watch` says.
pub async fn once(
    cx: &Context,
    caller: &TaskSid,
    watch: Watch,
    ring: impl AsyncFnOnce(u32) -> Result<Ring>,
) -> Result<Outcome<Ring>> {
    once::once_watched(cx, &key(caller), REMEMBER, Some(watch), ring).await
}

/// Notes whom the caller's task has let ring, unless that is known: [`once`] has not come to it.
pub async fn found(
    cx: &Context,
    caller: &TaskSid,
    ring: impl AsyncFnOnce() -> Result<Ring>,
) -> Result<()> {
    once::once(cx, &key(caller), REMEMBER, async |_| ring().await).await.map(drop)
}

/// Whom the caller's task has let ring. One who is just being called is waited for; while that is
/// not settled, also by the gate, it is [`crate::base::error::Error::Busy`].
pub async fn known(cx: &Context, caller: &TaskSid) -> Result<Option<Ring>> {
    once::known(cx, &key(caller)).await
}
