//! Flex Interactions: <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.
