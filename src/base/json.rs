//! JSON read and written by serde.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::{Error, Result};

/// Reads JSON that somebody else has written; what cannot be read is an error that says where.
#[track_caller]
pub fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => Ok(value),
        Err(error) => Err(Error::unreadable(&place(&error))),
    }
}

/// The path of what could not be read, and the name of what is not there. What else serde
/// says may quote a value.
fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let problem = error.inner().to_string();
    let missing = problem.starts_with("missing field").then(|| problem.split(" at ").next());
    match missing.flatten() {
        Some(missing) => format!("{}: {missing}", error.path()),
        None => error.path().to_string(),
    }
}

/// Writes a value as JSON.
#[must_use]
pub fn write(value: &(impl Serialize + ?Sized)) -> String {
    // It fails for maps with keys that are no texts, and we have none.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Writes a value as JSON that goes into other JSON as it is.
#[must_use]
pub fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    RawValue::from_string(write(value)).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
