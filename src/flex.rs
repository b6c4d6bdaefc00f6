//! Who is calling, and what they may.

pub mod access;
pub mod attributes;
pub mod caller;
pub mod chat;
pub mod signature;
mod tokens;
