//! What handlers answer.

use serde::Serialize;

use super::http::Response;

/// What a handler answers, as an HTTP response.
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

/// `200` with `{"success":true}` and the members of the value, which is a struct or a map.
#[derive(Clone, Debug, Serialize)]
pub struct Done<T> {
    success: bool,
    #[serde(flatten)]
    more: T,
}

impl<T: Serialize> Done<T> {
    /// Success, and what came of it.
    pub fn with(more: T) -> Self {
        Self { success: true, more }
    }

    /// The same with status `201`: something was created.
    #[must_use]
    pub fn created(self) -> Response {
        Response::json(201, &self)
    }
}

/// Nothing more to tell.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Nothing {}

/// `{"success":true}`
#[must_use]
pub fn done() -> Done<Nothing> {
    Done::with(Nothing {})
}

impl<T: Serialize> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        Response::json(200, &self)
    }
}
