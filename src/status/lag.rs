//! How far the lanes have come in the input topics, and how old what waits in a partition is.
//!
//! A record's age is not known before it is read, and what waits is not read yet. So it is bounded from above by two
//! facts, and the smaller counts: the record is newer than the last look at which its partition ended before it
//! ([`Ends`]), and not older than the record before it. The first alone would be a second coarse under load; the
//! second alone would call the first message after a silent night twelve hours late.

use crate::kafka::source::SourcePartition;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Looks remembered of one partition. Beyond them the one that tells least is forgotten: an age stays known to a
/// share of itself.
const LOOKS_MAX: usize = 64;

/// Where a partition ended when somebody looked, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    looks: VecDeque<(i64, Instant)>,
}

impl Ends {
    /// The partition ends at `end` now.
    pub fn saw(&mut self, end: i64, now: Instant) {
        match self.looks.back_mut() {
            // a record beyond it came later than this look
            Some((known, at)) if *known == end => *at = now,
            Some((known, _)) if *known > end => {
                // deleted or made anew: what was seen before says nothing about it
                self.looks.clear();
                self.looks.push_back((end, now));
            }
            _ => {
                if self.looks.len() >= LOOKS_MAX {
                    self.thin_out(now);
                }
                self.looks.push_back((end, now));
            }
        }
    }

    /// Everything before `next_offset` is done: looks at which less than that was there are of no use any more.
    pub fn reached(&mut self, next_offset: i64) {
        while self.looks.get(1).is_some_and(|(end, _)| *end <= next_offset) {
            self.looks.pop_front();
        }
    }

    /// Forgets the look whose neighbours lie closest together, measured by how long ago they were. The first stays:
    /// it dates what has waited longest.
    fn thin_out(&mut self, now: Instant) {
        let at = |index: usize| self.looks.get(index).map_or(now, |(_, at)| *at);
        let gap = |index: usize| {
            let gap = at(index + 1).saturating_duration_since(at(index - 1)).as_secs_f64();
            gap / now.saturating_duration_since(at(index - 1)).as_secs_f64().max(f64::EPSILON)
        };
        let inner = 1..self.looks.len().saturating_sub(1);
        if let Some(least) = inner.min_by(|one, other| gap(*one).total_cmp(&gap(*other))) {
            self.looks.remove(least);
        }
    }

    /// The last known end.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.looks.back().map(|(end, _)| *end)
    }

    /// When the end was asked for last.
    #[must_use]
    pub fn seen_at(&self) -> Option<Instant> {
        self.looks.back().map(|(_, at)| *at)
    }

    /// Records from `next_offset` to the last known end.
    #[must_use]
    pub fn waiting(&self, next_offset: i64) -> i64 {
        self.end().map_or(0, |end| end.saturating_sub(next_offset).max(0))
    }

    /// How long the record at `next_offset` has waited at most; 0 when nothing waits. `record_age` is the age of
    /// the record before it, by the wall clock, if it is known.
    #[must_use]
    pub fn age(&self, next_offset: i64, record_age: Option<Duration>, now: Instant) -> Duration {
        if self.waiting(next_offset) == 0 {
            return Duration::ZERO;
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        match self.looks.iter().rev().find(|(end, _)| *end <= next_offset) {
            Some((_, at)) => record_age.map_or(since(*at), |age| age.min(since(*at))),
            // it was there at the first look: the record before it says how old it may be
            None => {
                let known = self.looks.front().map_or(Duration::ZERO, |(_, at)| since(*at));
                record_age.map_or(known, |age| age.max(known))
            }
        }
    }
}

/// What waits in one partition of the input topic; the monitor's last look.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Topic and partition.
    pub source: SourcePartition,
    /// Everything before it is decided and committed.
    pub next_offset: i64,
    /// Timestamp of the newest decided record, Unix milliseconds.
    pub record_ms: Option<i64>,
    /// Where the partition ended.
    pub ends: Ends,
}

/// Next offset and newest decided record timestamp, by partition of the input topics: written when a partition is
/// taken up and at each commit, read by the monitor.
#[derive(Default)]
pub struct OutboundPositions {
    partitions: Mutex<BTreeMap<SourcePartition, OutboundPosition>>,
}

