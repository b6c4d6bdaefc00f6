//! Who is calling, and what they may.

pub mod access;
pub mod agent;
pub mod alarm;
pub mod attributes;
pub mod caller;
pub mod chat;
pub mod customer;
pub mod hang_up;
pub mod inherited;
pub mod native_call;
pub mod parked;
pub mod ring;
pub mod seal;
pub mod signature;
mod tokens;
pub mod verified;
pub mod visitor;
