//! What one cron run does.

use crate::Context;
use crate::error::Result;
use crate::features::internal_chat;

/// Cleans up internal chats; what came of it is one log line. Fails only by waiting.
pub fn run(cx: &Context) -> Result<()> {
    let (report, result) = internal_chat::clean_up(cx)?;
    let mut line = cx.log_head("cron");
    line.raw("internalChats", &report);
    if let Err(error) = result {
        line.text("error", &error.log());
    }
    cx.app.runtime.log(&line.end());
    Ok(())
}
