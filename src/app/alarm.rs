//! What a gate does by itself.

use serde::Serialize;

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::json;
use crate::features::inbound;
use crate::once::due::Due;

/// How it ended, for the log.
#[derive(Serialize)]
struct Ending {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Does what is due; whether it need not be tried again.
pub async fn run(cx: &Context, what: &str) -> bool {
    let result = match json::read::<Due>(what) {
        Ok(due) => perform(cx, due).await,
        Err(error) => Err(error),
    };
    let is_over = result.as_ref().err().is_none_or(|error| !error.is_passing());
    cx.log("alarm", Ending { error: result.err().map(|error| error.log()) });
    is_over
}

async fn perform(cx: &Context, due: Due) -> Result<()> {
    match due {
        Due::Inbound(message) => inbound::again(cx, &message).await,
        Due::Unpark(_) | Due::Fallback(_) | Due::GiveUp { .. } => Ok(()),
    }
}
