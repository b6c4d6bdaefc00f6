//! What one cron run does.

use serde::Serialize;

use crate::base::context::Context;
use crate::features::internal_chat::{Report, clean_up};

/// How a run ended, for the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ending {
    internal_chats: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Cleans up internal chats; what came of it is one log line.
pub async fn run(cx: &Context) {
    let (internal_chats, result) = clean_up(cx).await;
    let error = result.err().map(|error| error.log());
    cx.log("cron", Ending { internal_chats, error });
}
