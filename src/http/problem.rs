//! Says what is wrong with a request, in the form of RFC 9457: `application/problem+json`.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::api::Accepted;

/// The content type of every problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it is in the body: a JSON pointer like `/3/to` (RFC 6901).
    #[schema(example = "/3/to")]
    pub pointer: String,
    /// A word that stays the same over versions, for programs.
    #[schema(value_type = String, example = "not_a_number")]
    pub code: Cow<'static, str>,
    /// A sentence for people.
    pub detail: String,
}

impl FieldError {
    /// `code` and `detail` about the field at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: Cow::Borrowed(code), detail: detail.into() }
    }
}

/// What is wrong with a request, and whose move it is. Boxed, because every handler may return one and few do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    errors: Vec<FieldError>,
    messages: Vec<Accepted>,
    state: Option<&'static str>,
}

/// The body of every answer that is not a success.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Names the kind of problem; stays the same over versions.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:postrider:problem:invalid_message")]
    kind: String,
    /// The status line's words.
    #[schema(value_type = String)]
    title: &'a str,
    /// The HTTP status again.
    status: u16,
    /// A sentence for people.
    #[schema(value_type = String)]
    detail: &'a str,
    /// The fields that are wrong, each with its place.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(value_type = Vec<FieldError>)]
    errors: &'a [FieldError],
    /// The messages of the same request that were accepted all the same.
    #[serde(skip_serializing_if = "<[Accepted]>::is_empty")]
    #[schema(value_type = Vec<Accepted>)]
    messages: &'a [Accepted],
    /// The state that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    state: Option<&'a str>,
}

/// [`ProblemBody`] as the document names it.
pub type ProblemDocument = ProblemBody<'static>;

impl Problem {
    /// A problem with this status, lasting word and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts { status, code, detail: detail.into(), ..Parts::default() }))
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 422: the body is understood, and these fields are wrong.
    pub fn fields(code: &'static str, detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        problem.0.errors = errors;
        problem
    }

    /// 404: nothing has this id.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 500: a bug, of which the log knows more.
    pub fn bug() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the server has a bug; its log says where")
    }

    /// 503: come again after `retry_after`.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, retry_after: Duration) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// With the messages that were accepted all the same.
    #[must_use]
    pub fn with_accepted(mut self, messages: Vec<Accepted>) -> Self {
        self.0.messages = messages;
        self
    }

    /// With the state that stands in the way.
    #[must_use]
    pub fn with_state(mut self, state: &'static str) -> Self {
        self.0.state = Some(state);
        self
    }

    /// What is wrong, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        let Parts { status, code, detail, errors, messages, state, .. } = &*self.0;
        let body = ProblemBody {
            kind: format!("urn:postrider:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            errors,
            messages,
            state: *state,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let json = self.to_json();
        let mut response = (self.0.status, [(header::CONTENT_TYPE, CONTENT_TYPE)], json).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"postrider\""));
        }
        response
    }
}
