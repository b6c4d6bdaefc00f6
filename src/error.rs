//! What can go wrong: who has to act, what status, what the caller may see.

use std::panic::Location;

use crate::json;
use crate::runtime::Response;

/// The result of everything that can fail here, or that may have to wait.
pub type Result<T> = std::result::Result<T, Stop>;

/// What has come of something that need not be waited for any more.
pub type Settled<T> = std::result::Result<T, Box<Error>>;

/// Why there is no value.
#[derive(Debug)]
pub enum Stop {
    /// Not yet: an operation is under way, and the work will be done again with its result
    /// ([`crate::context`]). Not a failure: nothing may be concluded from it.
    Waiting,
    /// It has failed. Boxed: it is rare and large, and every `?` would carry its size.
    Failed(Box<Error>),
}

impl From<Box<Error>> for Stop {
    fn from(error: Box<Error>) -> Self {
        Self::Failed(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// How to go on after a failure. Matching `Err(_)` would take waiting for one.
pub trait Settle<T> {
    /// What has come of it, once something has: `?` leaves while it is still waited for.
    fn settled(self) -> Result<Settled<T>>;
}

impl<T> Settle<T> for Result<T> {
    fn settled(self) -> Result<Settled<T>> {
        match self {
            Ok(value) => Ok(Ok(value)),
            Err(Stop::Failed(error)) => Ok(Err(error)),
            Err(Stop::Waiting) => Err(Stop::Waiting),
        }
    }
}

/// Waits for two writes that are under way: a failure of one does not keep the other from
/// being done.
pub fn both(one: Result<()>, other: Result<()>) -> Result<()> {
    let one = one.settled()?;
    other?;
    Ok(one?)
}

/// A failure, by who has to act on it.
#[derive(Debug)]
pub enum Error {
    /// `400`: a field is missing or cannot be read; the caller fixes it.
    BadRequest {
        /// The field, as the caller spells it.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `403`: no valid Twilio signature, no valid Flex token, or not the agent's to touch.
    Forbidden(String),
    /// `404`: no such endpoint.
    NotFound,
    /// `405`: the endpoint exists, but not for this method; the value of `Allow`.
    MethodNotAllowed(&'static str),
    /// It cannot be done as things are: `409`, something is in the way; `422`, not with this;
    /// `502`, a part of it is done, and the same request again does the rest.
    Refused {
        /// The status of the answer.
        status: u16,
        /// Why, and what is done.
        message: String,
        /// More members of the answer, names and JSON text: what the caller needs to know.
        details: Vec<(&'static str, String)>,
    },
    /// `413`: the body is over the limit.
    TooLarge,
    /// `503`: the same request is still being worked on; ask again.
    Busy,
    /// `500`: a setting is missing; the operator adds it.
    NotConfigured {
        /// What it is for.
        feature: &'static str,
        /// The settings' names.
        missing: Vec<&'static str>,
    },
    /// Twilio answered, and said no; see [`Error::status`].
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
    Unreachable,
    /// `500`: we are broken. `why` is logged, never sent.
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
    pub fn bad(field: &str, problem: &str) -> Stop {
        Self::BadRequest { field: field.to_owned(), problem: problem.to_owned() }.into()
    }

    /// Something of ours is broken.
    #[track_caller]
    #[must_use]
    pub fn internal(why: &str) -> Stop {
        Self::Internal { at: Location::caller(), why: why.to_owned() }.into()
    }

    /// See [`Error::Refused`].
    #[must_use]
    pub fn refused(status: u16, message: &str, details: Vec<(&'static str, String)>) -> Stop {
        Self::Refused { status, message: message.to_owned(), details }.into()
    }

    /// Not the caller's to ask for.
    #[must_use]
    pub fn forbidden(why: &str) -> Stop {
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
            Self::Busy => 503,
            Self::Twilio { status, .. } => match status {
                400 | 404 | 409 | 412 | 422 | 429 | 503 => *status,
                _ => 502,
            },
            Self::Unreachable => 504,
            Self::NotConfigured { .. } | Self::Internal { .. } => 500,
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
            Self::Busy | Self::Internal { .. } | Self::Twilio { status: 408 | 412 | 429, .. }
        ) || self.is_uncertain()
    }

    /// The answer: `{"success":false,"message":…,"requestId":…}` and what else is known.
    #[must_use]
    pub fn response(&self, request_id: &str) -> Response {
        let mut body = json::object();
        body.flag("success", false).text("message", &self.message()).text("requestId", request_id);
        let mut response = Response::json(self.status(), String::new());
        match self {
            Self::BadRequest { field, .. } => {
                body.text("field", field);
            }
            Self::MethodNotAllowed(allow) => response.allow = Some(allow),
            Self::Refused { details, .. } => {
                for (name, value) in details {
                    body.raw(name, value);
                }
            }
            Self::NotConfigured { missing, .. } => {
                body.texts("missing", missing.iter().copied());
            }
            Self::Twilio { code, page, retry_after, .. } => {
                if let Some(code) = code {
                    body.number("twilioErrorCode", *code);
                }
                if let Some(page) = page {
                    body.text("twilioDocPage", page);
                }
                response.retry_after = *retry_after;
            }
            Self::Busy => response.retry_after = Some(1),
            _ => {}
        }
        response.body = body.end();
        response
    }

    fn message(&self) -> String {
        match self {
            Self::BadRequest { field, problem } => [field, ": ", problem].concat(),
            Self::Forbidden(why) => why.clone(),
            Self::NotFound => "There is no such endpoint.".into(),
            Self::MethodNotAllowed(allow) => ["This endpoint takes ", allow, "."].concat(),
            Self::Refused { message, .. } | Self::Twilio { message, .. } => message.clone(),
            Self::TooLarge => "The body is larger than 256 KiB.".into(),
            Self::Busy => "The same request is still being worked on.".into(),
            Self::NotConfigured { feature, missing } => {
                [feature, " is not configured: ", &missing.join(", "), " missing."].concat()
            }
            Self::Unreachable => "Twilio did not answer in time.".into(),
            Self::Internal { .. } => "Something went wrong here.".into(),
        }
    }

    /// What the log says of it: never a body, a name or a number.
    #[must_use]
    pub fn log(&self) -> String {
        match self {
            Self::BadRequest { field, .. } => ["bad ", &printable(field)].concat(),
            Self::Forbidden(_) => "forbidden".into(),
            Self::Twilio { status, code, .. } => [
                "Twilio ",
                &status.to_string(),
                " ",
                &code.map(|code| code.to_string()).unwrap_or_default(),
            ]
            .concat(),
            Self::Internal { at, why } => [why, " (", &place(at), ")"].concat(),
            Self::NotConfigured { missing, .. } => ["missing ", &missing.join(", ")].concat(),
            Self::Refused { status: 409, .. } => "conflict".into(),
            Self::Refused { status: 422, .. } => "unprocessable".into(),
            Self::Refused { .. } => "unfinished".into(),
            other => other.message(),
        }
    }
}

/// A place in the source, for the log.
#[must_use]
pub fn place(at: &Location<'_>) -> String {
    [at.file(), ":", &at.line().to_string()].concat()
}

/// Field names come from our own source, except inside a caller's JSON.
fn printable(field: &str) -> String {
    field.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}
