//! Answers as pages.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, Uri};

use super::Desk;
use super::reply::Reply;
use super::roles::Account;
use super::server::Asked;
use crate::answers::Problem;

/// Answers a browser.
pub(super) async fn people(_desk: &Arc<Desk>, _asked: &Asked) -> Result<Reply, Problem> {
    Ok(Reply::Page(StatusCode::OK, String::new()))
}

/// A refusal as a page.
pub(super) async fn problem(
    _desk: &Arc<Desk>,
    _account: Option<&Account>,
    _headers: &HeaderMap,
    _uri: &Uri,
    problem: &Problem,
) -> Reply {
    Reply::Page(StatusCode::from_u16(problem.status).unwrap_or_default(), String::new())
}
