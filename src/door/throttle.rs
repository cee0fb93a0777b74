//! How often somebody may make the door send mail: from one network, to one mailbox, and all together. Counted by keyed hashes, in
//! memory; an attempt counts where all three admit it.
//!
//! Networks are counted where `door.trusted_proxies` says whose word on addresses counts: behind a proxy that nobody names every
//! request comes from the proxy, and one busy network would close the form for all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::DoorBound;

/// Mails from one network in [`SPAN`]: an office or a block of a mobile network signs up together at times.
const NETWORK_MAX: u32 = 60;
/// Mails to one mailbox in [`SPAN`].
const MAILBOX_MAX: u32 = 3;
/// Over which both are counted.
const SPAN: Duration = Duration::from_secs(3_600);
/// Mails to all mailboxes in [`MINUTE`]; a form that is attacked must not write to thousands.
const MINUTE_MAX: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);
/// Mailboxes, and networks, that are told apart: more than [`MINUTE_MAX`] lets in within [`SPAN`], so none waits for another.
const NAMES_MAX: usize = 100_000;

/// Which bound was reached, and after how many seconds to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) bound: DoorBound,
    pub(super) seconds: u32,
}

#[derive(Clone, Copy)]
struct Count {
    since: Instant,
    n: u32,
}

impl Count {
    /// One more; of a span that is over, the first.
    fn more(self, now: Instant, span: Duration) -> Self {
        if now.duration_since(self.since) >= span {
            Self { since: now, n: 1 }
        } else {
            Self { n: self.n.saturating_add(1), ..self }
        }
    }

    /// For how long it is full.
    fn full(self, now: Instant, span: Duration, n_max: u32) -> Option<u32> {
        let left = span.checked_sub(now.duration_since(self.since)).filter(|left| !left.is_zero());
        let left = left.filter(|_| self.n >= n_max)?;
        Some(u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
    }
}

/// Counts of one kind, by name.
#[derive(Default)]
struct Named(HashMap<String, Count>);

impl Named {
    fn full(&mut self, name: &str, now: Instant, n_max: u32) -> Option<u32> {
        if self.0.len() >= NAMES_MAX && !self.0.contains_key(name) {
            self.0.retain(|_, count| now.duration_since(count.since) < SPAN);
            if self.0.len() >= NAMES_MAX {
                return u32::try_from(MINUTE.as_secs()).ok();
            }
        }
        self.0.get(name).and_then(|count| count.full(now, SPAN, n_max))
    }

    fn count(&mut self, name: &str, now: Instant) {
        let count = self.0.get(name).copied().unwrap_or(Count { since: now, n: 0 });
        self.0.insert(name.to_owned(), count.more(now, SPAN));
    }

    fn give_back(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            count.n = count.n.saturating_sub(1);
            if count.n == 0 {
                self.0.remove(name);
            }
        }
    }
}

/// Under what one mail was counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admission {
    mailbox: String,
    network: Option<String>,
}

struct Counts {
    networks: Named,
    mailboxes: Named,
    minute: Count,
}

/// The counts.
pub(super) struct Throttle(Mutex<Counts>);

impl Throttle {
    pub(super) fn new() -> Self {
        let minute = Count { since: Instant::now(), n: 0 };
        Self(Mutex::new(Counts { networks: Named::default(), mailboxes: Named::default(), minute }))
    }

    /// Whether one more mail may go to this mailbox, asked for from this network where one is known.
    pub(super) fn admit(&self, mailbox: &str, network: Option<&str>) -> Result<Admission, Full> {
        self.at(mailbox, network, Instant::now())?;
        Ok(Admission { mailbox: mailbox.to_owned(), network: network.map(str::to_owned) })
    }

