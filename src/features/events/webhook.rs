//! What all that is done about an event has in common.

use std::time::Duration;

/// The name in the log of what goes on behind the answer.
pub const NAME: &str = "/taskrouter/events";
/// How long what came of an event is remembered.
pub const REMEMBER: Duration = Duration::from_hours(24);
