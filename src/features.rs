//! The features, one file each; none knows of another.

pub mod inbound;
pub mod internal_chat;
pub mod parked;
pub mod voice;
pub mod workspace;
