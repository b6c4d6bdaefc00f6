//! Attributes that are not the agents' to change.

use crate::base::error::{Error, Result};
use crate::base::members::Members;

/// Refuses an update of what is not the agent's to change; the same value again is none.
pub fn check_guarded(current: &str, update: &str, names: &[&str]) -> Result<()> {
    match guarded(current, update, names) {
        Some(name) => Err(Error::forbidden(&format!("Agents cannot change the attribute {name}."))),
        None => Ok(()),
    }
}

/// The first of these names that an update changes.
pub fn guarded<'n>(current: &str, update: &str, names: &[&'n str]) -> Option<&'n str> {
    let update = Members::parse(update).unwrap_or_default();
    let current = Members::parse_attributes(current).unwrap_or_default();
    let is_changed =
        |name: &&str| update.get(name).is_some_and(|new| current.get(name) != Some(new));
    names.iter().copied().find(is_changed)
}
