//! The features, a sentence each.

/// Hold and other changes to a voice conference.
pub mod conference;
/// What works, and what is missing for the rest.
pub mod health;
/// One agent calls another inside Flex.
pub mod internal_call;
