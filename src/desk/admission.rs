//! Who asks: a bearer token for programs, a session for browsers, and whether the request is what it pretends to be.
//!
//! INVARIANT: who may not ask learns nothing but that; nothing is looked up before.

use std::net::SocketAddr;
use std::time::Instant;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

use super::Desk;
use super::roles::Account;
use super::session::{Cookie, Person, Who, is_same};
use crate::access::{Digest, Refused, Role};
use crate::answers::{Problem, ProblemKind};
use crate::http::bearer::bearer;

/// The account of a desk that asks nobody who they are.
const VISITOR: &str = "visitor";

fn unauthorized(detail: &str) -> Problem {
    Problem::new(ProblemKind::Unauthorized, detail)
}

/// Who a program is.
///
/// # Errors
/// Nobody.
pub(super) fn program(desk: &Desk, headers: &HeaderMap) -> Result<Account, Problem> {
    if let Some(visitor) = visitor(desk) {
        return Ok(visitor);
    }
    let Some(access) = &desk.access else {
        return Err(unauthorized("no tokens are configured: name a file in `desk.tokens_file`"));
    };
    let Some(token) = bearer(headers) else {
        return Err(unauthorized("send `Authorization: Bearer` and a token of `desk.tokens_file`"));
    };
    let caller = access.admits(token).map_err(refused)?;
    Ok(Account::of_role(&caller.id, caller.role))
}

/// Who a browser is; `None` has to sign in.
pub(super) fn browser(desk: &Desk, headers: &HeaderMap) -> Option<Account> {
    if let Some(visitor) = visitor(desk) {
        return Some(visitor);
    }
    let secret = desk.cookies.read(Cookie::Session, headers)?;
    let session = desk.sessions.find(&secret, Instant::now())?;
    let account = match session.who {
        Who::Token(digest) => {
            let caller = desk.access.as_ref()?.admits_digest(&digest).ok()?;
            Account::of_role(&caller.id, caller.role)
        }
        Who::WorkAccount(Person { id, roles }) => Account { id, roles, csrf: None },
    };
    Some(Account { csrf: Some(session.csrf), ..account })
}

/// Whoever comes, where nobody is asked.
fn visitor(desk: &Desk) -> Option<Account> {
    desk.visitors.as_ref().map(|csrf| Account {
        id: VISITOR.to_owned(),
        roles: vec![Role::Viewer, Role::Operator, Role::Officer],
        csrf: Some(csrf.clone()),
    })
}

fn refused(refused: Refused) -> Problem {
    unauthorized(match refused {
        Refused::Unknown => "the token is nobody's: `consent-gate token new` makes one",
        Refused::Expired => "the token has expired: `consent-gate token new` makes another",
    })
}

/// The token behind what somebody signs in with.
///
/// # Errors
/// It is nobody's, or not this account's; which of both is not said.
pub(super) fn sign_in(desk: &Desk, account: &str, token: &str) -> Result<Digest, Problem> {
    let nobody = || unauthorized("account and token do not belong together, or have expired");
    let access = desk.access.as_ref().ok_or_else(nobody)?;
    let digest = Digest::of(token.as_bytes());
    let caller = access.admits_digest(&digest).map_err(|_| nobody())?;
    if caller.id != account || caller.role == Role::Sender {
        return Err(nobody());
    }
    Ok(digest)
}

/// That a browser's form is ours, and sent by our page.
///
/// # Errors
/// It is not.
pub(super) fn is_our_form(
    headers: &HeaderMap,
    expected: Option<&str>,
    sent: Option<&str>,
) -> Result<(), Problem> {
    let foreign = || {
        let detail =
            "the form was not sent by this desk's page, or the page is too old: open it again";
        Problem::new(ProblemKind::Forbidden, detail)
    };
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        return Err(foreign());
    }
    if let Some(origin) = text(ORIGIN) {
        let host = text(HOST).unwrap_or_default();
        let after_scheme = origin.split_once("://").map(|(_, host)| host);
        if after_scheme != Some(host) {
            return Err(foreign());
        }
    }
    let (Some(expected), Some(sent)) = (expected, sent) else { return Err(foreign()) };
    if is_same(expected, sent) { Ok(()) } else { Err(foreign()) }
}

/// That the request is for this desk: another name may be a stranger's page that has made its name point here.
///
/// # Errors
/// It is for somebody else.
pub(super) fn is_for_us(desk: &Desk, headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_ours = match &desk.public_host {
        Some(public) => host.eq_ignore_ascii_case(public) || is_loopback(host),
        None => is_loopback(host),
    };
    if is_ours {
        return Ok(());
    }
    let detail = "this desk is reached by another name: `desk.public_url` says which";
    Err(Problem::new(ProblemKind::Forbidden, detail))
}

/// Whether the name or address is this machine's own.
fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    // without a port: of an address in brackets the last colon is its own
    let port =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = port.filter(|_| !host.ends_with(']')).map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_few_names() {
        for own in
            ["127.0.0.1", "127.0.0.1:8090", "localhost:8090", "LOCALHOST", "[::1]:8090", "[::1]"]
        {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["", "10.0.0.1:8090", "localhost.evil.example", "evil.example:80", "[::2]:1"] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn a_form_from_elsewhere_is_refused() {
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            let pairs = pairs.iter().map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), value.parse().unwrap())
            });
            pairs.collect()
        };
        let host = ("host", "desk.example");
        let ours =
            headers(&[host, ("origin", "https://desk.example"), ("sec-fetch-site", "same-origin")]);
        assert!(is_our_form(&ours, Some("x"), Some("x")).is_ok());
        assert!(is_our_form(&headers(&[host]), Some("x"), Some("x")).is_ok(), "an old browser");
        for (expected, sent) in
            [(Some("x"), Some("y")), (Some("x"), None), (None, Some("")), (None, None)]
        {
            assert!(is_our_form(&ours, expected, sent).is_err());
        }
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(
                is_our_form(&headers(&[host, foreign]), Some("x"), Some("x")).is_err(),
                "{foreign:?}"
            );
        }
    }
}
