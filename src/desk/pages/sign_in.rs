//! Signing in with a token, and out.

use std::time::Instant;

use axum::http::StatusCode;
use gate_pages::{LoginError, LoginPage};

use super::super::admission;
use super::super::reply::Reply;
use super::super::session::{Cookie, Who, is_same};
use super::super::work_account::{WorkAccountError, WorkAccounts};
use super::{Page, form_secret};
use crate::answers::{Problem, ProblemKind};

pub(super) fn form(page: &Page<'_>) -> Result<Reply, Problem> {
    if page.desk.visitors.is_some() {
        return Ok(Reply::Elsewhere("/".to_owned(), Vec::new()));
    }
    again(page, StatusCode::OK, LoginPage::default())
}

/// Away to the identity provider.
pub(super) async fn to_provider(page: &Page<'_>) -> Result<Reply, Problem> {
    let accounts = provider(page)?;
    let wanted = next(page.asked.query.get("next"));
    match accounts.begin(&wanted).await {
        Ok((url, state)) => {
            let cookie = page.desk.cookies.set(Cookie::WorkAccount, &state);
            Ok(Reply::Elsewhere(url, vec![cookie]))
        }
        Err(error) => refused(page, &error),
    }
}

/// Back from there, with a code or without.
pub(super) async fn from_provider(page: &Page<'_>) -> Result<Reply, Problem> {
    let (desk, asked) = (page.desk, page.asked);
    let accounts = provider(page)?;
    let kept = desk.cookies.read(Cookie::WorkAccount, &asked.headers);
    let state = asked.query.get("state").unwrap_or_default();
    let code = asked.query.get("code").unwrap_or_default();
    let finished = accounts.finish(kept.as_deref(), state, code).await;
    let (person, next) = match finished {
        Ok(finished) => finished,
        Err(error) => return refused(page, &error),
    };
    let account = person.id.clone();
    let secret = desk.sessions.begin(Who::WorkAccount(person), Instant::now());
    let secret =
        secret.map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
    tracing::info!(account, "somebody signed in with a work account");
    let cookies =
        vec![desk.cookies.set(Cookie::Session, &secret), desk.cookies.set(Cookie::WorkAccount, "")];
    Ok(Reply::Elsewhere(next, cookies))
}

fn provider<'p>(page: &Page<'p>) -> Result<&'p WorkAccounts, Problem> {
    let none = || Problem::new(ProblemKind::NotFound, "no identity provider is configured");
    page.desk.work_accounts.as_ref().ok_or_else(none)
}

fn refused(page: &Page<'_>, error: &WorkAccountError) -> Result<Reply, Problem> {
    tracing::warn!(%error, "somebody could not sign in with a work account");
    let status = match error {
        WorkAccountError::Provider(_) => StatusCode::SERVICE_UNAVAILABLE,
        WorkAccountError::Stranger | WorkAccountError::Refused(_) | WorkAccountError::NoRole => {
            StatusCode::FORBIDDEN
        }
    };
    let error = Some(LoginError::WorkAccount);
    again(page, status, LoginPage { error, ..LoginPage::default() })
}

/// The form with a fresh secret, which the browser keeps beside it.
fn again(page: &Page<'_>, status: StatusCode, mut login: LoginPage) -> Result<Reply, Problem> {
    login.work_account = page.desk.work_accounts.is_some();
    login.query = match page.asked.query.get("next") {
        Some(wanted) => {
            let wanted = next(Some(wanted));
            let encoded: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
            format!("?next={encoded}")
        }
        None => String::new(),
    };
    let secret = form_secret()?;
    let mut frame = page.frame.clone();
    frame.csrf.clone_from(&secret);
    let html = login.render(&frame, page.language).map_err(|error| {
        tracing::error!(%error, "a page cannot be written");
        Problem::new(ProblemKind::Unavailable, "the page cannot be written")
    })?;
    Ok(Reply::PageWithCookie(status, html, page.desk.cookies.set(Cookie::SignIn, &secret)))
}

pub(super) fn sign_in(page: &Page<'_>) -> Result<Reply, Problem> {
    let (desk, asked) = (page.desk, page.asked);
    asked.body.only(&["account", "token", "csrf", "next"])?;
    let account = asked.body.text("account");
    let wrong =
        |error| LoginPage { account: account.clone(), error: Some(error), ..LoginPage::default() };
    let kept = desk.cookies.read(Cookie::SignIn, &asked.headers);
    let is_ours = kept.zip(asked.body.get("csrf")).is_some_and(|(kept, sent)| is_same(&kept, sent));
    let is_from_here = admission::is_our_form(&asked.headers, Some(""), Some("")).is_ok();
    if !is_ours || !is_from_here {
        return again(page, StatusCode::FORBIDDEN, wrong(LoginError::Form));
    }
    let token = asked.body.text("token");
    let Ok(digest) = admission::sign_in(desk, &account, &token) else {
        tracing::warn!("somebody could not sign in");
        return again(page, StatusCode::UNAUTHORIZED, wrong(LoginError::Refused));
    };
    let secret = desk.sessions.begin(Who::Token(digest), Instant::now());
    let secret =
        secret.map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
    tracing::info!(account, "somebody signed in");
    let cookies =
        vec![desk.cookies.set(Cookie::Session, &secret), desk.cookies.set(Cookie::SignIn, "")];
    Ok(Reply::Elsewhere(next(asked.query.get("next")), cookies))
}

/// A page of ours; anything else is the first one.
fn next(wanted: Option<&str>) -> String {
    let is_ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.starts_with("/login")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    wanted.filter(is_ours).unwrap_or("/").to_owned()
}

pub(super) fn sign_out(page: &Page<'_>) -> Result<Reply, Problem> {
    let desk = page.desk;
    if let Some(secret) = desk.cookies.read(Cookie::Session, &page.asked.headers) {
        desk.sessions.end(&secret);
    }
    Ok(Reply::Elsewhere("/login".to_owned(), vec![desk.cookies.set(Cookie::Session, "")]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signs_in_goes_on_to_a_page_of_ours() {
        assert_eq!(next(Some("/decisions?brand=a%20b")), "/decisions?brand=a%20b");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil", "/a\r\nb", "/login?next=/", ""]
        {
            assert_eq!(next(Some(elsewhere)), "/", "{elsewhere}");
        }
        assert_eq!(next(None), "/");
    }
}
