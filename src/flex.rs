//! Who is calling, and what they may.

pub mod access;
pub mod agent;
pub mod attributes;
pub mod caller;
pub mod chat;
pub mod ring;
pub mod signature;
mod tokens;
