//! One writer at a time in a place of object storage, without clocks that agree.
//!
//! The lease is an object that its holder writes again and again, each time only if it is still as it was left (`If-Match`).
//! Whoever wants it watches: after [`SILENCE`] without a change the holder is taken for dead, and the lease is taken over, again
//! only if nobody else was faster. A holder counts as one for [`SURE`] after its last renewal, by its own clock, and writes
//! nothing afterwards; what it has on its way ends within [`ANSWER_MAX`](super::ANSWER_MAX). Together that is half of the silence.
//!
//! INVARIANT: `SURE + ANSWER_MAX < SILENCE`. Every renewal changes the object, so that watching sees it.

use super::Objects;
use object_store::UpdateVersion;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after a renewal its holder may write.
pub const SURE: Duration = Duration::from_secs(90);
/// How often it renews.
pub const RENEW: Duration = Duration::from_secs(20);
/// How long nothing may change before somebody else takes it.
pub const SILENCE: Duration = Duration::from_secs(300);

const _: () = assert!(
    SURE.as_secs() + super::ANSWER_MAX.as_secs() < SILENCE.as_secs(),
    "a holder has nothing on its way any more when another takes over"
);

/// What an object without a holder begins with.
const FREE: &str = "free";

/// The lease in hand.
#[derive(Debug)]
pub struct Lease {
    objects: Arc<Objects>,
    path: String,
    owner: String,
    /// Never locked while the storage is asked: whoever writes looks here first.
    held: Mutex<Option<Held>>,
    /// One asks at a time.
    asking: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Held {
    version: UpdateVersion,
    renewed: Instant,
    n_renewals: u64,
}

/// Watches a lease that somebody else may hold.
#[derive(Debug)]
pub struct Watch {
    objects: Arc<Objects>,
    path: String,
    owner: String,
    seen: Option<(Vec<u8>, Instant)>,
}

/// What a look at a lease has brought.
#[derive(Debug)]
pub enum Look {
    /// It is ours.
    Taken(Lease),
    /// Somebody else's; how long it has been watched without a change.
    Held {
        /// Whose.
        by: String,
        /// For how long.
        silent_for: Duration,
    },
}

impl Watch {
    /// Of the lease at this path; `owner` is ours alone, the same over restarts, and stands in it.
    #[must_use]
    pub fn new(objects: &Arc<Objects>, path: &str, owner: &str) -> Self {
        let (path, owner) = (path.to_owned(), owner.to_owned());
        Self { objects: Arc::clone(objects), path, owner, seen: None }
    }

    /// Takes the lease if it is free, ours, or silent.
    ///
    /// # Errors
    /// The storage cannot be asked now, or knows no conditional writes.
    pub fn look(&mut self, now: Instant) -> io::Result<Look> {
        let found = self.objects.get_versioned(&self.path)?;
        let silent_for = match (&found, &self.seen) {
            (Some((content, _)), Some((seen, since))) if content == seen => {
                now.saturating_duration_since(*since)
            }
            (Some((content, _)), _) => {
                self.seen = Some((content.clone(), now));
                Duration::ZERO
            }
            (None, _) => Duration::ZERO,
        };
        let holder = found.as_ref().map(|(content, _)| holder_of(content));
        let may_take = match &holder {
            None => true,
            Some(by) => by == FREE || *by == self.owner || silent_for >= SILENCE,
        };
        if !may_take {
            return Ok(Look::Held { by: holder.unwrap_or_default(), silent_for });
        }
        let (path, content) = (&self.path, content_of(&self.owner, 0));
        let made = match found {
            None => self.objects.create_versioned(path, &content)?,
            Some((_, version)) => self.objects.update(path, &content, version)?,
        };
        // somebody else was faster, and is watched from its beginning
        let Some(version) = made else {
            let by = "somebody who has just taken it".to_owned();
            return Ok(Look::Held { by, silent_for: Duration::ZERO });
        };
        let held = Mutex::new(Some(Held { version, renewed: now, n_renewals: 0 }));
        let (objects, path, owner) =
            (Arc::clone(&self.objects), self.path.clone(), self.owner.clone());
        Ok(Look::Taken(Lease { objects, path, owner, held, asking: Mutex::default() }))
    }
}

impl Lease {
    /// Whether its holder may write now.
    #[must_use]
    pub fn is_sure(&self, now: Instant) -> bool {
        self.held().is_some_and(|held| now.saturating_duration_since(held.renewed) < SURE)
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Writes it again; `false` when it is somebody else's, for good.
    ///
    /// # Errors
    /// The storage cannot be asked now: it is held on, as long as it is sure.
    pub fn renew(&self, now: Instant) -> io::Result<bool> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Held { version, n_renewals, .. }) = self.held() else { return Ok(false) };
        let n_renewals = n_renewals.saturating_add(1);
        let content = content_of(&self.owner, n_renewals);
        let made = self.objects.update(&self.path, &content, version)?;
        // an answer that was lost may have been a yes: what stands there tells
        let made = match made {
            Some(version) => Some(version),
            None => self
                .objects
                .get_versioned(&self.path)?
                .and_then(|(found, version)| (found == content).then_some(version)),
        };
        let is_ours = made.is_some();
        self.set(made.map(|version| Held { version, renewed: now, n_renewals }));
        Ok(is_ours)
    }

