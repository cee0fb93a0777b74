//! Browsers that are signed in.
//!
//! A session lives in this process alone. One that began with a token knows it by its hash, which is asked for at each request: a
//! token that is taken back ends its sessions. One of a work account has the roles of the moment it began. What the browser holds is 32 random bytes; here is their hash.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::{constant_time, rand};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::access::{Digest, Role};
use crate::headers::hex;

/// Browsers at a time; beyond it the one that has been silent longest is signed out.
pub(super) const SESSIONS_MAX: usize = 1_000;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A secret that goes out once and is never written down here.
pub(super) fn secret() -> Result<String, NoRandomness> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(hex(&bytes))
}

/// The system has no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub(super) struct NoRandomness;

/// Whether both are the same, in a time that tells nothing.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Who has signed in with a work account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// As the access log names them.
    pub(super) id: String,
    pub(super) roles: Vec<Role>,
}

/// Who is behind a session.
#[derive(Clone)]
pub(super) enum Who {
    /// Whoever has the token of this hash.
    Token(Digest),
    /// An account of the identity provider.
    WorkAccount(Person),
}

/// A browser that is signed in.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) who: Who,
    /// What its forms must send back.
    pub(super) csrf: String,
    ends: Instant,
    used: Instant,
}

/// All of them.
pub(super) struct Sessions {
    lifetime: Duration,
    by_secret: Mutex<BTreeMap<String, Session>>,
}

/// The key under which a secret is known here.
fn known_as(secret: &str) -> String {
    Digest::of(secret.as_bytes()).text()
}

impl Sessions {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, by_secret: Mutex::default() }
    }

    /// A new one, and its secret.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn begin(&self, who: Who, now: Instant) -> Result<String, NoRandomness> {
        let (secret, csrf) = (secret()?, secret()?);
        let mut sessions = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.ends > now);
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                sessions.remove(&oldest);
                tracing::warn!(
                    n_max = SESSIONS_MAX,
                    "a browser was signed out: there are too many"
                );
            }
        }
        let session = Session { who, csrf, ends: now + self.lifetime, used: now };
        sessions.insert(known_as(&secret), session);
        Ok(secret)
    }

    /// The session of that secret.
    pub(super) fn find(&self, secret: &str, now: Instant) -> Option<Session> {
        let mut sessions = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&known_as(secret)).filter(|it| it.ends > now)?;
        session.used = now;
        Some(session.clone())
    }

    pub(super) fn end(&self, secret: &str) {
        let mut sessions = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&known_as(secret));
    }
}

/// Names and attributes of the desk's cookies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    /// Whether browsers come by TLS.
    pub(super) is_secure: bool,
}

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The secret of a session.
    Session,
    /// What the form to sign in must send back.
    SignIn,
    /// What must come back from the identity provider.
    WorkAccount,
    /// The language somebody has chosen.
    Language,
}

impl Cookies {
    fn name(self, cookie: Cookie) -> &'static str {
        // the prefix keeps other hosts of the domain from setting it
        match (cookie, self.is_secure) {
            (Cookie::Session, true) => "__Host-desk",
            (Cookie::Session, false) => "desk",
            (Cookie::SignIn, true) => "__Host-desk-sign-in",
            (Cookie::SignIn, false) => "desk-sign-in",
            (Cookie::WorkAccount, true) => "__Host-desk-work-account",
            (Cookie::WorkAccount, false) => "desk-work-account",
            (Cookie::Language, true) => "__Host-desk-language",
            (Cookie::Language, false) => "desk-language",
        }
    }

    /// The header that sets it; an empty value takes it back.
    pub(super) fn set(self, cookie: Cookie, value: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age = if value.is_empty() { "; Max-Age=0" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(cookie))
    }

    /// What the browser sends of it.
    pub(super) fn read(self, cookie: Cookie, headers: &HeaderMap) -> Option<String> {
        let name = self.name(cookie);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
        let value = values.next()?;
        // two of one name: somebody else has set one
        values.next().is_none().then(|| value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &[u8]) -> Who {
        Who::Token(Digest::of(text))
    }

    #[test]
    fn a_session_is_found_by_its_secret_until_it_ends() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let now = Instant::now();
        let secret = sessions.begin(token(b"token"), now).unwrap();
        let found = sessions.find(&secret, now).unwrap();
        assert!(matches!(found.who, Who::Token(it) if it.is(&Digest::of(b"token"))));
        assert_ne!(found.csrf, secret);
        assert!(sessions.find("another", now).is_none());
        assert!(sessions.find(&secret, now + Duration::from_secs(60)).is_none());
        sessions.end(&secret);
        assert!(sessions.find(&secret, now).is_none());
    }

    #[test]
    fn the_one_that_was_silent_longest_makes_room() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let now = Instant::now();
        let first = sessions.begin(token(b""), now).unwrap();
        let second = sessions.begin(token(b""), now).unwrap();
        for _ in 2..SESSIONS_MAX {
            sessions.begin(token(b""), now + Duration::from_secs(1)).unwrap();
        }
        sessions.find(&first, now + Duration::from_secs(2)).unwrap();
        sessions.begin(token(b""), now + Duration::from_secs(3)).unwrap();
        assert!(sessions.find(&first, now).is_some() && sessions.find(&second, now).is_none());
    }

    #[test]
    fn a_cookie_is_ours_or_nobodys() {
        let headers = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, line.parse().unwrap());
            }
            headers
        };
        let (plain, secure) = (Cookies { is_secure: false }, Cookies { is_secure: true });
        let sent = headers(&["a=1; desk=x; __Host-desk=y"]);
        assert_eq!(plain.read(Cookie::Session, &sent).as_deref(), Some("x"));
        assert_eq!(secure.read(Cookie::Session, &sent).as_deref(), Some("y"));
        assert_eq!(plain.read(Cookie::SignIn, &sent), None);
        assert_eq!(plain.read(Cookie::Session, &headers(&["desk=x", "desk=z"])), None);
        let set = secure.set(Cookie::Session, "s");
        assert_eq!(set, "__Host-desk=s; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(plain.set(Cookie::Session, "").ends_with("SameSite=Lax; Max-Age=0"));
    }
}
