//! People who were looked up, for as long as somebody reads on: an opaque handle stands for each, for one account alone.
//!
//! What was typed is kept here and nowhere else, wiped when the handle ends: a message to the person cannot be judged by a
//! hash. Nothing that names a person stands in an address, a log or the browser's history.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate_core::SubjectKey;
use zeroize::Zeroizing;

use super::session::{NoRandomness, secret};
use crate::access::Digest;

/// People at a time; beyond it the oldest handle ends.
pub(super) const HANDLES_MAX: usize = 2_000;
/// How long one may read on without asking again.
pub(super) const HANDLE_TIME: Duration = Duration::from_secs(30 * 60);

/// A person, as the account named them.
#[derive(Default)]
pub(super) struct Person {
    /// The key of the contact id.
    pub(super) contact: Option<SubjectKey>,
    /// The key of the address.
    pub(super) address: Option<SubjectKey>,
    /// The contact id as it was typed.
    pub(super) contact_id: Option<Zeroizing<String>>,
    /// The address as it was typed.
    pub(super) typed_address: Option<Zeroizing<String>>,
    /// The country of a national number.
    pub(super) region: Option<String>,
    /// Why somebody looks.
    pub(super) reason: String,
    /// The ticket they named.
    pub(super) ticket: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person([redacted])")
    }
}

struct Handle {
    account: String,
    person: Arc<Person>,
    ends: Instant,
}

/// All handles.
#[derive(Default)]
pub(super) struct Handles {
    by_secret: Mutex<BTreeMap<String, Handle>>,
}

fn known_as(secret: &str) -> String {
    Digest::of(secret.as_bytes()).text()
}

impl Handles {
    /// A new one, for this account alone.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn begin(
        &self,
        account: &str,
        person: Person,
        now: Instant,
    ) -> Result<String, NoRandomness> {
        let secret = secret()?;
        let mut handles = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|_, handle| handle.ends > now);
        if handles.len() >= HANDLES_MAX {
            let oldest = handles.iter().min_by_key(|(_, handle)| handle.ends);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                handles.remove(&oldest);
            }
        }
        let handle = Handle {
            account: account.to_owned(),
            person: Arc::new(person),
            ends: now + HANDLE_TIME,
        };
        handles.insert(known_as(&secret), handle);
        Ok(secret)
    }

    /// Whom the handle stands for; another account's is none.
    pub(super) fn find(&self, account: &str, secret: &str, now: Instant) -> Option<Arc<Person>> {
        let mut handles = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = handles.get_mut(&known_as(secret))?;
        if handle.account != account || handle.ends <= now {
            return None;
        }
        handle.ends = now + HANDLE_TIME;
        Some(Arc::clone(&handle.person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_for_one_account_and_ends() {
        let (handles, now) = (Handles::default(), Instant::now());
        let person = Person {
            contact: Some(SubjectKey([7; 16])),
            typed_address: Some(Zeroizing::new("ana@example.com".to_owned())),
            ..Person::default()
        };
        assert!(!format!("{person:?}").contains("ana"));
        let secret = handles.begin("olga", person, now).unwrap();
        let found = handles.find("olga", &secret, now).unwrap();
        assert_eq!(found.contact, Some(SubjectKey([7; 16])));
        assert!(handles.find("otto", &secret, now).is_none(), "another account");
        assert!(handles.find("olga", "0", now).is_none());
        let later = now + HANDLE_TIME - Duration::from_secs(1);
        assert!(handles.find("olga", &secret, later).is_some(), "reading on");
        assert!(handles.find("olga", &secret, later + HANDLE_TIME).is_none());
    }

    #[test]
    fn the_oldest_makes_room() {
        let (handles, now) = (Handles::default(), Instant::now());
        let first = handles.begin("olga", Person::default(), now).unwrap();
        for _ in 0..HANDLES_MAX {
            handles.begin("olga", Person::default(), now + Duration::from_secs(1)).unwrap();
        }
        assert!(handles.find("olga", &first, now).is_none());
    }
}
