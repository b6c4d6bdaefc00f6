//! Pins: the chats that an agent keeps on top, on every device.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::name::{chat_name, identity, other_of};
use super::store::{self, Pin};
use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::flex::agent::Agent;

/// An agent can pin as many.
const MOST_PINS: usize = 100;

/// What `list-pins` takes: nothing.
#[derive(Deserialize)]
pub struct ListPins {}

/// What `list-pins` and `pin` answer: names of chats.
#[derive(Serialize)]
pub struct Pins {
    pins: Vec<String>,
    /// Those of a list that were left out.
    skipped: Vec<String>,
}

impl Pins {
    fn of(me: &str, pins: &[Pin], skipped: Vec<String>) -> Done<Self> {
        let pins = pins.iter().map(|pin| chat_name(me, &pin.other)).collect();
        Done::with(Self { pins, skipped })
    }
}

/// `list-pins`: the names of the chats that the agent has pinned, the oldest pin first.
pub async fn list_pins(cx: &Context, agent: &Agent, _: ListPins) -> Result<Done<Pins>> {
    let me = identity(agent)?;
    Ok(Pins::of(me, &store::pins(cx, me).await?, Vec::new()))
}

/// What `pin` takes: one name, or those that an agent brings along from a browser.
#[derive(Deserialize)]
pub struct PinChats {
    conversation: Option<String>,
    conversations: Option<Vec<String>>,
}

/// `pin`: pins a chat, or those of a list.
///
/// Whoever is pinned already keeps their place. Of a list, what is not the agent's chat or
/// is too much is left out and named: a browser's list may be that of several agents.
pub async fn pin(cx: &Context, agent: &Agent, ask: PinChats) -> Result<Done<Pins>> {
    let me = identity(agent)?;
    let (names, is_list) = match (ask.conversation, ask.conversations) {
        (Some(name), _) => (vec![name], false),
        (None, Some(names)) => (names, true),
        (None, None) => return Err(Error::bad("conversation", "is missing")),
    };
    if !is_list {
        names.iter().try_for_each(|name| part_in(me, name).map(drop))?;
    }
    let mut pins = store::pins(cx, me).await?;
    let known = pins.len();
    let mut skipped = Vec::new();
    for (name, time) in names.into_iter().zip(cx.started()..) {
        let other = part_in(me, &name).map(str::to_owned).ok();
        if pins.iter().any(|pin| Some(&pin.other) == other.as_ref()) {
            continue;
        }
        match other.filter(|_| pins.len() < MOST_PINS) {
            Some(other) => pins.push(Pin { time, other }),
            None => skipped.push(name),
        }
    }
    if !is_list && !skipped.is_empty() {
        let refused = Error::refused(422, "At most 100 chats can be pinned.");
        return Err(refused.with("limit", MOST_PINS));
    }
    let writes = pins.iter().skip(known).map(|pin| store::pin(cx, me, pin));
    join_all(writes).await.into_iter().collect::<Result<()>>()?;
    Ok(Pins::of(me, &pins, skipped))
}

/// What `unpin` takes.
#[derive(Deserialize)]
pub struct Unpin {
    conversation: String,
}

/// `unpin`: forgets a pin. One that is not there is fine.
pub async fn unpin(cx: &Context, agent: &Agent, ask: Unpin) -> Result<Done<Nothing>> {
    let me = identity(agent)?;
    store::unpin(cx, me, part_in(me, &ask.conversation)?).await?;
    Ok(done())
}

/// The other agent of a chat that is the agent's own.
fn part_in<'a>(me: &str, name: &'a str) -> Result<&'a str> {
    let other =
        other_of(me, name).ok_or_else(|| Error::forbidden("You take no part in this chat."))?;
    let pin = Pin { time: u64::MAX, other: other.to_owned() };
    if pin.fits() { Ok(other) } else { Err(Error::bad("conversation", "is no chat's name")) }
}
