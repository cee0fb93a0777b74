//! A browser as far as the desk needs one: a cookie, forms, links.

use super::{between, ms};
use crate::http::{Answer, send};
use anyhow::{Result, bail};
use consent_gate::access::Token;
use std::time::Instant;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Somebody who is signed in.
pub(super) struct Browser {
    port: u16,
    cookie: String,
}

impl Browser {
    /// Signs in by the form.
    pub(super) fn sign_in(port: u16, account: &str, token: &Token) -> Result<Self> {
        let form = send(port, "GET /login", &[], "")?;
        let cookie = cookie(&form)?;
        let csrf = cookie.split_once('=').map_or("", |(_, value)| value);
        let body = format!("account={account}&token={}&csrf={csrf}", token.expose());
        let sent = send(port, "POST /login", &[FORM, &format!("Cookie: {cookie}")], &body)?;
        if sent.status != 303 {
            bail!("signing in answers {}", sent.status);
        }
        Ok(Self { port, cookie: self::cookie(&sent)? })
    }

    fn send(&self, line: &str, headers: &[&str], body: &str) -> Result<Answer> {
        let cookie = format!("Cookie: {}", self.cookie);
        let headers: Vec<&str> = headers.iter().copied().chain([cookie.as_str()]).collect();
        send(self.port, line, &headers, body)
    }

    /// A page that has this in it, and how long it took.
    pub(super) fn page(&self, path: &str, has: &str) -> Result<(String, f64)> {
        let began = Instant::now();
        let answer = self.send(&format!("GET {path}"), &[], "")?;
        let took = ms(began);
        if answer.status != 200 || !answer.body.contains(has) {
            bail!("a page answers {} without `{has}`", answer.status);
        }
        Ok((answer.body, took))
    }

    /// Looks somebody up by contact id; where their page is.
    pub(super) fn look_up(&mut self, contact: &str) -> Result<String> {
        let (form, _) = self.page("/people", "name=\"csrf\"")?;
        let csrf = between(&form, "name=\"csrf\" value=\"", "\"")?;
        let body = format!("who={contact}&kind=contact&reason=audit&csrf={csrf}");
        let answer = self.send("POST /people", &[FORM], &body)?;
        match (answer.status, answer.header("location")) {
            (303, Some(to)) => Ok(to.to_owned()),
            (status, _) => bail!("looking somebody up answers {status}"),
        }
    }

    /// Where the decisions of a page are.
    pub(super) fn decisions(&self, path: &str) -> Result<Vec<String>> {
        let (page, _) = self.page(path, "href=\"/decisions/")?;
        let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let decisions = hrefs.filter(|href| href.starts_with("/decisions/") && !href.contains('?'));
        Ok(decisions.map(str::to_owned).collect())
    }
}

/// The last cookie that an answer sets to something.
fn cookie(answer: &Answer) -> Result<String> {
    let set = answer.headers("set-cookie").filter_map(|line| line.split(';').next());
    let mut set = set.filter(|pair| pair.split_once('=').is_some_and(|(_, it)| !it.is_empty()));
    match set.next() {
        Some(pair) => Ok(pair.to_owned()),
        None => bail!("no cookie is set ({})", answer.status),
    }
}
