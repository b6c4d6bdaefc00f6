//! Conversations: <https://www.twilio.com/docs/conversations/api>.

mod messages;
mod webhooks;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use messages::{Message, Webhooks};
pub use webhooks::ConversationWebhook;

use super::{Page, Twilio};
use crate::base::date::{self, Millis};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::members::{lenient, view};
use crate::base::sid::{ConversationSid, MemberSid};
use crate::base::text::encode;

/// A conversation: <https://www.twilio.com/docs/conversations/api/conversation-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct Conversation {
    /// `CH…`
    pub sid: ConversationSid,
    /// The name that no other conversation has.
    pub unique_name: Option<String>,
    /// The attributes, a JSON object as text.
    attributes: Option<String>,
    /// Whether it is going on.
    pub state: Option<ConversationState>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "date::optional")]
    pub date_updated: Option<Millis>,
}

/// Whether a conversation is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationState {
    /// It is being made.
    Initializing,
    /// It is going on.
    Active,
    /// It rests.
    Inactive,
    /// It is over, for ever.
    Closed,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

impl Conversation {
    /// The attributes as text.
    pub fn attributes(&self) -> Result<&str> {
        self.attributes.as_deref().ok_or_else(|| Error::unreadable("attributes"))
    }

    /// The attributes as a view.
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> T {
        view(self.attributes.as_deref().unwrap_or_default())
    }
}

/// A conversation as it is listed for somebody who is in it:
/// <https://www.twilio.com/docs/conversations/api/participant-conversation-resource>.
#[derive(Deserialize)]
struct Joined {
    conversation_sid: ConversationSid,
    conversation_state: ConversationState,
}

/// Somebody in a conversation:
/// <https://www.twilio.com/docs/conversations/api/conversation-participant-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// `MB…`
    pub sid: Option<MemberSid>,
    /// Who chats.
    pub identity: Option<String>,
    /// By what they write otherwise: a telephone number or the like.
    pub messaging_binding: Option<Box<RawValue>>,
    attributes: Option<String>,
}

/// What binds somebody to a conversation who does not chat.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Binding {
    /// `whatsapp:+15551230001`, `+15551230001`, …
    #[serde(deserialize_with = "lenient")]
    pub address: Option<String>,
}

impl Member {
    /// The identity of somebody who chats; nothing for who writes from a telephone.
    #[must_use]
    pub fn chatter(&self) -> Option<&str> {
        let binding = self.messaging_binding.as_ref().filter(|binding| binding.get() != "null");
        self.identity.as_deref().filter(|_| binding.is_none())
    }

    /// The address of somebody who does not chat.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        view::<Binding>(self.messaging_binding.as_ref()?.get()).address
    }

    /// The attributes as a view.
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> T {
        view(self.attributes.as_deref().unwrap_or_default())
    }
}

impl Twilio<'_> {
    /// The URL of a conversation, by SID or unique name, and what is below it.
    fn conversation_url(self, name: &str, rest: &str) -> String {
        self.url("conversations", format_args!("/v1/Conversations/{}{rest}", encode(name)))
    }

    /// FetchConversation by SID or unique name.
    pub async fn conversation(self, name: &str) -> Result<Conversation> {
        json::read(&self.get(self.conversation_url(name, "")).await?.body)
    }

    /// CreateConversation with a unique name: Twilio refuses a second one, so it may be
    /// repeated.
    pub async fn create_conversation(self, fields: &[(&str, &str)]) -> Result<Conversation> {
        let url = self.url("conversations", "/v1/Conversations");
        json::read(&self.post(url, fields).await?.body)
    }

    /// UpdateConversation.
    pub async fn update_conversation(
        self,
        sid: &ConversationSid,
        fields: &[(&str, &str)],
    ) -> Result<()> {
        self.post(self.conversation_url(&sid.to_string(), ""), fields).await.map(drop)
    }

    /// The first page of all conversations in this state.
    #[must_use]
    pub fn conversations_url(self, state: &str) -> String {
        self.url("conversations", format_args!("/v1/Conversations?State={state}&PageSize=100"))
    }

    /// ListConversation: the page at this URL, each conversation as Twilio has it.
    pub async fn conversations_page(self, url: String) -> Result<Page> {
        self.page(url, "conversations").await
    }

    /// CreateConversationParticipant: an agent. Twilio refuses one who is in it already, so
    /// it may be repeated.
    pub async fn add_member(self, sid: &ConversationSid, identity: &str) -> Result<()> {
        let url = self.conversation_url(&sid.to_string(), "/Participants");
        self.post(url, &[("Identity", identity)]).await.map(drop)
    }

    /// ListConversationParticipant.
    pub async fn members(self, sid: &ConversationSid) -> Result<Vec<Member>> {
        let url = self.conversation_url(&sid.to_string(), "/Participants?PageSize=100");
        self.list(url, "participants", 1).await
    }

    /// FetchConversationParticipant, by identity.
    pub async fn member(self, sid: &ConversationSid, identity: &str) -> Result<Member> {
        let rest = format!("/Participants/{}", encode(identity));
        json::read(&self.get(self.conversation_url(&sid.to_string(), &rest)).await?.body)
    }

    /// ListParticipantConversation: one that is not over of those in which this identity is.
    pub async fn open_conversation_of(self, identity: &str) -> Result<Option<ConversationSid>> {
        let rest = format!("?Identity={}&PageSize=50", encode(identity));
        let url = self.url("conversations", format_args!("/v1/ParticipantConversations{rest}"));
        let joined: Vec<Joined> = self.list(url, "conversations", 4).await?;
        let is_open = |joined: &Joined| joined.conversation_state != ConversationState::Closed;
        Ok(joined.into_iter().find(is_open).map(|joined| joined.conversation_sid))
    }

    /// ListConversationMessage: the newest one.
    pub async fn newest_message(self, sid: &ConversationSid) -> Result<Option<Message>> {
        let url = self.conversation_url(&sid.to_string(), "/Messages?Order=desc&PageSize=1");
        Ok(self.list(url, "messages", 1).await?.into_iter().next())
    }
}
