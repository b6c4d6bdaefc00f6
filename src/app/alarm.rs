//! What a gate had to see to by itself.

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::json;
use crate::features::events;
use crate::features::inbound;
use crate::features::parked;
use crate::features::voice::internal_call;
use crate::features::webchat;
use crate::flex::alarm::Alarm;

/// Does it.
pub async fn run(cx: &Context, what: &str) -> Result<()> {
    match json::read(what)? {
        Alarm::LetGo { conference, caller } => {
            cx.note(&conference);
            cx.note(&caller);
            internal_call::let_go(cx, &conference, &caller).await
        }
        Alarm::Ended { caller } => {
            cx.note(&caller);
            internal_call::ended(cx, &caller).await
        }
        Alarm::Inbound(message) => {
            cx.note(&message.conversation);
            inbound::again(cx, &message).await
        }
        Alarm::Unpark(message) => {
            cx.note(&message.conversation);
            parked::again(cx, &message).await
        }
        Alarm::Fallback(lost) => {
            cx.note(&lost.task);
            events::fall_back_again(cx, &lost).await
        }
        Alarm::GiveUp(call) => {
            cx.note(&call.caller);
            events::give_up_again(cx, &call).await
        }
        Alarm::Question(question) => {
            cx.note(&question.conversation);
            webchat::again(cx, &question).await
        }
        Alarm::NotTaken(call) => {
            cx.note(&call.task);
            events::not_taken_again(cx, &call).await
        }
    }
}
