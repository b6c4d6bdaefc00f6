//! Agents chat with each other.
//!
//! A chat is a Twilio conversation whose unique name is both identities, sorted and joined
//! by `+`, with the attribute `internalChat`: that is how the plugin makes and finds it in
//! the browser.

mod cleanup;
mod directory;
mod name;
mod open;
mod pins;
mod store;

pub use cleanup::{Report, clean_up};
pub use directory::list_agents;
pub use open::open;
pub use pins::{list_pins, pin, unpin};
