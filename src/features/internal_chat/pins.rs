//! Pins: the chats that an agent keeps on top, on every device.

use super::{chat_name, identity, other_of};
use crate::Context;
use crate::auth::FlexCall;
use crate::error::{Error, Result, both};
use crate::json;
use crate::runtime::Response;
use crate::store::{self, Pin};

/// An agent can pin as many.
const MOST_PINS: usize = 100;

/// `list-pins`: the names of the chats that the agent has pinned, the oldest pin first.
pub fn list_pins(cx: &Context, call: &FlexCall) -> Result<Response> {
    let me = identity(&call.agent)?;
    let pins = store::pins(cx, me)?;
    Ok(answer(me, &pins, &[]))
}

/// `pin`: pins a chat, or those of a list that an agent brings along from a browser.
///
/// Whoever is pinned already keeps their place. Of a list, what is not the agent's chat or
/// is too much is left out and named: a browser's list may be that of several agents.
pub fn pin(cx: &Context, call: &FlexCall) -> Result<Response> {
    let me = identity(&call.agent)?;
    let single = call.params.optional_text("conversation")?;
    let is_list = single.is_none();
    let names = match single {
        Some(name) => vec![name.to_owned()],
        None => call
            .params
            .optional_texts("conversations")?
            .ok_or_else(|| Error::bad("conversation", "is missing"))?,
    };
    if !is_list {
        names.iter().try_for_each(|name| part_in(me, name).map(drop))?;
    }
    let mut pins = store::pins(cx, me)?;
    let known = pins.len();
    let mut skipped = Vec::new();
    for (name, time) in names.into_iter().zip(cx.now()..) {
        let other = part_in(me, &name).ok().unwrap_or_default().to_owned();
        if pins.iter().any(|pin| pin.other == other) {
            continue;
        }
        if other.is_empty() || pins.len() >= MOST_PINS {
            skipped.push(name);
        } else {
            pins.push(Pin { time, other });
        }
    }
    if !is_list && !skipped.is_empty() {
        let message = "At most 100 chats can be pinned.";
        return Err(Error::refused(422, message, vec![("limit", MOST_PINS.to_string())]));
    }
    let written: Vec<_> = pins.iter().skip(known).map(|pin| store::pin(cx, me, pin)).collect();
    written.into_iter().fold(Ok(()), both)?;
    Ok(answer(me, &pins, &skipped))
}

/// `unpin`: forgets a pin. One that is not there is fine.
pub fn unpin(cx: &Context, call: &FlexCall) -> Result<Response> {
    let me = identity(&call.agent)?;
    let name = call.params.text("conversation")?;
    store::unpin(cx, me, part_in(me, name)?)?;
    Ok(Response::success())
}

/// The other agent of a chat that is the agent's own.
fn part_in<'a>(me: &str, name: &'a str) -> Result<&'a str> {
    let other =
        other_of(me, name).ok_or_else(|| Error::forbidden("You take no part in this chat."))?;
    let pin = Pin { time: u64::MAX, other: other.to_owned() };
    if pin.fits() { Ok(other) } else { Err(Error::bad("conversation", "is no chat's name")) }
}

fn answer(me: &str, pins: &[Pin], skipped: &[String]) -> Response {
    let names: Vec<String> = pins.iter().map(|pin| chat_name(me, &pin.other)).collect();
    let body = json::object()
        .flag("success", true)
        .texts("pins", names.iter().map(String::as_str))
        .texts("skipped", skipped.iter().map(String::as_str))
        .end();
    Response::json(200, body)
}
