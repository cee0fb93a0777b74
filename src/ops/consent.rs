//! How far consent is applied, and whether that counts as caught up.
//!
//! On a busy topic the applied position is behind the end at nearly every moment, so "equal" would
//! flap. Caught up means: the end that was known [`GRACE`] ago is applied by now. A reader that has
//! never reached an end is not caught up, however little it is behind.
//!
//! This feeds `/readyz` and metrics only. Whether one batch may be decided is the barrier's business,
//! which asks the broker and knows no grace.

use std::time::{Duration, Instant};

/// How old an end may be that is not applied yet.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// All consent partitions; empty until the reader knows them.
#[derive(Default)]
pub(super) struct Consent {
    partitions: Vec<Progress>,
}

/// One consent partition.
#[derive(Clone, Copy)]
struct Progress {
    next_offset: i64,
    end: Option<i64>,
    /// The end that is being waited for, and since when; `None` until an end is known.
    target: Option<(i64, Instant)>,
    reached_once: bool,
    /// Timestamp of the last record applied, in Unix milliseconds.
    record_ms: Option<i64>,
}

impl Consent {
    /// The reader knows its partitions and where it starts.
    pub(super) fn start(&mut self, next_offsets: &[i64]) {
        let progress = |next_offset: &i64| Progress {
            next_offset: *next_offset,
            end: None,
            target: None,
            reached_once: false,
            record_ms: None,
        };
        self.partitions = next_offsets.iter().map(progress).collect();
    }

    /// Everything before `next_offset` is applied.
    pub(super) fn applied(
        &mut self,
        partition: i32,
        next_offset: i64,
        record_ms: Option<i64>,
        now: Instant,
    ) {
        if let Some(progress) = self.partition(partition) {
            progress.next_offset = next_offset;
            progress.record_ms = record_ms.or(progress.record_ms);
            progress.settle(now);
        }
    }

    /// The broker said where the partition ends.
    pub(super) fn end(&mut self, partition: i32, end: i64, now: Instant) {
        if let Some(progress) = self.partition(partition) {
            progress.end = Some(end);
            progress.settle(now);
        }
    }

    fn partition(&mut self, partition: i32) -> Option<&mut Progress> {
        usize::try_from(partition).ok().and_then(|place| self.partitions.get_mut(place))
    }

    /// Why consent is not caught up; `Ok` says how many partitions are.
    pub(super) fn caught_up(&self, now: Instant) -> Result<usize, String> {
        if self.partitions.is_empty() {
            return Err("the consent topic has not been reached yet".to_owned());
        }
        let behind: Vec<(usize, &Progress)> =
            self.partitions.iter().enumerate().filter(|(_, it)| !it.caught_up(now)).collect();
        let Some((partition, worst)) = behind.iter().max_by_key(|(_, it)| it.lag_records()) else {
            return Ok(self.partitions.len());
        };
        let n_behind = behind.len();
        let n_partitions = self.partitions.len();
        let next_offset = worst.next_offset;
        Err(worst.end.map_or_else(
            || format!("{n_behind} of {n_partitions} partitions: the end of partition {partition} is not known yet"),
            |end| {
                format!(
                    "{n_behind} of {n_partitions} partitions are behind; the worst is partition {partition}, \
                     applied up to offset {next_offset} of {end}"
                )
            },
        ))
    }

    /// Records that are not applied yet, over all partitions.
    pub(super) fn lag_records(&self) -> i64 {
        self.partitions.iter().map(Progress::lag_records).fold(0, i64::saturating_add)
    }

    /// The age of the last applied record in the worst partition that is behind, from Unix
    /// milliseconds `now_ms`: what is waiting cannot be older than that.
    pub(super) fn lag_ms(&self, now_ms: i64) -> i64 {
        let behind = self.partitions.iter().filter(|progress| progress.lag_records() > 0);
        let ages =
            behind.filter_map(|progress| progress.record_ms.map(|at| now_ms.saturating_sub(at)));
        ages.max().unwrap_or(0).max(0)
    }

