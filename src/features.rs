//! The features, a sentence each.

/// Calls by themselves: what is known of one, handing it over, and telephone numbers.
pub mod calls;
/// Who is added to a voice conference, held, muted, removed.
pub mod conference;
/// A conversation goes to another agent or to a queue.
pub mod conversation_transfer;
/// Calling the customer from a chat.
pub mod dial;
/// What works, and what is missing for the rest.
pub mod health;
/// One agent calls another inside Flex.
pub mod internal_call;
/// Agents chat with each other: pins, the directory, opening, clean-up.
pub mod internal_chat;
/// Queues, workers' channels and attributes, tasks.
pub mod workspace;
