//! Signing in with a token, and out.

use std::time::Instant;

use axum::http::StatusCode;
use gate_pages::{LoginError, LoginPage};

use super::super::admission;
use super::super::reply::Reply;
use super::super::session::{Cookie, is_same};
use super::{Page, form_secret};
use crate::answers::{Problem, ProblemKind};

pub(super) fn form(page: &Page<'_>) -> Result<Reply, Problem> {
    if page.desk.visitors.is_some() {
        return Ok(Reply::Elsewhere("/".to_owned(), Vec::new()));
    }
    again(page, StatusCode::OK, LoginPage::default())
}

/// The form with a fresh secret, which the browser keeps beside it.
fn again(page: &Page<'_>, status: StatusCode, login: LoginPage) -> Result<Reply, Problem> {
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
    let secret = desk.sessions.begin(digest, Instant::now());
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
