//! Conversations: <https://www.twilio.com/docs/conversations/api>.

use super::{Api, Page, Twilio, object, unexpected};
use crate::date;
use crate::error::Result;
use crate::json::{self, Object};
use crate::params::encode;
use crate::runtime::Answer;
use crate::sid::Sid;

const ALL: &str = "/v1/Conversations";

/// A conversation: <https://www.twilio.com/docs/conversations/api/conversation-resource>.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// `CH…`
    pub sid: Sid,
    /// The name that no other conversation has, or nothing.
    pub unique_name: String,
    /// The attributes, a JSON object as text.
    pub attributes: String,
    /// `initializing`, `active`, `inactive` or `closed`.
    pub state: String,
    /// When it was last changed, in milliseconds since 1970.
    pub updated: Option<u64>,
}

impl Conversation {
    /// Reads a conversation.
    pub fn read(text: &str) -> Result<Self> {
        let conversation = object(text)?;
        Ok(Self {
            sid: Sid::member(&conversation, "sid", "CH").ok_or_else(unexpected)?,
            unique_name: conversation.text_or_empty("unique_name"),
            attributes: conversation.text_or_empty("attributes"),
            state: conversation.text_or_empty("state"),
            updated: conversation.text("date_updated").and_then(|date| date::from_iso(&date)),
        })
    }
}

impl Twilio<'_> {
    /// FetchConversation by SID or unique name.
    pub fn conversation(self, name: &str) -> Result<Answer> {
        self.get(Api::Conversations, &[ALL, "/", &encode(name)])
    }

    /// CreateConversation with a unique name: Twilio refuses a second one, so it may be
    /// repeated.
    pub fn create_conversation(self, fields: &[(&str, &str)]) -> Result<Answer> {
        self.post(Api::Conversations, &[ALL], fields)
    }

    /// UpdateConversation.
    pub fn update_conversation(self, sid: &Sid, fields: &[(&str, &str)]) -> Result<Answer> {
        self.post(Api::Conversations, &[ALL, "/", sid.as_str()], fields)
    }

    /// ListConversation: the page at this path.
    pub fn conversations_page(self, path: &str) -> Result<Page> {
        self.page(Api::Conversations, &[path], "conversations")
    }

    /// CreateConversationParticipant: an agent. Twilio refuses one who is in it already, so
    /// it may be repeated.
    pub fn add_member(self, sid: &Sid, identity: &str) -> Result<Answer> {
        self.post(
            Api::Conversations,
            &[ALL, "/", sid.as_str(), "/Participants"],
            &[("Identity", identity)],
        )
    }

    /// ListConversationParticipant: the identities of those who chat; an empty one for who
    /// writes from a telephone or the like.
    pub fn conversation_participants(self, sid: &Sid) -> Result<Vec<String>> {
        let path = [ALL, "/", sid.as_str(), "/Participants?PageSize=100"];
        let page = self.page(Api::Conversations, &path, "participants")?;
        let mut identities = Vec::with_capacity(page.items.len());
        for text in &page.items {
            let participant = Object::parse(text).unwrap_or_default();
            let is_agent = participant.raw("messaging_binding").is_none();
            identities.push(participant.text("identity").filter(|_| is_agent).unwrap_or_default());
        }
        Ok(identities)
    }

    /// ListConversationMessage: when the newest one was written.
    pub fn newest_message(self, sid: &Sid) -> Result<Option<u64>> {
        let path = [ALL, "/", sid.as_str(), "/Messages?Order=desc&PageSize=1"];
        let page = self.page(Api::Conversations, &path, "messages")?;
        let Some(newest) = page.items.first() else { return Ok(None) };
        // A message whose date cannot be read counts as just written.
        let date = json::at(newest, &["date_created"]).and_then(|date| date::from_iso(&date));
        Ok(Some(date.unwrap_or(u64::MAX)))
    }

    /// FetchConversation: its attributes.
    pub fn conversation_attributes(self, sid: &Sid) -> Result<String> {
        json::at(&self.conversation(sid.as_str())?.body, &["attributes"]).ok_or_else(unexpected)
    }

    /// FetchConversationParticipant, by identity.
    pub fn conversation_member(self, sid: &Sid, identity: &str) -> Result<Answer> {
        self.get(Api::Conversations, &[ALL, "/", sid.as_str(), "/Participants/", &encode(identity)])
    }
}
