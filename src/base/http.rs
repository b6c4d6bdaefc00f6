//! HTTP as the service sees it: one request, one response.

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::Error;
use super::json;

/// The largest request body that is read, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// One HTTP request to the service, reduced to what the service reads of it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, `OPTIONS`, …
    pub method: String,
    /// The absolute URL, byte for byte as received: Twilio's signature covers it.
    pub url: String,
    /// The header `X-Twilio-Signature`, or nothing.
    pub signature: String,
    /// The header `Content-Type`, or nothing.
    pub content_type: String,
    /// The header `Authorization`, or nothing.
    pub authorization: String,
    /// The header `Origin`, or nothing.
    pub origin: String,
    /// Cloudflare's id of the request (header `CF-Ray`), or nothing.
    pub ray: String,
    /// The caller's address (header `CF-Connecting-IP`), or nothing.
    pub address: String,
    /// The body; empty when there is none.
    pub body: String,
    /// The body was over [`MAX_BODY`] and was not read.
    pub too_large: bool,
}

impl Request {
    /// Scheme, host and port: `https://example.com:8443`.
    #[must_use]
    pub fn origin_of_url(&self) -> &str {
        self.url.get(..self.target_start()).unwrap_or_default()
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split('?').next().unwrap_or_default()
    }

    /// The query without its `?`; empty when there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// Path and query, without the fragment.
    #[must_use]
    pub fn target(&self) -> &str {
        let target = self.url.get(self.target_start()..).unwrap_or_default();
        target.split('#').next().unwrap_or_default()
    }

    fn target_start(&self) -> usize {
        let host = self.url.find(':').map_or(0, |at| at + 3);
        let end = self.url.bytes().skip(host).position(|b| matches!(b, b'/' | b'?' | b'#'));
        end.map_or(self.url.len(), |at| host + at)
    }
}

/// What the body of a [`Response`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `application/json`
    Json,
    /// `text/xml`: TwiML
    Xml,
    /// No body: the answer to a preflight.
    Preflight,
}

/// One HTTP response of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What the body is.
    pub kind: Kind,
    /// The body.
    pub body: String,
    /// The value of `Allow`, on a `405`.
    pub allow: Option<&'static str>,
    /// The value of `Retry-After` in seconds, on a `429` or `503`.
    pub retry_after: Option<u64>,
    /// The value of `Access-Control-Allow-Origin`; [`crate::App::handle`] sets it.
    pub allow_origin: String,
}

impl Response {
    fn new(status: u16, kind: Kind, body: String) -> Self {
        Self { status, kind, body, allow: None, retry_after: None, allow_origin: String::new() }
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::new(status, Kind::Json, json::write(body))
    }

    /// A TwiML answer.
    #[must_use]
    pub fn twiml(body: String) -> Self {
        Self::new(200, Kind::Xml, body)
    }

    /// The answer to a preflight.
    #[must_use]
    pub fn preflight() -> Self {
        Self::new(204, Kind::Preflight, String::new())
    }

    /// `204`, with the content type that TaskRouter wants all the same.
    #[must_use]
    pub fn no_content() -> Self {
        Self::new(204, Kind::Json, String::new())
    }
}

/// The members of the answer to a failure, besides [`Error::Refused`]'s.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    message: String,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twilio_error_code: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twilio_doc_page: Option<&'a str>,
    #[serde(flatten)]
    details: Option<&'a Map<String, Value>>,
}

impl Response {
    /// The answer to a failure: `{"success":false,"message":…,"requestId":…}` and what else is
    /// known.
    #[must_use]
    pub fn failure(error: &Error, request_id: &str) -> Self {
        Self::failure_with(error, request_id, None)
    }

    /// The same, with the message as `error` too.
    #[must_use]
    pub fn failure_with_error(error: &Error, request_id: &str) -> Self {
        Self::failure_with(error, request_id, Some(error.to_string()))
    }

    fn failure_with(error: &Error, request_id: &str, as_error: Option<String>) -> Self {
        let failure = Failure {
            success: false,
            error: as_error,
            message: error.to_string(),
            request_id,
            field: match error {
                Error::BadRequest { field, .. } => Some(field),
                _ => None,
            },
            missing: match error {
                Error::NotConfigured { missing, .. } => Some(missing),
                _ => None,
            },
            twilio_error_code: match error {
                Error::Twilio { code, .. } => *code,
                _ => None,
            },
            twilio_doc_page: match error {
                Error::Twilio { page, .. } => page.as_deref(),
                _ => None,
            },
            details: match error {
                Error::Refused { details, .. } => Some(details),
                _ => None,
            },
        };
        let mut response = Response::json(error.status(), &failure);
        match error {
            Error::MethodNotAllowed(allow) => response.allow = Some(allow),
            Error::Twilio { retry_after, .. } => response.retry_after = *retry_after,
            Error::TooMany { retry_after } => response.retry_after = Some(*retry_after),
            Error::Busy => response.retry_after = Some(1),
            _ => {}
        }
        response
    }
}
