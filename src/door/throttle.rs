//! How often somebody may make the door send mail: by mailbox, and all together. Counted by keyed hashes, in memory.
//!
//! Networks are not counted: behind a proxy every request comes from the proxy, and what it says of others is the sender's to write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Mails to one mailbox in [`SPAN`].
const MAILBOX_MAX: u32 = 3;
/// Over which it is counted.
const SPAN: Duration = Duration::from_secs(3_600);
/// Mails to all mailboxes in a minute; a form that is attacked must not write to thousands.
const MINUTE_MAX: u32 = 300;
/// Mailboxes that are told apart; the next ones wait.
const MAILBOXES_MAX: usize = 100_000;

struct Count {
    since: Instant,
    n: u32,
}

impl Count {
    fn begin(now: Instant) -> Self {
        Self { since: now, n: 0 }
    }

    /// Counts one more, unless the span is full.
    fn admits(&mut self, now: Instant, span: Duration, n_max: u32) -> bool {
        if now.duration_since(self.since) >= span {
            *self = Self::begin(now);
        }
        let admits = self.n < n_max;
        self.n += u32::from(admits);
        admits
    }
}

struct Counts {
    mailboxes: HashMap<String, Count>,
    minute: Count,
}

/// The counts.
pub(super) struct Throttle(Mutex<Counts>);

impl Throttle {
    pub(super) fn new() -> Self {
        let minute = Count::begin(Instant::now());
        Self(Mutex::new(Counts { mailboxes: HashMap::new(), minute }))
    }

    /// Whether one more mail may go to this mailbox; else after how many seconds.
    pub(super) fn admit(&self, mailbox: &str) -> Result<(), u32> {
        self.at(mailbox, Instant::now())
    }

    fn at(&self, mailbox: &str, now: Instant) -> Result<(), u32> {
        let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        let minute = Duration::from_secs(60);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.mailboxes.len() >= MAILBOXES_MAX {
            counts.mailboxes.retain(|_, count| now.duration_since(count.since) < SPAN);
            if counts.mailboxes.len() >= MAILBOXES_MAX {
                return Err(seconds(minute));
            }
        }
        let own = counts.mailboxes.entry(mailbox.to_owned()).or_insert_with(|| Count::begin(now));
        if !own.admits(now, SPAN, MAILBOX_MAX) {
            return Err(seconds(SPAN));
        }
        if counts.minute.admits(now, minute, MINUTE_MAX) { Ok(()) } else { Err(seconds(minute)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_written_to_thrice_an_hour_and_all_together_are_bounded() {
        let throttle = Throttle::new();
        let now = Instant::now();
        for _ in 0..MAILBOX_MAX {
            assert_eq!(throttle.at("a", now), Ok(()));
        }
        assert_eq!(throttle.at("a", now), Err(3_600));
        assert_eq!(throttle.at("b", now), Ok(()));
        assert_eq!(throttle.at("a", now + SPAN), Ok(()));
        let later = now + 2 * SPAN;
        let n = (0..1_000).filter(|n| throttle.at(&format!("m{n}"), later).is_ok()).count();
        assert_eq!(n, 300);
        assert_eq!(throttle.at("z", later + Duration::from_secs(60)), Ok(()));
    }
}
