//! What the service can do, and which settings each part needs.

/// What the service can do, as far as its settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Answering Twilio's webhooks and asking Twilio anything at all.
    Twilio,
    /// One agent calls another.
    InternalCall,
    /// One agent calls another, and Flex runs the call by itself.
    NativeInternalCall,
    /// A conversation changes hands.
    ConversationTransfer,
    /// Hold, mute, add and remove in a conference; queues, channels, tasks and workers.
    Helpers,
    /// Calling the customer from a chat.
    Dial,
    /// Agents chat with each other.
    InternalChat,
    /// Conversations come in, are parked and come back.
    Inbound,
    /// Customers chat from a web page.
    Webchat,
}

const ACCOUNT: &str = "TWILIO_ACCOUNT_SID";
const TOKEN: &str = "TWILIO_AUTH_TOKEN";
const WORKSPACE: &str = "TWILIO_FLEX_WORKSPACE_SID";

impl Feature {
    /// All of them, in the order of `GET /health`.
    pub const ALL: [Self; 9] = [
        Self::Twilio,
        Self::InternalCall,
        Self::NativeInternalCall,
        Self::ConversationTransfer,
        Self::Helpers,
        Self::Dial,
        Self::InternalChat,
        Self::Inbound,
        Self::Webchat,
    ];

    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::InternalCall => "internal-call",
            Self::NativeInternalCall => "native-internal-call",
            Self::ConversationTransfer => "conversation-transfer",
            Self::Helpers => "helpers",
            Self::Dial => "dial",
            Self::InternalChat => "internal-chat",
            Self::Inbound => "inbound",
            Self::Webchat => "webchat",
        }
    }

    /// The settings that it cannot do without and that nothing else needs: one of them set
    /// tells that the feature is wanted. Empty: every installation has it.
    #[must_use]
    pub fn own_settings(self) -> &'static [&'static str] {
        match self {
            Self::Twilio | Self::Helpers | Self::InternalChat => &[],
            Self::InternalCall => &["TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID"],
            Self::NativeInternalCall => &["TWILIO_FLEX_INTERNAL_CALL_APP_SID"],
            Self::ConversationTransfer => &["TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID"],
            Self::Dial => &["TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"],
            Self::Inbound => &["TWILIO_FLEX_INBOUND_WORKFLOW_SID"],
            Self::Webchat => &["TWILIO_WEBCHAT_ADDRESS_SID"],
        }
    }

    /// The settings it cannot do without.
    #[must_use]
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Twilio => &[ACCOUNT, TOKEN],
            Self::InternalCall => {
                &[ACCOUNT, TOKEN, WORKSPACE, "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID"]
            }
            Self::NativeInternalCall => &[
                ACCOUNT,
                TOKEN,
                WORKSPACE,
                "TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID",
                "TWILIO_FLEX_INTERNAL_CALL_APP_SID",
            ],
            Self::ConversationTransfer => {
                &[ACCOUNT, TOKEN, WORKSPACE, "TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID"]
            }
            Self::Helpers | Self::InternalChat => &[ACCOUNT, TOKEN, WORKSPACE],
            Self::Dial => &[ACCOUNT, TOKEN, WORKSPACE, "TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"],
            Self::Inbound => &[ACCOUNT, TOKEN, WORKSPACE, "TWILIO_FLEX_INBOUND_WORKFLOW_SID"],
            Self::Webchat => &[
                ACCOUNT,
                TOKEN,
                "TWILIO_API_KEY",
                "TWILIO_API_SECRET",
                "TWILIO_CONVERSATIONS_SERVICE_SID",
                "TWILIO_WEBCHAT_ADDRESS_SID",
                "ALLOWED_ORIGINS",
            ],
        }
    }
}