/// One partition's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundPosition {
    /// Everything before it is decided and committed.
    pub next_offset: i64,
    /// Timestamp of the newest decided record, Unix milliseconds.
    pub record_ms: Option<i64>,
}

impl OutboundPositions {
    /// A commit reached `next_offset`, or the partition goes on there.
    pub fn set(&self, source: SourcePartition, next_offset: i64, record_ms: Option<i64>) {
        let position = OutboundPosition { next_offset, record_ms };
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).insert(source, position);
    }

    /// The partition belongs to somebody else now.
    pub fn forget(&self, source: SourcePartition) {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).remove(&source);
    }

    /// All positions.
    #[must_use]
    pub fn all(&self) -> BTreeMap<SourcePartition, OutboundPosition> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_message_after_a_silent_night_is_not_a_night_late() {
        let start = Instant::now();
        let mut ends = Ends::default();
        for second in 0..100 {
            ends.saw(7, start + SECOND * second);
        }
        let night = Some(SECOND * 40_000);
        assert_eq!(ends.age(7, night, start + SECOND * 100), Duration::ZERO, "nothing waits");
        ends.saw(8, start + SECOND * 100);
        assert_eq!(ends.waiting(7), 1);
        // it came between the looks at 99 and at 100
        assert_eq!(ends.age(7, night, start + SECOND * 102), SECOND * 3);
        assert_eq!(ends.age(7, None, start + SECOND * 102), SECOND * 3);
        let recent = Some(SECOND / 2);
        assert_eq!(ends.age(7, recent, start + SECOND * 100), SECOND / 2, "finer, when known");
    }

    #[test]
    fn what_was_there_before_the_first_look_is_as_old_as_the_record_before_it() {
        let start = Instant::now();
        let mut ends = Ends::default();
        assert_eq!((ends.waiting(0), ends.age(0, None, start)), (0, Duration::ZERO));
        ends.saw(1_000, start);
        assert_eq!(ends.age(10, None, start + SECOND * 4), SECOND * 4, "at least");
        assert_eq!(ends.age(10, Some(SECOND * 90), start + SECOND * 4), SECOND * 90);
        assert_eq!(ends.age(10, Some(SECOND), start + SECOND * 4), SECOND * 4);
    }

    #[test]
    fn a_long_backlog_is_dated_within_bounds() {
        let start = Instant::now();
        let mut ends = Ends::default();
        for second in 0..20_000u32 {
            ends.saw(i64::from(second) * 10, start + SECOND * second);
        }
        assert_eq!(ends.looks.len(), LOOKS_MAX);
        let now = start + SECOND * 19_999;
        assert_eq!(ends.end(), Some(199_990), "the newest look is kept");
        for waited in [1, 9, 99, 999, 9_999, 19_999] {
            let age = ends.age((19_999 - waited) * 10, None, now).as_secs_f64();
            let waited = waited as f64;
            // never too young, and not much too old
            assert!(age >= waited && age <= waited * 1.5 + 1.0, "{waited}: {age}");
        }
    }

    #[test]
    fn a_partition_that_stands_still_is_dated_exactly_and_one_that_moves_keeps_little() {
        let start = Instant::now();
        let mut ends = Ends::default();
        ends.saw(7, start);
        for second in 1..10_000u32 {
            ends.reached(7);
            ends.saw(7 + i64::from(second), start + SECOND * second);
        }
        assert_eq!(ends.age(7, None, start + SECOND * 9_999), SECOND * 9_999);
        ends.reached(10_006);
        assert_eq!((ends.looks.len(), ends.waiting(10_006)), (1, 0));
        ends.reached(i64::MAX);
        assert_eq!(ends.end(), Some(10_006), "the end stays known");
    }

    #[test]
    fn an_end_that_moved_back_begins_anew() {
        let start = Instant::now();
        let mut ends = Ends::default();
        ends.saw(100, start);
        ends.saw(3, start + SECOND);
        assert_eq!((ends.end(), ends.waiting(100), ends.waiting(1)), (Some(3), 0, 2));
        assert_eq!(ends.age(1, None, start + SECOND * 3), SECOND * 2);
    }
}
