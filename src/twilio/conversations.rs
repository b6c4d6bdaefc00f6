//! Conversations: <https://www.twilio.com/docs/conversations/api>.
