//! Conversations change hands: transfer, leaving, and the attributes that plugins keep.

mod asked;
pub mod attributes;
mod earlier;
mod handover;
mod invites;
pub mod leave;
mod new_task;
pub mod transfer;