    /// Takes an admission back: no mail went out.
    pub(super) fn give_back(&self, Admission { mailbox, network }: &Admission) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { networks, mailboxes, minute } = &mut *counts;
        mailboxes.give_back(mailbox);
        if let Some(name) = network {
            networks.give_back(name);
        }
        minute.n = minute.n.saturating_sub(1);
    }

    fn at(&self, mailbox: &str, network: Option<&str>, now: Instant) -> Result<(), Full> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { networks, mailboxes, minute } = &mut *counts;
        let refused = |bound| move |seconds| Err(Full { bound, seconds });
        let of_network = network.and_then(|name| networks.full(name, now, NETWORK_MAX));
        of_network.map_or(Ok(()), refused(DoorBound::Networks))?;
        let of_mailbox = mailboxes.full(mailbox, now, MAILBOX_MAX);
        let of_all = || minute.full(now, MINUTE, MINUTE_MAX);
        of_mailbox.or_else(of_all).map_or(Ok(()), refused(DoorBound::Mails))?;
        if let Some(name) = network {
            networks.count(name, now);
        }
        mailboxes.count(mailbox, now);
        *minute = minute.more(now, MINUTE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(bound: DoorBound, seconds: u32) -> Result<(), Full> {
        Err(Full { bound, seconds })
    }

    #[test]
    fn a_mailbox_is_written_to_thrice_an_hour_and_all_together_are_bounded() {
        let throttle = Throttle::new();
        let now = Instant::now();
        for _ in 0..MAILBOX_MAX {
            assert_eq!(throttle.at("a", None, now), Ok(()));
        }
        assert_eq!(throttle.at("a", None, now), full(DoorBound::Mails, 3_600));
        assert_eq!(throttle.at("b", None, now), Ok(()));
        assert_eq!(throttle.at("a", None, now + SPAN), Ok(()));
        let later = now + 2 * SPAN;
        let n = (0..1_000).filter(|n| throttle.at(&format!("m{n}"), None, later).is_ok()).count();
        assert_eq!(n, 300);
        assert_eq!(throttle.at("z", None, later + MINUTE), Ok(()));
    }

    #[test]
    fn a_network_asks_for_sixty_mails_an_hour_and_another_goes_on() {
        let throttle = Throttle::new();
        let now = Instant::now();
        let ask = |n: u32, network, now| throttle.at(&format!("m{n}"), Some(network), now);
        for n in 0..NETWORK_MAX {
            assert_eq!(ask(n, "one", now), Ok(()));
        }
        assert_eq!(ask(1_000, "one", now), full(DoorBound::Networks, 3_600));
        assert_eq!(ask(1_000, "other", now), Ok(()), "who was refused has used nothing up");
        assert_eq!(ask(1_001, "one", now + SPAN), Ok(()));
    }

    #[test]
    fn what_is_counted_stays_bounded() {
        let mut named = Named::default();
        let now = Instant::now();
        for n in 0..NAMES_MAX {
            named.count(&n.to_string(), now);
        }
        assert_eq!(named.full("7", now, 3), None, "whoever is known goes on");
        assert_eq!(named.full("new", now, 3), Some(60));
        assert_eq!(named.full("new", now + SPAN, 3), None);
        assert_eq!(named.0.len(), 0);
    }

    fn n_known(throttle: &Throttle) -> usize {
        throttle.0.lock().unwrap().mailboxes.0.len()
    }

    #[test]
    fn addresses_that_are_made_up_keep_nobody_out_for_longer_than_a_minute() {
        let throttle = Throttle::new();
        let now = Instant::now();
        let ask = |name: &str, now| throttle.at(name, None, now);
        let n = (0..NAMES_MAX).filter(|n| ask(&format!("m{n}"), now).is_ok()).count();
        assert_eq!((n, n_known(&throttle)), (300, 300), "who is not admitted takes no place");
        assert_eq!(ask("ana", now), full(DoorBound::Mails, 60));
        assert_eq!(ask("ana", now + MINUTE), Ok(()));
        // even at the bound, an hour of it leaves room
        let n_hour = MINUTE_MAX as usize * 60;
        assert!(n_hour < NAMES_MAX, "{n_hour}");
    }

    #[test]
    fn what_was_not_sent_is_not_counted() {
        let throttle = Throttle::new();
        let admit = || throttle.admit("a", Some("one"));
        for _ in 0..1_000 {
            throttle.give_back(&admit().unwrap());
        }
        assert_eq!(n_known(&throttle), 0);
        let admitted: Vec<Admission> = (0..MAILBOX_MAX).map(|_| admit().unwrap()).collect();
        throttle.give_back(&admitted[0]);
        assert!(admit().is_ok());
        assert!(admit().is_err());
    }
}
