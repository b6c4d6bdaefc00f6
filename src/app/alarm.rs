//! What a gate had to see to by itself.

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::json;
use crate::features::voice::internal_call;
use crate::once::alarm::Alarm;

/// Does it.
pub async fn run(cx: &Context, what: &str) -> Result<()> {
    match json::read(what)? {
        Alarm::LetGo { conference, caller } => {
            cx.note(&conference);
            cx.note(&caller);
            internal_call::let_go(cx, &conference, &caller).await
        }
    }
}
