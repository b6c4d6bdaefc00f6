//! Conversations are parked: the agent goes, and the customer's next message, or the agent,
//! brings the conversation back.
//!
//! What is needed for that stands in the conversation's attributes under one key of ours,
//! sealed ([`crate::flex::parked`]): others can write there.

mod back;
mod left;
mod list;
mod park;
mod sweep;
mod turn;
mod unpark;
mod webhook;
mod written;

pub use list::list;
pub use park::park;
pub use sweep::{Report, sweep};
pub use unpark::by_agent;
pub use written::{again, by_message};
