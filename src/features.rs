//! The features, one file each; none knows of another.

pub mod conversations;
pub mod dial;
pub mod events;
pub mod inbound;
pub mod internal_chat;
pub mod native_call;
pub mod parked;
pub mod voice;
pub mod webchat;
pub mod workspace;
