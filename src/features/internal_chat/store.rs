//! What is kept in Workers KV: every key, what stands there, and for how long.
//!
//! | key | value | metadata | lifetime |
//! |---|---|---|---|
//! | `pin/<identity>/<other identity>` | nothing | time, blank, other identity | until unpinned |
//! | `clean-up` | a [`Place`] as JSON | none | until the next run |
//!
//! Identities are percent-encoded in keys, and hashed when that gets long: KV takes 512
//! bytes. A pin is found from both sides without asking who has pinned what: a chat can be
//! pinned by its two agents only.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::text::encode;

/// KV's limit on metadata, in bytes of JSON.
const MAX_METADATA: usize = 1024;
/// The longest that an identity may be in a key; two of them and `pin/` fit into 512.
const MAX_PART: usize = 250;
const CLEAN_UP: &str = "clean-up";

/// A chat that an agent has pinned.
pub struct Pin {
    /// When.
    pub time: Millis,
    /// The identity of the other agent.
    pub other: String,
}

impl Pin {
    /// What stands in the key's metadata.
    fn metadata(&self) -> String {
        format!("{} {}", self.time, self.other)
    }

    fn read(metadata: &str) -> Result<Self> {
        let (time, other) = metadata.split_once(' ').unwrap_or_default();
        let time = time.parse().map_err(|_| Error::internal("a pin's metadata is unreadable"))?;
        Ok(Self { time, other: other.to_owned() })
    }

    /// Whether KV can hold it. A page of keys comes as lines, so there can be no line's end
    /// in it.
    #[must_use]
    pub fn fits(&self) -> bool {
        !self.other.chars().any(char::is_control)
            && json::write(&self.metadata()).len() <= MAX_METADATA
    }
}

/// An identity as a part of a key: what is encoded has no `#`.
#[must_use]
pub fn part(identity: &str) -> String {
    let encoded = encode(identity);
    if encoded.len() <= MAX_PART {
        return encoded;
    }
    format!("#{}", hex::encode(Sha256::digest(identity)))
}

fn pin_key(identity: &str, other: &str) -> String {
    format!("pin/{}/{}", part(identity), part(other))
}

/// An agent's pins, the oldest first.
pub async fn pins(cx: &Context, identity: &str) -> Result<Vec<Pin>> {
    let keys = cx.kv_keys(&pin_key(identity, ""), usize::MAX).await?;
    let pins = keys.iter().map(|(_, metadata)| Pin::read(metadata));
    let mut pins = pins.collect::<Result<Vec<Pin>>>()?;
    pins.sort_by_key(|pin| pin.time);
    Ok(pins)
}

/// Whether an agent has pinned the chat with `other`.
pub async fn is_pinned(cx: &Context, identity: &str, other: &str) -> Result<bool> {
    Ok(cx.runtime().kv_get(&pin_key(identity, other)).await?.is_some())
}

/// Keeps a pin.
pub async fn pin(cx: &Context, identity: &str, pin: &Pin) -> Result<()> {
    cx.runtime().kv_put(&pin_key(identity, &pin.other), "", &pin.metadata(), None).await
}

/// Forgets a pin.
pub async fn unpin(cx: &Context, identity: &str, other: &str) -> Result<()> {
    cx.runtime().kv_delete(&pin_key(identity, other)).await
}

/// The two lists of a round of the clean-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// Open conversations.
    #[default]
    Active,
    /// Those that a timer has put to rest.
    Inactive,
}

impl List {
    /// The state of its conversations.
    #[must_use]
    pub fn state(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// Where the clean-up goes on.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The list.
    pub list: List,
    /// The URL of the page; none for the first one.
    pub page: Option<String>,
    /// The last conversation that was looked at there and stays.
    pub after: Option<String>,
    /// The one at which the last run failed.
    pub failed: Option<String>,
}

/// Reads where the clean-up goes on. What an older version has left is a new round.
pub async fn place(cx: &Context) -> Result<Place> {
    let text = cx.runtime().kv_get(CLEAN_UP).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Keeps where the clean-up goes on.
pub async fn keep_place(cx: &Context, place: &Place) -> Result<()> {
    cx.runtime().kv_put(CLEAN_UP, &json::write(place), "", None).await
}
