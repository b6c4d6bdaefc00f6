//! Flex's webchats: <https://www.twilio.com/docs/flex/developer/conversations/webchat>.

use serde::Deserialize;

use super::Twilio;
use crate::base::error::Result;
use crate::base::json;
use crate::base::sid::ConversationSid;

/// What the agents see of where a chat comes from; the sample server has the same.
const CHAT_NAME: &str = "Webchat widget";

/// A chat that has been made.
#[derive(Clone, Debug, Deserialize)]
pub struct WebChat {
    /// `CH…`
    pub conversation_sid: ConversationSid,
    /// The visitor's identity.
    pub identity: String,
}

impl Twilio<'_> {
    /// CreateWebChannel: a new conversation of webchat's address, with a visitor in it. Without
    /// an identity Twilio makes one up.
    pub async fn create_webchat(
        self,
        name: &str,
        identity: Option<&str>,
        engagement: &str,
    ) -> Result<WebChat> {
        let address = self.cx.config().webchat_address()?.to_string();
        let mut fields = vec![
            ("AddressSid", address.as_str()),
            ("ChatFriendlyName", CHAT_NAME),
            ("CustomerFriendlyName", name),
            ("PreEngagementData", engagement),
        ];
        fields.extend(identity.map(|identity| ("Identity", identity)));
        let url = self.url("flex-api", "/v2/WebChats");
        json::read(&self.create(url, &fields).await?.body)
    }
}
