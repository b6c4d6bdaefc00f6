//! What one cron run does.

use serde::Serialize;

use crate::base::context::Context;
use crate::features::internal_chat::{Report, clean_up};
use crate::features::parked;

/// How a run ended, for the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ending {
    internal_chats: Report,
    #[serde(skip_serializing_if = "parked::Report::is_empty")]
    parked: parked::Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Looks after parked conversations, and cleans up internal chats; what came of it is one log
/// line.
pub async fn run(cx: &Context) {
    let (parked, swept) = parked::sweep(cx).await;
    if let Err(error) = swept {
        cx.warn("parked conversations not looked after", &error);
    }
    let (internal_chats, result) = clean_up(cx).await;
    let error = result.err().map(|error| error.log());
    cx.log("cron", Ending { internal_chats, parked, error });
}
