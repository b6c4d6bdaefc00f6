#![doc = include_str!("../README.md")]

pub mod app;
pub mod base;
#[cfg(target_arch = "wasm32")]
mod cloudflare;
pub mod features;
pub mod flex;
pub mod once;
pub mod twilio;

pub use app::App;