    /// The next offset of each partition.
    pub(super) fn next_offsets(&self) -> impl Iterator<Item = i64> {
        self.partitions.iter().map(|progress| progress.next_offset)
    }
}

impl Progress {
    /// Takes up the next target once the present one is reached.
    fn settle(&mut self, now: Instant) {
        let Some(end) = self.end else { return };
        let (target, _) = *self.target.get_or_insert((end, now));
        if self.next_offset >= target {
            self.reached_once = true;
            self.target = Some((end, now));
        } else if end < target {
            // Retention or a recreated topic moved the end back; what is gone cannot be waited for.
            self.target = Some((end, now));
        }
    }

    fn caught_up(&self, now: Instant) -> bool {
        let Some((target, since)) = self.target else {
            return false;
        };
        self.next_offset >= target
            || (self.reached_once && now.saturating_duration_since(since) <= GRACE)
    }

    fn lag_records(&self) -> i64 {
        self.end.map_or(0, |end| end.saturating_sub(self.next_offset).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_caught_up_before_every_end_was_reached_once() {
        let now = Instant::now();
        let mut consent = Consent::default();
        assert!(consent.caught_up(now).is_err(), "no partition known");
        consent.start(&[0, 5]);
        assert!(consent.caught_up(now).unwrap_err().contains("not known yet"));
        consent.end(0, 0, now);
        assert!(consent.caught_up(now).is_err(), "an empty partition alone does not do");
        consent.end(1, 6, now);
        let why = consent.caught_up(now).unwrap_err();
        assert!(why.contains("partition 1") && why.contains("offset 5 of 6"), "{why}");
        consent.applied(1, 6, Some(0), now);
        assert_eq!(consent.caught_up(now), Ok(2));
    }

    #[test]
    fn a_moving_end_does_not_flap_but_a_standing_reader_is_seen() {
        let start = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0]);
        consent.end(0, 0, start);
        // The end runs ahead by 100 each second; the reader is always one second behind.
        for second in 1..60 {
            let now = start + SECOND * second;
            consent.end(0, i64::from(second) * 100, now);
            consent.applied(0, i64::from(second - 1) * 100, None, now);
            assert!(consent.caught_up(now).is_ok(), "second {second}");
        }
        // It stops.
        let stopped = start + SECOND * 60;
        assert!(consent.caught_up(stopped + GRACE + SECOND).is_err());
        assert!(consent.lag_records() > 0);
    }

    #[test]
    fn an_end_that_keeps_growing_does_not_hide_a_reader_that_crawls() {
        let start = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0]);
        consent.end(0, 0, start);
        consent.end(0, 1_000_000, start);
        for second in 1..30 {
            let now = start + SECOND * second;
            consent.end(0, 1_000_000 + i64::from(second), now);
            consent.applied(0, i64::from(second), None, now);
        }
        assert!(consent.caught_up(start + SECOND * 30).is_err());
    }

    #[test]
    fn lag_is_counted_only_where_something_waits() {
        let now = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0, 0]);
        consent.end(0, 10, now);
        consent.end(1, 10, now);
        consent.applied(0, 10, Some(1_000), now);
        consent.applied(1, 4, Some(8_000), now);
        assert_eq!(consent.lag_records(), 6);
        assert_eq!(consent.lag_ms(10_000), 2_000);
        assert_eq!(consent.lag_ms(5_000), 0, "a clock behind the broker's");
        consent.applied(1, 10, Some(9_000), now);
        assert_eq!((consent.lag_records(), consent.lag_ms(10_000)), (0, 0));
    }

    #[test]
    fn partitions_nobody_announced_are_ignored() {
        let now = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0]);
        consent.end(-1, 5, now);
        consent.applied(7, 5, None, now);
        assert_eq!(consent.next_offsets().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn an_end_that_moves_back_is_not_waited_for() {
        let now = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[3]);
        consent.end(0, 9, now);
        consent.end(0, 3, now);
        assert!(consent.caught_up(now).is_ok());
    }
}