    /// Lets go of it, so that the next need not wait.
    ///
    /// # Errors
    /// It could not be: the next waits.
    pub fn release(&self) -> io::Result<()> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Held { version, .. }) = self.held() else { return Ok(()) };
        // whatever becomes of it, nothing is written any more
        self.set(None);
        self.objects.update(&self.path, FREE.as_bytes(), version).map(drop)
    }
}

/// Different each time: that it changes is what others look at. The time of day tells two lives of one owner apart, nothing else.
fn content_of(owner: &str, n_renewals: u64) -> Vec<u8> {
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{owner}\n{n_renewals}\n{}\n", at.as_micros()).into_bytes()
}

fn holder_of(content: &[u8]) -> String {
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(first).chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn both() -> [Arc<Objects>; 2] {
        let store: Arc<dyn object_store::ObjectStore> = Arc::new(InMemory::new());
        [(); 2].map(|()| Arc::new(Objects::over(Arc::clone(&store)).unwrap()))
    }

    fn taken(look: Look) -> Lease {
        match look {
            Look::Taken(lease) => lease,
            Look::Held { by, silent_for } => panic!("held by {by} for {silent_for:?}"),
        }
    }

    fn held(look: Look) -> (String, Duration) {
        match look {
            Look::Held { by, silent_for } => (by, silent_for),
            Look::Taken(lease) => panic!("taken: {lease:?}"),
        }
    }

    #[test]
    fn one_holds_it_and_the_other_waits_for_silence() {
        let [first, second] = both();
        let start = Instant::now();
        let lease = taken(Watch::new(&first, "lock", "one").look(start).unwrap());
        let mut watch = Watch::new(&second, "lock", "two");
        assert_eq!(held(watch.look(start).unwrap()), ("one".to_owned(), Duration::ZERO));
        let later = start + SILENCE / 2;
        assert!(lease.renew(later).unwrap());
        assert_eq!(held(watch.look(start + SILENCE).unwrap()).1, Duration::ZERO, "it has changed");
        let silent = start + SILENCE + SILENCE;
        let other = taken(watch.look(silent).unwrap());
        assert!(!lease.is_sure(silent), "it has stopped long before");
        assert!(!lease.renew(silent).unwrap(), "and is told so");
        assert!(!lease.is_sure(later), "for good");
        assert!(other.renew(silent).unwrap() && other.is_sure(silent));
    }

    #[test]
    fn a_holder_that_comes_back_or_lets_go_keeps_nobody_waiting() {
        let [first, second] = both();
        let now = Instant::now();
        let killed = taken(Watch::new(&first, "lock", "one").look(now).unwrap());
        let again = taken(Watch::new(&first, "lock", "one").look(now).unwrap());
        assert!(!killed.renew(now).unwrap(), "its former life is over");
        again.release().unwrap();
        assert!(!again.is_sure(now));
        taken(Watch::new(&second, "lock", "two").look(now).unwrap());
    }

    #[test]
    fn a_holder_is_sure_for_a_while_only() {
        let [first, _] = both();
        let now = Instant::now();
        let lease = taken(Watch::new(&first, "lock", "one").look(now).unwrap());
        assert!(lease.is_sure(now + SURE - Duration::from_secs(1)));
        assert!(!lease.is_sure(now + SURE));
        assert!(lease.renew(now + SURE).unwrap() && lease.is_sure(now + SURE));
    }
}
