//! Conversations change hands: transfer, leaving, and the attributes that plugins keep.

pub mod attributes;
mod handover;
mod invites;
pub mod leave;
mod routing;
pub mod transfer;
