//! What is kept in Workers KV: every key, what stands there, and for how long.
//!
//! | key | value | metadata | lifetime |
//! |---|---|---|---|
//! | `pin/<identity>/<other identity>` | nothing | time, blank, other identity | until unpinned |
//! | `clean-up` | a [`Place`], a line each | none | until the next run |
//!
//! Identities are percent-encoded in keys, and hashed when that gets long: KV takes 512
//! bytes. A pin is found from both sides without asking who has pinned what: a chat can be
//! pinned by its two agents only.

use sha2::{Digest as _, Sha256};

use crate::Context;
use crate::auth::hex;
use crate::error::Result;
use crate::json;
use crate::params::encode;

/// KV's limit on metadata, in bytes of JSON.
const MAX_METADATA: usize = 1024;
/// The longest that an identity may be in a key; two of them and `pin/` fit into 512.
const MAX_PART: usize = 250;
const CLEAN_UP: &str = "clean-up";

/// A chat that an agent has pinned.
pub struct Pin {
    /// Milliseconds since 1970.
    pub time: u64,
    /// The identity of the other agent.
    pub other: String,
}

impl Pin {
    /// What stands in the key's metadata.
    fn metadata(&self) -> String {
        [&self.time.to_string(), " ", &self.other].concat()
    }

    /// Whether KV can hold it. The bounds of an operation on its way to KV are control
    /// characters, so there can be none in it.
    #[must_use]
    pub fn fits(&self) -> bool {
        !self.other.chars().any(char::is_control)
            && json::quoted(&self.metadata()).len() <= MAX_METADATA
    }
}

/// An identity as a part of a key: what is encoded has no `#`.
#[must_use]
pub fn part(identity: &str) -> String {
    let encoded = encode(identity);
    if encoded.len() <= MAX_PART {
        return encoded;
    }
    ["#", &hex(&Sha256::digest(identity.as_bytes()))].concat()
}

fn pin_key(identity: &str, other: &str) -> String {
    ["pin/", &part(identity), "/", &part(other)].concat()
}

/// An agent's pins, the oldest first.
pub fn pins(cx: &Context, identity: &str) -> Result<Vec<Pin>> {
    let prefix = pin_key(identity, "");
    let (mut pins, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = cx.kv_list(&prefix, &cursor)?;
        for (_, metadata) in page.keys {
            if let Some((time, other)) = metadata.split_once(' ') {
                let pin = Pin { time: time.parse().unwrap_or_default(), other: other.to_owned() };
                let at = pins.partition_point(|known: &Pin| known.time <= pin.time);
                pins.insert(at, pin);
            }
        }
        match page.cursor {
            Some(next) => cursor = next,
            None => return Ok(pins),
        }
    }
}

/// Whether an agent has pinned the chat with `other`.
pub fn is_pinned(cx: &Context, identity: &str, other: &str) -> Result<bool> {
    Ok(cx.kv_get(&pin_key(identity, other))?.is_some())
}

/// Keeps a pin.
pub fn pin(cx: &Context, identity: &str, pin: &Pin) -> Result<()> {
    cx.kv_put(&pin_key(identity, &pin.other), "", &pin.metadata())
}

/// Forgets a pin.
pub fn unpin(cx: &Context, identity: &str, other: &str) -> Result<()> {
    cx.kv_delete(&pin_key(identity, other))
}

/// Where the clean-up goes on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path and query of the page; empty for the first one.
    pub page: String,
    /// The last conversation that was looked at there and stays.
    pub after: String,
    /// The one at which the last run failed.
    pub failed: String,
}

/// Reads where the clean-up goes on.
pub fn place(cx: &Context) -> Result<Place> {
    let text = cx.kv_get(CLEAN_UP)?.unwrap_or_default();
    let mut lines = text.split('\n').map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    Ok(Place { page: line(), after: line(), failed: line() })
}

/// Keeps where the clean-up goes on.
pub fn keep_place(cx: &Context, place: &Place) -> Result<()> {
    let text = [place.page.as_str(), &place.after, &place.failed].join("\n");
    cx.kv_put(CLEAN_UP, &text, "")
}
