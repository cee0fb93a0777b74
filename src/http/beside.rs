//! Pages of a process beside the gate: it says what its paths answer, the server bounds and serves.

use super::limits::Limits;
use super::pages::{harden, page};
use super::server::{OpsError, Server, serve_router};
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::map_response;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a path answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Type of the body.
    pub content_type: &'static str,
    /// Body.
    pub body: String,
}

/// What each path answers; whatever has none is not found. They are open, as probes and scrapers have no secrets.
pub type Pages = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// Serves these pages on `listen` (the key that names the address, and the address) until `shutdown`; `metrics` counts connections.
///
/// # Errors
/// [`OpsError::Bind`] when the address cannot be listened on.
pub async fn serve_pages(
    listen: (&'static str, SocketAddr),
    pages: Pages,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
) -> Result<Server, OpsError> {
    let answer = move |request: Request| {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let found = pages(request.uri().path()).filter(|_| is_read);
        std::future::ready(match found {
            Some(Answer { status, content_type, body }) => {
                let code =
                    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                page(code, content_type, body)
            }
            None => page(
                StatusCode::NOT_FOUND,
                "text/plain; charset=utf-8",
                "nothing here; try /\n".to_owned(),
            ),
        })
    };
    let router = Router::new().fallback(answer).layer(map_response(harden));
    serve_router(listen, router, metrics, Limits::default(), shutdown).await
}
