//! What the HTTP server says: `/livez`, `/readyz`, `/status`, `/metrics` and a list of them at `/`, or the demo's pages.
//!
//! These four are open, because orchestrators and scrapers have no secrets; they tell states, numbers, topic names
//! and partitions. Any other path needs a bearer token, also when nothing is
//! there: strangers learn nothing about what exists. What machines ask is in `machines.rs`, which route is whose in
//! `routes.rs`.

use super::bearer::bearer;
use super::machines::{self, Machines};
use super::routes::{Page, ROUTES};
use crate::metrics::Metrics;
use crate::status::Status;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde::Serialize;
use std::sync::Arc;
use tower_http::limit::RequestBodyLimitLayer;

/// Bytes of a request's body; no page reads one.
const BODY_BYTES_MAX: usize = 16 * 1024;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const INDEX: &str = "\
consent-gate
  /livez            the process moves
  /readyz           messages are being decided; if not, why not (?verbose, or Accept: application/json)
  /status           where it stands, as JSON: what `consent-gate top` shows
  /metrics          Prometheus text format
  /v1/check         POST, token: would these messages pass now?
  /v1/subject       POST, token of an officer: what is on record about a person?
";

/// Headers of every page: it brings its own style and script and loads nothing from elsewhere.
const SAFE: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A page of whoever starts the gate, beside the gate's own: the demo has some.
pub struct FrontPage {
    /// Its type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: String,
}

/// Pages by path, `/` among them; a path without one is not found. They are open as the probes are.
pub type Front = Arc<dyn Fn(&str) -> Option<FrontPage> + Send + Sync>;

/// The bearer token. It compares in constant time and does not print itself.
pub(super) struct Token(String);

impl Token {
    pub(super) fn new(token: String) -> Self {
        Self(token)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        // An empty token is a configuration mistake, not an open door.
        !self.0.is_empty()
            && bearer(headers).is_some_and(|token| {
                aws_lc_rs::constant_time::verify_slices_are_equal(token, self.0.as_bytes()).is_ok()
            })
    }
}

#[derive(Clone)]
struct Sources {
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    token: Arc<Option<Token>>,
    front: Option<Front>,
    machines: Option<Machines>,
}

/// All pages.
pub(super) fn router(
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    token: Option<Token>,
    front: Option<Front>,
    machines: Option<Machines>,
) -> Router {
    let sources = Sources { status, metrics, token: Arc::new(token), front, machines };
    let mut router = Router::new();
    for route in &ROUTES {
        let small = RequestBodyLimitLayer::new(BODY_BYTES_MAX);
        let answer = match route.page {
            Page::Index => get(index).layer(small),
            Page::Livez => get(livez).layer(small),
            Page::Readyz => get(readyz).layer(small),
            Page::Status => get(status_page).layer(small),
            Page::Metrics => get(metrics_page).layer(small),
            Page::Machine(asks) => {
                any(move |State(sources): State<Sources>, request: Request<Body>| async move {
                    machines::answer(sources.machines.as_ref(), route, asks, request).await
                })
            }
        };
        router = router.route(route.path, answer);
    }
    router.fallback(anything_else).layer(map_response(harden)).with_state(sources)
}

async fn index(State(sources): State<Sources>) -> Response {
    match sources.front.as_ref().and_then(|front| front("/")) {
        Some(FrontPage { content_type, body }) => page(StatusCode::OK, content_type, body),
        None => page(StatusCode::OK, TEXT, INDEX.to_owned()),
    }
}

async fn livez(State(sources): State<Sources>) -> Response {
    let stuck = sources.status.stuck();
    if stuck.is_empty() {
        page(StatusCode::OK, TEXT, "alive\n".to_owned())
    } else {
        page(StatusCode::SERVICE_UNAVAILABLE, TEXT, lines(&stuck))
    }
}

async fn readyz(State(sources): State<Sources>, uri: Uri, headers: HeaderMap) -> Response {
    let readiness = sources.status.ready();
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains(JSON) {
        return json_page(code, &readiness);
    }
    let is_verbose = uri.query().is_some_and(|query| {
        query.split('&').any(|pair| pair == "verbose" || pair.starts_with("verbose="))
    });
    let text = if is_verbose {
        let checks = readiness.checks.iter();
        let marked = checks.map(|check| {
            let mark = if check.is_ok { '+' } else { '-' };
            format!("[{mark}] {}: {}", check.name, check.detail)
        });
        lines(&marked.collect::<Vec<_>>())
    } else if readiness.ready {
        "ready\n".to_owned()
    } else {
        lines(&readiness.reasons)
    };
    page(code, TEXT, text)
}

/// 200 whether it is ready or not: who asks for figures wants them.
async fn status_page(State(sources): State<Sources>) -> Response {
    json_page(StatusCode::OK, &sources.status.snapshot())
}

async fn metrics_page(State(sources): State<Sources>) -> Response {
    sources.status.publish();
    match sources.metrics.encode() {
        Ok(text) => page(StatusCode::OK, PROMETHEUS_TEXT, text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be served");
            page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "see the log\n".to_owned())
        }
    }
}

async fn anything_else(State(sources): State<Sources>, request: Request<Body>) -> Response {
    if let Some(front) = &sources.front {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let found = front(request.uri().path()).filter(|_| is_read);
        return match found {
            Some(FrontPage { content_type, body }) => page(StatusCode::OK, content_type, body),
            None => page(StatusCode::NOT_FOUND, TEXT, "there is nothing here; try /\n".to_owned()),
        };
    }
    let token = sources.token.as_ref().as_ref();
    let is_machine = || sources.machines.as_ref().is_some_and(|it| it.knows(request.headers()));
    if token.is_some_and(|token| token.admits(request.headers())) || is_machine() {
        return page(StatusCode::NOT_FOUND, TEXT, "there is nothing here\n".to_owned());
    }
    let refused = page(StatusCode::UNAUTHORIZED, TEXT, "needs a bearer token\n".to_owned());
    ([(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))], refused).into_response()
}

/// Nothing here may be kept by a cache, taken for another type, framed, or load anything from elsewhere.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SAFE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) fn page(code: StatusCode, content_type: &'static str, body: String) -> Response {
    (code, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn json_page(code: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => page(code, JSON, text + "\n"),
        Err(error) => {
            tracing::error!(%error, "a page of JSON cannot be served");
            page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "see the log\n".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::AUTHORIZATION;

    fn admits(token: &str, header: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(header))]);
        Token::new(token.to_owned()).admits(&headers)
    }

    #[test]
    fn only_the_whole_token_opens_and_an_empty_one_never_does() {
        assert!(admits("secret", "Bearer secret"));
        assert!(admits("secret", "bearer secret"), "the scheme has no case (RFC 9110)");
        for header in ["Bearer secre", "Bearer secrets", "Bearer  secret", "Bearer", "secret", ""] {
            assert!(!admits("secret", header), "{header:?}");
        }
        assert!(!admits("", "Bearer "));
        assert!(!Token::new("secret".to_owned()).admits(&HeaderMap::new()));
    }
}
