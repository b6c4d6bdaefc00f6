//! A conversation's own webhooks:
//! <https://www.twilio.com/docs/conversations/api/conversation-scoped-webhook-resource>.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base::error::{Result, unless_gone};
use crate::base::json;
use crate::base::members::{lenient, view};
use crate::base::sid::{ConversationSid, Sid as _, WebhookSid};
use crate::twilio::Twilio;

/// A webhook of one conversation.
#[derive(Clone, Debug, Deserialize)]
pub struct ConversationWebhook {
    /// `WH…`
    pub sid: WebhookSid,
    configuration: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    #[serde(deserialize_with = "lenient")]
    url: Option<String>,
}

impl ConversationWebhook {
    /// Where it calls.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        view::<Configuration>(self.configuration.as_ref()?.get()).url
    }
}

impl Twilio<'_> {
    /// CreateConversationScopedWebhook: has each new message told to `url`; answers the
    /// webhook as Twilio has it. A conversation can have five.
    pub async fn create_webhook(
        self,
        conversation: &ConversationSid,
        url: &str,
    ) -> Result<Box<RawValue>> {
        let fields = [
            ("Target", "webhook"),
            ("Configuration.Url", url),
            ("Configuration.Method", "post"),
            ("Configuration.Filters", "onMessageAdded"),
        ];
        let at = self.conversation_url(conversation.as_str(), "/Webhooks");
        json::read(&self.create(at, &fields).await?.body)
    }

    /// ListConversationScopedWebhook, each as Twilio has it.
    pub async fn webhooks(self, conversation: &ConversationSid) -> Result<Vec<Box<RawValue>>> {
        let at = self.conversation_url(conversation.as_str(), "/Webhooks?PageSize=5");
        self.list(at, "webhooks", 2).await
    }

    /// DeleteConversationScopedWebhook. One that is gone is fine.
    pub async fn delete_webhook(
        self,
        conversation: &ConversationSid,
        webhook: &WebhookSid,
    ) -> Result<()> {
        let rest = format!("/Webhooks/{webhook}");
        let deleted = self.delete(self.conversation_url(conversation.as_str(), &rest)).await;
        unless_gone(deleted).map(drop)
    }
}
