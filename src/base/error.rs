//! What can go wrong: who has to act, what status, what the caller may see.

use std::fmt::Write as _;
use std::panic::Location;

use serde_json::{Map, Value};

/// The result of everything that can fail here. Boxed: errors are rare and large, and every
/// `?` would carry their size.
pub type Result<T, E = Box<Error>> = std::result::Result<T, E>;

/// A failure, by who has to act on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `400`: a field is missing or cannot be read; the caller fixes it.
    #[error("{field}: {problem}")]
    BadRequest {
        /// The field, as the caller spells it.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `403`: no valid Twilio signature, no valid Flex token, or not the agent's to touch.
    #[error("{0}")]
    Forbidden(String),
    /// `404`: no such endpoint.
    #[error("There is no such endpoint.")]
    NotFound,
    /// `405`: the endpoint exists, but not for this method; the value of `Allow`.
    #[error("This endpoint takes {0}.")]
    MethodNotAllowed(&'static str),
    /// It cannot be done as things are: `409`, something is in the way; `422`, not with this;
    /// `502`, a part of it is done, and the same request again does the rest.
    #[error("{message}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Why, and what is done.
        message: String,
        /// More members of the answer: what the caller needs to know.
        details: Map<String, Value>,
    },
    /// `413`: the body is over the limit.
    #[error("The body is larger than 256 KiB.")]
    TooLarge,
    /// `429`: this caller has asked too often.
    #[error("Too many requests from this address.")]
    TooMany {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
    /// `503`: the same request is still being worked on; ask again.
    #[error("The same request is still being worked on.")]
    Busy,
    /// `500`: a setting is missing; the operator adds it.
    #[error("{feature} is not configured: {} missing.", missing.join(", "))]
    NotConfigured {
        /// What it is for.
        feature: &'static str,
        /// The settings' names.
        missing: Vec<&'static str>,
    },
    /// Twilio answered, and said no; see [`Error::status`].
    #[error("{message}")]
    Twilio {
        /// Twilio's status code.
        status: u16,
        /// Twilio's error code (<https://www.twilio.com/docs/api/errors>).
        code: Option<u64>,
        /// Twilio's message.
        message: String,
        /// Twilio's documentation page for the code.
        page: Option<String>,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// `504`: Twilio did not answer in time, or the connection broke.
    #[error("Twilio did not answer in time.")]
    Unreachable,
    /// `500`: Twilio's answer is not what its documentation promises. `place` is logged: the
    /// path of the member that could not be read, never its value.
    #[error("Something went wrong here.")]
    Unreadable {
        /// Where in the source it was noticed.
        at: &'static Location<'static>,
        /// The path of the member.
        place: String,
    },
    /// `500`: we are broken. `why` is logged, never sent.
    #[error("Something went wrong here.")]
    Internal {
        /// Where in the source it was noticed.
        at: &'static Location<'static>,
        /// What happened.
        why: String,
    },
}

impl Error {
    /// A field that is missing or cannot be read.
    #[must_use]
    pub fn bad(field: &str, problem: &str) -> Box<Self> {
        Self::BadRequest { field: field.to_owned(), problem: problem.to_owned() }.into()
    }

    /// Something of ours is broken.
    #[track_caller]
    #[must_use]
    pub fn internal(why: &str) -> Box<Self> {
        Self::Internal { at: Location::caller(), why: why.to_owned() }.into()
    }

    /// Twilio's answer lacks what its documentation promises.
    #[track_caller]
    #[must_use]
    pub fn unreadable(place: &str) -> Box<Self> {
        Self::Unreadable { at: Location::caller(), place: place.to_owned() }.into()
    }

    /// See [`Error::Refused`].
    #[must_use]
    pub fn refused(status: u16, message: &str) -> Box<Self> {
        Self::Refused { status, message: message.to_owned(), details: Map::new() }.into()
    }

    /// Adds a member to the answer of [`Error::Refused`].
    #[must_use]
    pub fn with(mut self: Box<Self>, name: &str, value: impl Into<Value>) -> Box<Self> {
        if let Self::Refused { details, .. } = &mut *self {
            details.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Not the caller's to ask for.
    #[must_use]
    pub fn forbidden(why: &str) -> Box<Self> {
        Self::Forbidden(why.to_owned()).into()
    }

    /// The status code of the answer.
    ///
    /// Twilio's refusals pass through when they are facts about the thing asked for. The
    /// rest is 502, so that our own bad credentials never look like the agent's.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::TooLarge => 413,
            Self::Refused { status, .. } => *status,
            Self::TooMany { .. } => 429,
            Self::Busy => 503,
            Self::Twilio { status, .. } => match status {
                400 | 404 | 409 | 412 | 422 | 429 | 503 => *status,
                _ => 502,
            },
            Self::Unreachable => 504,
            Self::NotConfigured { .. } | Self::Unreadable { .. } | Self::Internal { .. } => 500,
        }
    }

    /// Twilio says that the thing does not exist (any more).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Twilio { status: 404, .. } | Self::Twilio { code: Some(20404), .. })
    }

    /// Twilio says that there is one already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(
            self,
            Self::Twilio { status: 409, .. } | Self::Twilio { code: Some(50353 | 50437), .. }
        )
    }

    /// Twilio says that the conversation is closed, which is final.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Twilio { code: Some(50377), .. })
    }

    /// Twilio says that the thing's state does not allow the change.
    #[must_use]
    pub fn is_wrong_state(&self) -> bool {
        matches!(self, Self::Twilio { code: Some(20001), .. })
    }

    /// Twilio says that the call is over.
    #[must_use]
    pub fn is_call_over(&self) -> bool {
        matches!(self, Self::Twilio { code: Some(21220), .. })
    }

    /// The version that a write was guarded with is no longer the newest.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Twilio { status: 412, .. })
    }

    /// The call may have taken effect although it failed.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Twilio { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Trying again later may succeed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Internal { .. }
                | Self::Unreadable { .. }
                | Self::Twilio { status: 408 | 409 | 412 | 429, .. }
        ) || self.is_uncertain()
    }

    /// What the log says of it: never a body, a name or a number.
    #[must_use]
    pub fn log(&self) -> String {
        match self {
            Self::BadRequest { field, .. } => format!("bad {}", printable(field)),
            Self::Forbidden(_) => "forbidden".into(),
            Self::Twilio { status, code, .. } => {
                let mut text = format!("Twilio {status}");
                if let Some(code) = code {
                    let _ = write!(text, " {code}"); // writing to a String cannot fail
                }
                text
            }
            Self::Unreadable { at, place } => format!("unreadable: {place} ({})", source(at)),
            Self::Internal { at, why } => format!("{why} ({})", source(at)),
            Self::NotConfigured { missing, .. } => format!("missing {}", missing.join(", ")),
            Self::Refused { status: 409, .. } => "conflict".into(),
            Self::Refused { status: 422, .. } => "unprocessable".into(),
            Self::Refused { .. } => "unfinished".into(),
            other => other.to_string(),
        }
    }
}

/// A place in the source, for the log.
fn source(at: &Location<'_>) -> String {
    format!("{}:{}", at.file(), at.line())
}

/// Field names come from our own source, except inside a caller's JSON.
fn printable(field: &str) -> String {
    field.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

/// A thing that was there a moment ago: that it has gone is believed from the second attempt on.
pub fn unless_gone_again<T>(found: Result<T>, attempt: u32) -> Result<Option<T>> {
    if attempt == 1 { found.map(Some) } else { unless_gone(found) }
}

/// A thing that may have gone already.
pub fn unless_gone<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}
