//! What a feature cannot do without.

use super::{Config, Feature, Secret};
use crate::base::error::{Error, Result};
use crate::base::sid::{
    AccountSid, AddressSid, ApiKeySid, ApplicationSid, ConversationsServiceSid, WorkflowSid,
    WorkspaceSid,
};

impl Config {
    /// The settings that a feature lacks.
    #[must_use]
    pub fn missing(&self, feature: Feature) -> Vec<&'static str> {
        let settings = feature.settings().iter().copied();
        settings.filter(|name| !self.has(name)).collect()
    }

    fn has(&self, name: &str) -> bool {
        match name {
            "TWILIO_ACCOUNT_SID" => self.account.is_some(),
            "TWILIO_AUTH_TOKEN" => self.auth_token.is_some(),
            "TWILIO_API_KEY" | "TWILIO_API_SECRET" => self.api_key.is_some(),
            "TWILIO_FLEX_WORKSPACE_SID" => self.workspace.is_some(),
            "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID" => self.internal_call_workflow.is_some(),
            "TWILIO_FLEX_INTERNAL_CALL_APP_SID" => self.internal_call_app.is_some(),
            "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID" => self.chat_transfer_workflow.is_some(),
            "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID" => self.outbound_workflow.is_some(),
            "TWILIO_FLEX_INBOUND_WORKFLOW_SID" => self.inbound_workflow.is_some(),
            "TWILIO_CONVERSATIONS_SERVICE_SID" => self.conversations_service.is_some(),
            "TWILIO_WEBCHAT_ADDRESS_SID" => self.webchat_address.is_some(),
            "ALLOWED_ORIGINS" => !self.allowed_origins.is_empty(),
            _ => false,
        }
    }

    /// Whether somebody has begun to set a feature up that cannot work yet.
    #[must_use]
    pub fn is_begun(&self, feature: Feature) -> bool {
        let own = feature.own_settings();
        let telling = if own.is_empty() { feature.settings() } else { own };
        let is_invalid = |name: &str| self.invalid.iter().any(|(known, _)| *known == name);
        let is_wanted = telling.iter().any(|name| self.has(name) || is_invalid(name));
        is_wanted && !self.missing(feature).is_empty()
    }

    /// Fails, with all the names, when a feature lacks settings.
    pub fn require(&self, feature: Feature) -> Result<()> {
        let missing = self.missing(feature);
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::NotConfigured { feature: feature.name(), missing }.into())
    }

    /// The account.
    pub fn account(&self) -> Result<&AccountSid> {
        set(self.account.as_ref(), Feature::Twilio, "TWILIO_ACCOUNT_SID")
    }

    /// The API key and its secret.
    pub fn api_key(&self) -> Result<&(ApiKeySid, Secret)> {
        set(self.api_key.as_ref(), Feature::Webchat, "TWILIO_API_KEY")
    }

    /// The TaskRouter workspace.
    pub fn workspace(&self) -> Result<&WorkspaceSid> {
        set(self.workspace.as_ref(), Feature::Helpers, "TWILIO_FLEX_WORKSPACE_SID")
    }

    /// The workflow of the called agent's task.
    pub fn internal_call_workflow(&self) -> Result<&WorkflowSid> {
        let name = "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID";
        set(self.internal_call_workflow.as_ref(), Feature::InternalCall, name)
    }

    /// The TwiML application of agent-to-agent calls that Flex runs by itself.
    pub fn internal_call_app(&self) -> Result<&ApplicationSid> {
        let name = "TWILIO_FLEX_INTERNAL_CALL_APP_SID";
        set(self.internal_call_app.as_ref(), Feature::NativeInternalCall, name)
    }

    /// The workflow of transfers.
    pub fn chat_transfer_workflow(&self) -> Result<&WorkflowSid> {
        let name = "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID";
        set(self.chat_transfer_workflow.as_ref(), Feature::ConversationTransfer, name)
    }

    /// The workflow of dialled calls.
    pub fn outbound_workflow(&self) -> Result<&WorkflowSid> {
        set(self.outbound_workflow.as_ref(), Feature::Dial, "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID")
    }

    /// The workflow of conversations that come in.
    pub fn inbound_workflow(&self) -> Result<&WorkflowSid> {
        set(self.inbound_workflow.as_ref(), Feature::Inbound, "TWILIO_FLEX_INBOUND_WORKFLOW_SID")
    }

    /// Where a customer goes whom nobody took.
    pub fn fallback_workflow(&self) -> Result<&WorkflowSid> {
        self.fallback_workflow.as_ref().map_or_else(|| self.inbound_workflow(), Ok)
    }

    /// The Flex chat service.
    pub fn conversations_service(&self) -> Result<&ConversationsServiceSid> {
        set(
            self.conversations_service.as_ref(),
            Feature::Webchat,
            "TWILIO_CONVERSATIONS_SERVICE_SID",
        )
    }

    /// The address of webchat.
    pub fn webchat_address(&self) -> Result<&AddressSid> {
        set(self.webchat_address.as_ref(), Feature::Webchat, "TWILIO_WEBCHAT_ADDRESS_SID")
    }
}

fn set<'a, T>(value: Option<&'a T>, feature: Feature, name: &'static str) -> Result<&'a T> {
    let missing = || Error::NotConfigured { feature: feature.name(), missing: vec![name] };
    value.ok_or_else(|| missing().into())
}
