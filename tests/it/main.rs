//! The service, called as the world calls it, against a Twilio that follows a script.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::items_after_statements,
    reason = "tests may"
)]

mod calls;
mod conference;
mod dial;
mod direction;
mod events;
mod fixtures;
mod inbound;
mod internal_call;
mod internal_chat;
mod logs;
mod native_call;
mod parked;
mod phone_numbers;
mod requests;
mod routes;
mod signature;
mod support;
mod transfer;
mod webchat;
mod workspace;
