//! What machines ask: token, role, method, type and size of the body, in this order, and only then the question.
//!
//! INVARIANT: who may not ask learns nothing but that: nothing is read and nobody is looked up before the role is known,
//! so a person who is on record and one who is not take the same time.

use super::bearer::bearer;
use super::routes::{Admits, Asks, Route};
use crate::access::{Access, Caller, Refused};
use crate::answers::{
    CheckRequest, Freshness, Problem, ProblemKind, Question, Questions, SubjectRequest,
};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Bytes of a question: a thousand messages of two kilobytes. Half of the connections may send one at a time.
pub(super) const BODY_BYTES_MAX: usize = 2 << 20;

/// Who may ask, and who answers.
#[derive(Clone)]
pub struct Machines {
    /// The tokens in force.
    pub access: Arc<Access>,
    /// Where questions are put.
    pub questions: Arc<Questions>,
}

impl Machines {
    /// Whether a request brings a token that is somebody's.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|token| self.access.admits(token).is_ok())
    }
}

/// Answers a route that needs a token.
pub(super) async fn answer(
    machines: Option<&Machines>,
    route: &Route,
    asks: Asks,
    request: Request<Body>,
) -> Response {
    let answered = match machines {
        Some(machines) => asked(machines, route, asks, request).await,
        None => Err(closed()),
    };
    match answered {
        Ok(body) => typed(StatusCode::OK, "application/json", body),
        Err(problem) => refused(&problem, route),
    }
}

async fn asked(
    machines: &Machines,
    route: &Route,
    asks: Asks,
    request: Request<Body>,
) -> Result<Vec<u8>, Problem> {
    let caller = admitted(machines, route, request.headers())?;
    if request.method().as_str() != route.method {
        let detail = format!("ask it by {}", route.method);
        return Err(Problem::new(ProblemKind::MethodNotAllowed, detail));
    }
    let freshness = freshness(request.uri().query())?;
    let place = machines.questions.place()?;
    let body = body(request).await?;
    let question = match asks {
        Asks::Check => Question::Check(CheckRequest::read(&body)?),
        Asks::Subject => {
            let request = SubjectRequest::read(&body)?;
            tracing::info!(token = caller.id, "a person is looked up");
            Question::Subject(request)
        }
    };
    drop(body);
    machines.questions.ask(question, freshness, &place).await
}

/// Whoever asks, if the route is theirs.
fn admitted(machines: &Machines, route: &Route, headers: &HeaderMap) -> Result<Caller, Problem> {
    let unauthorized = |detail| Problem::new(ProblemKind::Unauthorized, detail);
    let Some(token) = bearer(headers) else {
        return Err(unauthorized("send `Authorization: Bearer` and a token of `http.tokens_file`"));
    };
    let caller = machines.access.admits(token).map_err(|refused| match refused {
        Refused::Unknown => {
            unauthorized("the token is nobody's: `consent-gate token new` makes one")
        }
        Refused::Expired => {
            unauthorized("the token has expired: `consent-gate token new` makes another")
        }
    })?;
    match route.admits {
        Admits::Everybody => Ok(caller),
        Admits::Roles(roles) if roles.contains(&caller.role) => Ok(caller),
        Admits::Roles(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            let detail = format!("this is for the roles `{}`", names.join("`, `"));
            Err(Problem::new(ProblemKind::Forbidden, detail))
        }
    }
}

fn closed() -> Problem {
    let detail = "no tokens are configured: name a file in `http.tokens_file`, with lines that `consent-gate token new` makes";
    Problem::new(ProblemKind::Unauthorized, detail)
}

/// What the answer must reflect; nothing else may stand in the address.
fn freshness(query: Option<&str>) -> Result<Freshness, Problem> {
    match query {
        None | Some("") => Ok(Freshness::Barrier),
        Some("stale=ok") => Ok(Freshness::Stale),
        // not repeated: somebody may have put a person there
        Some(_) => {
            let detail = "the address takes `?stale=ok` and nothing else; everything else stands in the body";
            Err(Problem::new(ProblemKind::Malformed, detail))
        }
    }
}

async fn body(request: Request<Body>) -> Result<axum::body::Bytes, Problem> {
    let too_large = || {
        let detail = format!(
            "a body has {BODY_BYTES_MAX} bytes at most; ask about fewer messages at a time"
        );
        Problem::new(ProblemKind::TooLarge, detail)
    };
    if !is_json(request.headers()) {
        let detail = "send `Content-Type: application/json`";
        return Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    }
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    // a client that breaks off reads no answer either
    to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| too_large())
}

/// `application/json`, whatever parameters it has.
fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn refused(problem: &Problem, route: &Route) -> Response {
    let code = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = typed(code, "application/problem+json", body);
    let headers = response.headers_mut();
    if problem.kind == ProblemKind::Unauthorized {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.kind == ProblemKind::MethodNotAllowed {
        headers.insert(ALLOW, HeaderValue::from_static(route.method));
    }
    if let Some(after) = problem.kind.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}

fn typed(code: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    (code, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

#[cfg(test)]
#[path = "machines_tests.rs"]
mod tests;
