//! The messages of a conversation:
//! <https://www.twilio.com/docs/conversations/api/conversation-message-resource>.

use serde::Deserialize;

use crate::base::date::{self, Millis};
use crate::base::error::Result;
use crate::base::runtime::Call;
use crate::base::sid::{ConversationSid, MemberSid, Sid as _};
use crate::twilio::{Retry, Twilio};

/// A message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// Who has written it: an identity, an address, a name.
    pub author: Option<String>,
    /// What.
    pub body: Option<String>,
    /// The same as a participant.
    pub participant_sid: Option<MemberSid>,
    /// When it was written.
    #[serde(default, deserialize_with = "date::optional")]
    pub date_created: Option<Millis>,
}

/// Whether webhooks are told of a message that was written over REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhooks {
    /// As of one that somebody has typed.
    Told,
    /// They are not.
    Silent,
}

impl Twilio<'_> {
    /// CreateConversationMessage. Each time it takes effect there is another message.
    pub async fn create_message(
        self,
        conversation: &ConversationSid,
        author: &str,
        body: &str,
        webhooks: Webhooks,
    ) -> Result<()> {
        let url = self.conversation_url(conversation.as_str(), "/Messages");
        let call = self.call("POST", url, &[("Author", author), ("Body", body)]);
        let call = Call { with_webhooks: webhooks == Webhooks::Told, ..call };
        self.send(call, Retry::Never).await.map(drop)
    }

    /// ListConversationMessage: the newest ones.
    pub async fn newest_messages(self, conversation: &ConversationSid) -> Result<Vec<Message>> {
        let rest = "/Messages?Order=desc&PageSize=50";
        self.list(self.conversation_url(conversation.as_str(), rest), "messages", 1).await
    }
}
