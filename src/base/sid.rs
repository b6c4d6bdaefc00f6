//! SIDs, one type per kind: two letters that say what it names, and 32 hexadecimal digits.

use std::fmt;
use std::rc::Rc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What all kinds of SIDs have in common.
pub trait Sid: Sized {
    /// The two letters: `WT`, `CA`, …
    const PREFIX: &'static str;

    /// Reads a SID of this kind.
    fn parse(text: &str) -> Option<Self>;

    /// The text. It needs no encoding in a URL.
    fn as_str(&self) -> &str;
}

fn is_sid(prefix: &str, text: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether the text has the shape of a SID of any kind.
#[must_use]
pub fn is_any(text: &str) -> bool {
    let prefix = text.get(..2).unwrap_or_default();
    prefix.bytes().all(|b| b.is_ascii_uppercase()) && is_sid(prefix, text)
}

macro_rules! sids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Rc<str>);

        impl Sid for $name {
            const PREFIX: &'static str = $prefix;

            fn parse(text: &str) -> Option<Self> {
                is_sid(Self::PREFIX, text).then(|| Self(text.into()))
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| D::Error::custom(concat!("is not a ", $prefix, "… SID")))
            }
        }
    )*};
}

sids! {
    /// An account.
    AccountSid "AC",
    /// An API key.
    ApiKeySid "SK",
    /// A TaskRouter workspace.
    WorkspaceSid "WS",
    /// A TaskRouter workflow.
    WorkflowSid "WW",
    /// A TaskRouter queue.
    QueueSid "WQ",
    /// A TaskRouter worker.
    WorkerSid "WK",
    /// A channel of a worker.
    WorkerChannelSid "WC",
    /// A task.
    TaskSid "WT",
    /// A reservation.
    ReservationSid "WR",
    /// A call, or one leg of it.
    CallSid "CA",
    /// A voice conference.
    ConferenceSid "CF",
    /// A TwiML application.
    ApplicationSid "AP",
    /// An interaction.
    InteractionSid "KD",
    /// A channel of an interaction.
    ChannelSid "UO",
    /// A participant of an interaction's channel.
    ParticipantSid "UT",
    /// An invite to an interaction's channel.
    InviteSid "KG",
    /// A conversation.
    ConversationSid "CH",
    /// A message of a conversation.
    MessageSid "IM",
    /// A participant of a conversation.
    MemberSid "MB",
    /// A webhook of a conversation.
    WebhookSid "WH",
    /// A Conversations (chat) service.
    ConversationsServiceSid "IS",
    /// A Sync service.
    SyncServiceSid "IS",
    /// A Conversations address.
    AddressSid "IG",
}

#[cfg(test)]
mod tests {
    use super::{ConferenceSid, Sid as _, TaskSid, is_any};

    #[test]
    fn a_sid_is_its_prefix_and_32_hexadecimal_digits() {
        let good = "WT0123456789abcdefABCDEF0123456789";
        assert_eq!(TaskSid::parse(good).unwrap().as_str(), good);
        assert!(is_any(good));
        assert!(ConferenceSid::parse(good).is_none());
        for bad in [
            "",
            "WT",
            "CF0123456789abcdefABCDEF0123456789",
            "WT0123456789abcdefABCDEF012345678",
            "WT0123456789abcdefABCDEF01234567890",
            "WT0123456789abcdefABCDEF012345678g",
            "WT0123456789abcdefABCDEF01234567/9",
            "wt0123456789abcdefABCDEF0123456789",
            "WT0123456789abcdefABCDEF01234567é",
        ] {
            assert_eq!(TaskSid::parse(bad), None, "{bad}");
        }
    }
}
