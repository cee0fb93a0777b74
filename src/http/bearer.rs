//! The bearer token of a request (RFC 6750).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};

/// The token that a request brings, if it brings one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let (scheme, token) = given.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
