//! The features, one file each; none knows of another.

pub mod conversations;
pub mod dial;
pub mod internal_chat;
pub mod voice;
pub mod workspace;
