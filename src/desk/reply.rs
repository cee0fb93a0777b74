//! What goes back, and the headers that every answer of the desk has.

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::answers::{Problem, ProblemKind};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Nothing is loaded from elsewhere, nothing stands inline, nobody frames it, nobody keeps it.
const SAFE: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What goes back.
#[derive(Debug)]
pub(super) enum Reply {
    /// A page, and with which status.
    Page(StatusCode, String),
    /// An answer for programs.
    Json(Vec<u8>),
    /// A browser goes on there; cookies to set.
    Elsewhere(String, Vec<String>),
    /// A page with a cookie.
    PageWithCookie(StatusCode, String, String),
    /// A file to keep.
    File { name: String, content_type: &'static str, body: Vec<u8> },
    /// Text for watchers.
    Text(StatusCode, &'static str, String),
    /// Style and script, which browsers may keep: their address names their content.
    Asset(&'static str, &'static str),
    /// Nothing.
    Empty,
}

impl Reply {
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn json(answer: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_vec(answer).map(Self::Json).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::new(
                ProblemKind::Unavailable,
                "the answer cannot be written; see the desk's log",
            )
        })
    }

    pub(super) fn response(self) -> Response {
        let typed = |status: StatusCode, content_type: &'static str, body: Body| {
            (status, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
        };
        match self {
            Self::Page(status, body) => typed(status, HTML, body.into()),
            Self::PageWithCookie(status, body, cookie) => {
                with_cookies(typed(status, HTML, body.into()), &[cookie])
            }
            Self::Json(body) => typed(StatusCode::OK, JSON, body.into()),
            Self::Text(status, content_type, body) => typed(status, content_type, body.into()),
            Self::Asset(content_type, body) => {
                let mut response = typed(StatusCode::OK, content_type, body.into());
                let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
                response.headers_mut().insert(CACHE_CONTROL, kept);
                response
            }
            Self::File { name, content_type, body } => {
                let mut response = typed(StatusCode::OK, content_type, body.into());
                let disposition = format!("attachment; filename=\"{name}\"");
                if let Ok(value) = HeaderValue::from_str(&disposition) {
                    response.headers_mut().insert(CONTENT_DISPOSITION, value);
                }
                response
            }
            Self::Elsewhere(to, cookies) => {
                let mut response = StatusCode::SEE_OTHER.into_response();
                if let Ok(value) = HeaderValue::from_str(&to) {
                    response.headers_mut().insert(LOCATION, value);
                }
                with_cookies(response, &cookies)
            }
            Self::Empty => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}

/// A refusal as programs read it.
pub(super) fn refusal(problem: &Problem, allowed: &str) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response =
        (status, [(CONTENT_TYPE, HeaderValue::from_static(PROBLEM))], body).into_response();
    let headers = response.headers_mut();
    if problem.kind == ProblemKind::Unauthorized {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.kind == ProblemKind::MethodNotAllowed
        && let Ok(value) = HeaderValue::from_str(allowed)
    {
        headers.insert(ALLOW, value);
    }
    if let Some(after) = problem.kind.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}

/// Adds what every answer has; an asset keeps its own word on being kept.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SAFE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
