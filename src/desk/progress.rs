//! How far the index has come: read and still to read of each topic, for `/readyz`, pages and metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gate_index::Log;

/// How far behind the index may be and still be called ready, in seconds.
pub(super) const BEHIND_MAX_S: f64 = 60.0;

/// How far one topic was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reach {
    /// Offsets behind the beginning of the log that were read.
    pub(super) read: i64,
    /// Offsets from its beginning to its end, when it was last asked.
    pub(super) total: i64,
    /// Age of the newest record read while more is there, or for how long it could not be read, in seconds; 0: nothing waits.
    pub(super) behind_s: f64,
    /// Whether it once came to the end.
    pub(super) was_whole: bool,
    /// Why it does not go on, if it does not.
    pub(super) trouble: Option<String>,
}

impl Reach {
    /// 0 to 100.
    pub(super) fn percent(&self) -> u8 {
        if self.total <= 0 {
            return if self.was_whole { 100 } else { 0 };
        }
        let percent = self.read.clamp(0, self.total).saturating_mul(100) / self.total;
        u8::try_from(percent).unwrap_or(100)
    }
}

/// Of both topics.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<BTreeMap<Log, Reach>>);

impl Progress {
    /// Says how far a topic was read.
    pub(super) fn set(&self, log: Log, reach: Reach) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(log, reach);
    }

    /// How far that topic was read.
    pub(super) fn of(&self, log: Log) -> Reach {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&log).cloned().unwrap_or_default()
    }

    /// Whether questions are answered in full, and a line for each topic.
    pub(super) fn readiness(&self) -> (bool, String) {
        let mut lines = String::new();
        let mut is_ready = true;
        for (name, log) in [("decision log", Log::Decisions), ("consent changes", Log::Consent)] {
            let reach = self.of(log);
            let is_fine =
                reach.was_whole && reach.trouble.is_none() && reach.behind_s <= BEHIND_MAX_S;
            is_ready &= is_fine;
            let mark = if is_fine { '+' } else { '-' };
            let how = match (&reach.trouble, reach.was_whole) {
                (Some(trouble), _) => trouble.clone(),
                (None, false) => format!("being read, {} % of it", reach.percent()),
                (None, true) => format!("{:.0} s behind", reach.behind_s),
            };
            lines.push_str(&format!("[{mark}] index of the {name}: {how}\n"));
        }
        (is_ready, lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_whoever_has_read_both_and_keeps_up() {
        let progress = Progress::default();
        assert!(!progress.readiness().0);
        let whole = Reach { read: 10, total: 10, was_whole: true, ..Reach::default() };
        progress.set(Log::Decisions, whole.clone());
        progress.set(Log::Consent, Reach { was_whole: false, read: 3, ..whole.clone() });
        let (is_ready, lines) = progress.readiness();
        assert!(!is_ready && lines.contains("30 % of it"), "{lines}");
        progress.set(Log::Consent, whole.clone());
        assert!(progress.readiness().0);
        progress.set(Log::Consent, Reach { behind_s: BEHIND_MAX_S + 1.0, ..whole.clone() });
        assert!(!progress.readiness().0);
        progress.set(Log::Consent, Reach { trouble: Some("no right".into()), ..whole });
        assert!(progress.readiness().1.contains("no right"));
    }
}
