//! What one cron run does.

use crate::Context;
use crate::features::internal_chat;
use crate::json;

/// Cleans up internal chats; what came of it is one log line.
pub async fn run(cx: &Context<'_>) {
    let started = cx.now();
    let mut report = internal_chat::Report::default();
    let result = internal_chat::clean_up(cx, &mut report).await;
    let mut line = json::object()
        .text("request", &cx.id)
        .text("route", "cron")
        .number("ms", cx.now().saturating_sub(started))
        .number("twilioCalls", cx.calls.get().into())
        .texts("sids", cx.sids.borrow().iter().map(String::as_str))
        .raw("internalChats", &report.text());
    if let Err(error) = result {
        line = line.text("error", &error.log());
    }
    log::info!("{}", line.end());
}
