//! How a chat between agents is told from other conversations: by its unique name and its mark.

use serde::Serialize;

use crate::base::error::{Error, Result};
use crate::base::members::Members;
use crate::flex::agent::Agent;
use crate::twilio::conversations::Conversation;

/// The mark of a chat between agents, by which the plugin finds it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    internal_chat: &'static str,
}

pub const MARK: Mark = Mark { internal_chat: "internalChat" };

/// Whether a conversation bears the mark, whatever its value.
pub fn is_marked(conversation: &Conversation) -> bool {
    let attributes = conversation.attributes().ok().and_then(Members::parse_attributes);
    attributes.is_some_and(|members| members.get("internalChat").is_some_and(|mark| mark != "null"))
}

/// The agent's own identity.
pub fn identity(agent: &Agent) -> Result<&str> {
    if is_identity(agent.identity()) {
        Ok(agent.identity())
    } else {
        Err(Error::forbidden("This token's identity cannot chat."))
    }
}

/// Whether this can be an agent's identity. Flex encodes all but letters and digits; what
/// is refused here would make names ambiguous or break a worker expression.
pub fn is_identity(text: &str) -> bool {
    (1..=512).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || matches!(c, '+' | '"' | '\\'))
}

/// The unique name of two agents' chat, sorted as JavaScript sorts.
pub fn chat_name(one: &str, other: &str) -> String {
    let is_sorted = one.encode_utf16().le(other.encode_utf16());
    let (first, last) = if is_sorted { (one, other) } else { (other, one) };
    [first, "+", last].concat()
}

/// The other agent of the chat with this name; nothing when `me` is not the one.
pub fn other_of<'a>(me: &str, name: &'a str) -> Option<&'a str> {
    let first = name.strip_prefix(me).and_then(|rest| rest.strip_prefix('+'));
    let last = name.strip_suffix(me).and_then(|rest| rest.strip_suffix('+'));
    let is_other = |other: &&str| !other.is_empty() && *other != me && chat_name(me, other) == name;
    first.filter(is_other).or(last.filter(is_other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_both_identities_sorted_as_javascript_sorts() {
        assert_eq!(chat_name("bob", "alice"), "alice+bob");
        assert_eq!(chat_name("alice", "bob"), "alice+bob");
        assert_eq!(chat_name("ann", "ann_40x"), "ann+ann_40x");
        // UTF-16 puts what needs two units before U+FFxx, UTF-8 behind it.
        assert_eq!(chat_name("\u{ff21}", "👋"), "👋+\u{ff21}");
    }

    #[test]
    fn the_other_agent_is_who_remains() {
        for (me, name, other) in [
            ("alice", "alice+bob", Some("bob")),
            ("bob", "alice+bob", Some("alice")),
            ("alice", "bob+alice", None),
            ("alice", "alice+alice", None),
            ("alice", "alice+", None),
            ("alice", "+alice", None),
            ("alice", "alicebob", None),
            ("carol", "alice+bob", None),
            ("ali", "alice+bob", None),
            ("alice", "alice+b+ob", Some("b+ob")),
            ("m%", "m%+ü 100%", Some("ü 100%")),
        ] {
            assert_eq!(other_of(me, name), other, "{me} in {name}");
        }
    }
}
