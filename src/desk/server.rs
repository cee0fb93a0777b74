//! From a request to an answer: whom it is for, who asks, what is asked, and only then the answer.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use super::fields::Fields;
use super::pages;
use super::reply::{Reply, harden, refusal};
use super::roles::Account;
use super::routes::{Admits, Asks, For, Method, ROUTES, Route};
use super::{Desk, admission, ask};
use crate::answers::{Problem, ProblemKind};
use crate::http::class;

/// Bytes of a body: a form, or an object of texts.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request that may be answered.
pub(super) struct Asked {
    pub(super) asks: Asks,
    pub(super) account: Account,
    /// Parts of the path by their names.
    pub(super) path: Vec<(String, String)>,
    /// Of the query.
    pub(super) query: Fields,
    /// Of the body.
    pub(super) body: Fields,
    pub(super) headers: HeaderMap,
    /// Path and query, for links back.
    pub(super) address: String,
}

impl Asked {
    /// That part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// That part as a number.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.part(name)
            .parse()
            .map_err(|_| Problem::new(ProblemKind::NotFound, "there is no such place"))
    }
}

/// All routes.
pub(super) fn router(desk: Arc<Desk>) -> Router {
    let mut paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut router = Router::new();
    for path in paths {
        let answer = move |State(desk): State<Arc<Desk>>,
                           parts: RawPathParams,
                           request: Request| async move {
            let parts = parts.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
            answer(&desk, path, parts.collect(), request).await
        };
        router = router.route(path, any(answer));
    }
    router.fallback(nothing).layer(map_response(harden)).with_state(desk)
}

async fn nothing(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let headers = request.headers();
    if request.uri().path().starts_with("/v1/") {
        let problem = match admission::program(&desk, headers) {
            Ok(_) => Problem::new(ProblemKind::NotFound, "there is no such route"),
            Err(problem) => problem,
        };
        return refusal(&problem, "");
    }
    match admission::browser(&desk, headers) {
        Some(account) => {
            let problem = Problem::new(ProblemKind::NotFound, "");
            pages::problem(&desk, Some(&account), headers, request.uri(), &problem).await.response()
        }
        None => sign_in_first(request.uri()).response(),
    }
}

/// Where somebody has to sign in, and where they go afterwards.
fn sign_in_first(uri: &Uri) -> Reply {
    let to = uri.path_and_query().map_or("/", |it| it.as_str());
    let next = form_urlencoded::byte_serialize(to.as_bytes()).collect::<String>();
    Reply::Elsewhere(format!("/login?next={next}"), Vec::new())
}

async fn answer(
    desk: &Arc<Desk>,
    path: &'static str,
    parts: Vec<(String, String)>,
    request: Request<Body>,
) -> Response {
    let (head, body) = request.into_parts();
    let response = answered(desk, path, parts, head, body).await;
    let class = class(response.status().as_u16());
    desk.metrics.answers.of(class).inc();
    response
}

async fn answered(
    desk: &Arc<Desk>,
    path: &'static str,
    parts: Vec<(String, String)>,
    head: Parts,
    body: Body,
) -> Response {
    let routes = || ROUTES.iter().filter(|route| route.path == path);
    let method = match head.method {
        HttpMethod::GET | HttpMethod::HEAD => Some(Method::Get),
        HttpMethod::POST => Some(Method::Post),
        _ => None,
    };
    let found = routes().find(|route| Some(route.method) == method);
    // without a method there is still a path that is for somebody
    let Some(route) = found.or_else(|| routes().next()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut account = None;
    let answered = async {
        account = admitted(desk, route, &head.headers)?;
        if found.is_none() {
            let allowed: Vec<&str> = routes().map(|route| route.method.as_str()).collect();
            let detail = format!("ask it by {}", allowed.join(" or "));
            return Err(Refusal::Problem(Problem::new(ProblemKind::MethodNotAllowed, detail)));
        }
        let query = Fields::of_form(head.uri.query().unwrap_or_default().as_bytes())?;
        let body = fields(route, &head.headers, body).await?;
        if route.is_for == For::People && route.method == Method::Post && route.asks != Asks::SignIn
        {
            let expected = account.as_ref().and_then(|account| account.csrf.as_deref());
            admission::is_our_form(&head.headers, expected, body.get("csrf"))?;
        }
        let account =
            account.clone().unwrap_or_else(|| Account::of_role("-", crate::access::Role::Sender));
        let address = head.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let asked = Asked {
            asks: route.asks,
            account,
            path: parts,
            query,
            body,
            headers: head.headers.clone(),
            address,
        };
        match route.is_for {
            For::Watchers => Ok(ask::watchers(desk, &asked).await),
            For::Programs => Ok(ask::programs(desk, &asked).await?),
            For::People => Ok(pages::people(desk, &asked).await?),
        }
    };
    match answered.await {
        Ok(reply) => reply.response(),
        Err(Refusal::SignIn) => sign_in_first(&head.uri).response(),
        Err(Refusal::Problem(problem)) => match route.is_for {
            For::Programs | For::Watchers => {
                let allowed: Vec<&str> = routes().map(|route| route.method.as_str()).collect();
                refusal(&problem, &allowed.join(", "))
            }
            For::People => {
                pages::problem(desk, account.as_ref(), &head.headers, &head.uri, &problem)
                    .await
                    .response()
            }
        },
    }
}

/// Why a request is not answered.
pub(super) enum Refusal {
    /// A browser has to sign in first.
    SignIn,
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Whoever asks, if the route is theirs; `None` where everybody may.
pub(super) fn admitted(
    desk: &Desk,
    route: &Route,
    headers: &HeaderMap,
) -> Result<Option<Account>, Refusal> {
    if route.is_for == For::People {
        admission::is_for_us(desk, headers)?;
    }
    let account = match route.is_for {
        For::Watchers => return Ok(None),
        For::Programs => Some(admission::program(desk, headers)?),
        For::People => admission::browser(desk, headers),
    };
    match (route.admits, account) {
        (Admits::Everybody, account) => Ok(account),
        (Admits::Those(_), None) => Err(Refusal::SignIn),
        (Admits::Those(right), Some(account)) => {
            account.must(right)?;
            Ok(Some(account))
        }
    }
}

/// What the body says; nothing with `GET`.
async fn fields(route: &Route, headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    if route.method == Method::Get {
        return Ok(Fields::default());
    }
    let expected = match route.is_for {
        For::Programs | For::Watchers => "application/json",
        For::People => "application/x-www-form-urlencoded",
    };
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(expected) {
        let detail = format!("send `Content-Type: {expected}`");
        return Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    }
    let too_large = |_| {
        let detail = format!("a body has {BODY_BYTES_MAX} bytes at most");
        Problem::new(ProblemKind::TooLarge, detail)
    };
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(too_large)?;
    match route.is_for {
        For::Programs | For::Watchers => Fields::of_json(&body),
        For::People => Fields::of_form(&body),
    }
}
