//! The service, called as the world calls it, against a Twilio that follows a script.

mod helpers;
mod internal_call;
mod internal_chat;
mod requests;
mod routes;
mod signature;
mod support;
