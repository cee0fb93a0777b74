//! Why a question is not answered, as problem details (RFC 9457).
//!
//! INVARIANT: no text in here comes from a request, but the name of a field that reads like one.

use serde::Serialize;
use std::time::Duration;

/// What kind of problem it is. Names are public API: add, never rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// No token, nobody's, or one that has expired.
    Unauthorized,
    /// The token's role may not ask this.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// Not by this method.
    MethodNotAllowed,
    /// The body is no JSON by what its header says.
    UnsupportedMediaType,
    /// The body is too large.
    TooLarge,
    /// The request cannot be understood; `pointer` says where.
    Malformed,
    /// The consent position that was asked for does not exist.
    Ahead,
    /// Somebody else was quicker, or it is not as the request takes it to be.
    Conflict,
    /// The gate has not come to the consent position that was asked for.
    Behind,
    /// Consent has not caught up: messages are held as well.
    Held,
    /// Too many questions at a time.
    Busy,
    /// The gate is not ready yet, or stops.
    Starting,
    /// The gate cannot look it up.
    Unavailable,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::TooLarge,
        Self::Malformed,
        Self::Ahead,
        Self::Conflict,
        Self::Behind,
        Self::Held,
        Self::Busy,
        Self::Starting,
        Self::Unavailable,
    ];

    /// Type, status and title.
    #[must_use]
    pub const fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Unauthorized => {
                ("urn:consent-gate:problem:unauthorized", 401, "a token is needed")
            }
            Self::Forbidden => {
                ("urn:consent-gate:problem:forbidden", 403, "the token's role may not ask this")
            }
            Self::NotFound => ("urn:consent-gate:problem:not-found", 404, "there is nothing here"),
            Self::MethodNotAllowed => {
                ("urn:consent-gate:problem:method-not-allowed", 405, "not by this method")
            }
            Self::UnsupportedMediaType => {
                ("urn:consent-gate:problem:unsupported-media-type", 415, "the body must be JSON")
            }
            Self::TooLarge => ("urn:consent-gate:problem:too-large", 413, "the body is too large"),
            Self::Malformed => {
                ("urn:consent-gate:problem:malformed", 400, "the request cannot be understood")
            }
            Self::Ahead => {
                ("urn:consent-gate:problem:ahead", 409, "there is no such consent position")
            }
            Self::Conflict => {
                ("urn:consent-gate:problem:conflict", 409, "it is not like that any more")
            }
            Self::Behind => {
                ("urn:consent-gate:problem:behind", 503, "consent has not come that far")
            }
            Self::Held => ("urn:consent-gate:problem:held", 503, "consent has not caught up"),
            Self::Busy => ("urn:consent-gate:problem:busy", 503, "too many questions at a time"),
            Self::Starting => (
                "urn:consent-gate:problem:starting",
                503,
                "the gate does not answer yet, or any more",
            ),
            Self::Unavailable => {
                ("urn:consent-gate:problem:unavailable", 503, "it cannot be looked up")
            }
        }
    }

    /// Whether the same question may be answered a moment later, and when to ask.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Behind | Self::Held | Self::Busy | Self::Starting | Self::Unavailable => {
                Some(Duration::from_secs(1))
            }
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::TooLarge
            | Self::Malformed
            | Self::Ahead
            | Self::Conflict => None,
        }
    }
}

/// A question that is not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which kind, as a name that programs compare.
    pub r#type: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// The status of HTTP.
    pub status: u16,
    /// What exactly, and what to do.
    pub detail: String,
    /// Where in the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The kind itself.
    #[serde(skip)]
    pub kind: ProblemKind,
}

impl Problem {
    /// A problem with the request or the gate as a whole.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let (r#type, status, title) = kind.facts();
        Self { r#type, title, status, detail: detail.into(), pointer: None, kind }
    }

    /// Something in the body cannot be understood.
    #[must_use]
    pub fn malformed(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(ProblemKind::Malformed, detail) }
    }
}
