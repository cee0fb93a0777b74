//! Answers as pages: each question's answer becomes a view model of `gate-pages`, in the browser's language.
//!
//! INVARIANT: a page says nothing that the answer does not; what a role may not see is not in the answer.

mod decisions;
mod frame;
mod intake;
mod lanes;
mod overview;
mod parts;
mod people;
mod policies;
mod sign_in;

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, Uri};
use gate_pages::{ErrorPage, Frame, Language, Needs, Problem as Said, RenderError};

use super::Desk;
use super::asked::Asked;
use super::fields::Fields;
use super::reply::Reply;
use super::roles::Account;
use super::routes::Asks;
use super::session::Cookie;
use super::{ask, session};
use crate::access::Role;
use crate::answers::{Problem, ProblemKind};

/// A page in the making.
pub(super) struct Page<'a> {
    desk: &'a Arc<Desk>,
    asked: &'a Asked,
    frame: Frame,
    language: Language,
}

impl Page<'_> {
    /// The page, once it is written.
    fn reply(
        &self,
        status: StatusCode,
        html: Result<String, RenderError>,
    ) -> Result<Reply, Problem> {
        let html = html.map_err(|error| {
            tracing::error!(%error, "a page cannot be written");
            Problem::new(ProblemKind::Unavailable, "the page cannot be written; see the desk's log")
        })?;
        match self.asked.query.get("lang") {
            None => Ok(Reply::Page(status, html)),
            Some(_) => {
                let cookie = self.desk.cookies.set(Cookie::Language, self.language.code());
                Ok(Reply::PageWithCookie(status, html, cookie))
            }
        }
    }

    fn ok(&self, html: Result<String, RenderError>) -> Result<Reply, Problem> {
        self.reply(StatusCode::OK, html)
    }
}

/// Answers a browser.
///
/// # Errors
/// What becomes an error page.
pub(super) async fn people(desk: &Arc<Desk>, asked: &Asked) -> Result<Reply, Problem> {
    let account = Some(&asked.account).filter(|account| account.csrf.is_some());
    let language = frame::language(desk, &asked.headers, &asked.query);
    // a code that is used up is no place for the switch of languages to lead to
    let here = if asked.asks == Asks::WorkAccountBack { "/login" } else { &asked.address };
    let frame = frame::frame(desk, account, here).await;
    let page = Page { desk, asked, frame, language };
    match asked.asks {
        Asks::SignInForm => sign_in::form(&page),
        Asks::SignIn => sign_in::sign_in(&page),
        Asks::WorkAccount => sign_in::to_provider(&page).await,
        Asks::WorkAccountBack => sign_in::from_provider(&page).await,
        Asks::SignOut => sign_in::sign_out(&page),
        Asks::Overview => overview::overview(&page).await,
        Asks::PeopleForm => people::form(&page).await,
        Asks::LookUp => people::look_up(&page).await,
        Asks::Person => people::person(&page).await,
        Asks::WouldPass => people::would_pass(&page).await,
        Asks::Export => ask::export::answer(desk, asked).await,
        Asks::Decisions => decisions::list(&page).await,
        Asks::ByMessage => decisions::by_message(&page).await,
        Asks::Decision => decisions::one(&page).await,
        Asks::ToPerson => decisions::to_person(&page).await,
        Asks::Policies => policies::all(&page, None).await,
        Asks::Pack => policies::all(&page, Some(asked.part("code"))).await,
        Asks::PolicyDiff => policies::diff(&page).await,
        Asks::Intake => intake::intake(&page).await,
        Asks::Poison => intake::record(&page).await,
        Asks::Release => intake::release(&page).await,
        Asks::Probe => overview::probe(&page).await,
        Asks::Livez
        | Asks::Readyz
        | Asks::Metrics
        | Asks::OpenApi
        | Asks::Style
        | Asks::Script
        | Asks::Icon
        | Asks::Counts
        | Asks::LookUps => Err(Problem::new(ProblemKind::NotFound, "")),
    }
}

/// A refusal as a page.
pub(super) async fn problem(
    desk: &Arc<Desk>,
    account: Option<&Account>,
    headers: &HeaderMap,
    uri: &Uri,
    problem: &Problem,
) -> Reply {
    let query = Fields::of_form(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let language = frame::language(desk, headers, &query);
    let frame = frame::frame(desk, account, "/").await;
    let page = ErrorPage {
        status: problem.status,
        problem: said(problem, uri.path()),
        detail: problem.detail.clone(),
        reference: String::new(),
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match page.render(&frame, language) {
        Ok(html) => Reply::Page(status, html),
        Err(error) => {
            tracing::error!(%error, "an error page cannot be written");
            Reply::Text(status, "text/plain; charset=utf-8", format!("{}\n", problem.title))
        }
    }
}

/// What of it a page has words for.
fn said(problem: &Problem, path: &str) -> Said {
    match problem.kind {
        ProblemKind::Forbidden if problem.detail.contains("form") => Said::Form,
        ProblemKind::Forbidden | ProblemKind::Unauthorized => {
            let is_for = |role: Role| problem.detail.contains(&format!("`{}`", role.as_str()));
            let needs = if is_for(Role::Viewer) {
                Needs::Viewer
            } else if is_for(Role::Officer) {
                Needs::Officer
            } else {
                Needs::Operator
            };
            Said::Forbidden { needs }
        }
        ProblemKind::NotFound if path.starts_with("/people/") => Said::NoPerson,
        ProblemKind::NotFound if path.starts_with("/decisions/") => {
            Said::NoDecision { since: None }
        }
        ProblemKind::NotFound if path.starts_with("/policies/") || path.starts_with("/intake/") => {
            Said::NoThing
        }
        ProblemKind::NotFound => Said::NoPage,
        ProblemKind::MethodNotAllowed => Said::Method,
        ProblemKind::TooLarge => Said::TooLarge,
        ProblemKind::Malformed
        | ProblemKind::UnsupportedMediaType
        | ProblemKind::Ahead
        | ProblemKind::Conflict => {
            Said::BadRequest { sentence: ask::decisions::sentence(&problem.detail) }
        }
        ProblemKind::Busy => Said::TooMany { seconds: 1 },
        ProblemKind::Unavailable if problem.detail.contains("cannot be recorded") => {
            Said::NotRecorded
        }
        ProblemKind::Behind | ProblemKind::Held | ProblemKind::Starting => Said::GatesAway,
        ProblemKind::Unavailable => Said::Internal,
    }
}

/// A secret for the form to sign in with.
fn form_secret() -> Result<String, Problem> {
    session::secret().map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))
}
