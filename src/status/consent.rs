//! How far consent is applied, and whether that counts as caught up.
//!
//! On a busy topic the applied position is behind the end at nearly every moment, so "equal" would
//! flap. Caught up means: the end that was known [`GRACE`] ago is applied by now. A reader that has
//! never reached an end is not caught up, however little it is behind. And an end that nobody has told us
//! again for [`ENDS_AGE_MAX`] is none: while the brokers are away, opt-outs may be written that we do not hear of.
//!
//! This feeds `/readyz` and metrics only. Whether one batch may be decided is the barrier's business,
//! which asks the broker and knows no grace.

use crate::metrics::PartitionLag;
use crate::status::Ends;
use std::time::{Duration, Instant};

/// How old an end may be that is not applied yet.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How old the brokers' last word on where a partition ends may be. They are asked every second.
const ENDS_AGE_MAX: Duration = Duration::from_secs(15);

/// All consent partitions; empty until the reader knows them.
#[derive(Default)]
pub(super) struct Consent {
    partitions: Vec<Progress>,
}

/// One consent partition.
struct Progress {
    next_offset: i64,
    ends: Ends,
    /// The first end known: what was there at the start lies before it.
    first_end: Option<i64>,
    /// The end that is being waited for, and since when; `None` until an end is known.
    target: Option<(i64, Instant)>,
    reached_once: bool,
    /// Timestamp of the last record applied, in Unix milliseconds.
    record_ms: Option<i64>,
}

impl Consent {
    /// The reader knows its partitions and where it starts.
    pub(super) fn start(&mut self, next_offsets: &[i64]) {
        self.partitions = next_offsets.iter().copied().map(Progress::at).collect();
    }

    /// There are this many partitions now; of the new ones nothing is applied.
    pub(super) fn added(&mut self, n_partitions: usize) {
        let n_known = self.partitions.len();
        self.partitions.extend((n_known..n_partitions).map(|_| Progress::at(0)));
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
            progress.ends.reached(next_offset);
            progress.record_ms = record_ms.or(progress.record_ms);
            progress.settle(now);
        }
    }

    /// The broker said where the partition ends.
    pub(super) fn end(&mut self, partition: i32, end: i64, now: Instant) {
        if let Some(progress) = self.partition(partition) {
            progress.ends.saw(end, now);
            progress.first_end.get_or_insert(end);
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
        if let Some((partition, silence)) = self.silent_partition(now) {
            return Err(format!(
                "the brokers have not said for {} s where partition {partition} ends",
                silence.as_secs()
            ));
        }
        let behind: Vec<(usize, &Progress)> =
            self.partitions.iter().enumerate().filter(|(_, it)| !it.caught_up(now)).collect();
        let Some((partition, worst)) = behind.iter().max_by_key(|(_, it)| it.lag_records()) else {
            return Ok(self.partitions.len());
        };
        let n_behind = behind.len();
        let n_partitions = self.partitions.len();
        let next_offset = worst.next_offset;
        Err(worst.ends.end().map_or_else(
            || format!("{n_behind} of {n_partitions} partitions: the end of partition {partition} is not known yet"),
            |end| {
                format!(
                    "{n_behind} of {n_partitions} partitions are behind; the worst is partition {partition}, \
                     applied up to offset {next_offset} of {end}"
                )
            },
        ))
    }

    /// The partition whose end was heard of longest ago, if that is too long.
    fn silent_partition(&self, now: Instant) -> Option<(usize, Duration)> {
        let heard = self.partitions.iter().enumerate().filter_map(|(partition, progress)| {
            Some((partition, now.saturating_duration_since(progress.ends.seen_at()?)))
        });
        heard.max_by_key(|(_, silence)| *silence).filter(|(_, silence)| *silence > ENDS_AGE_MAX)
    }

    /// What waits in each partition, by the wall clock `now_ms` (Unix milliseconds) and the monotonic one.
    pub(super) fn lags(&self, now_ms: i64, now: Instant) -> Vec<PartitionLag> {
        let partitions = (0i32..).zip(&self.partitions);
        let lag = |(partition, progress): (i32, &Progress)| {
            let record_age = progress.record_ms.map(|at| age(at, now_ms));
            PartitionLag {
                partition,
                records: progress.lag_records(),
                seconds: progress.ends.age(progress.next_offset, record_age, now).as_secs_f64(),
            }
        };
        partitions.map(lag).collect()
    }

    /// Records that were there when their end was first asked for and are not applied yet.
    pub(super) fn restore_remaining(&self) -> i64 {
        let remaining = self.partitions.iter().filter_map(|progress| {
            Some(progress.first_end?.saturating_sub(progress.next_offset).max(0))
        });
        remaining.fold(0, i64::saturating_add)
    }

    /// The next offset of each partition.
    pub(super) fn next_offsets(&self) -> impl Iterator<Item = i64> {
        self.partitions.iter().map(|progress| progress.next_offset)
    }
}

impl Progress {
    fn at(next_offset: i64) -> Self {
        Self {
            next_offset,
            ends: Ends::default(),
            first_end: None,
            target: None,
            reached_once: false,
            record_ms: None,
        }
    }

    /// Takes up the next target once the present one is reached.
    fn settle(&mut self, now: Instant) {
        let Some(end) = self.ends.end() else { return };
        let (target, _) = *self.target.get_or_insert((end, now));
        if self.next_offset >= target {
            self.reached_once = true;
            self.target = Some((end, now));
        } else if end < target {
            // Retention or a recreated topic moved the end back; what is gone cannot be waited for.
            self.target = Some((end, now));
            self.first_end = self.first_end.map(|first| first.min(end));
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
        self.ends.waiting(self.next_offset)
    }
}

/// The age of a record with this timestamp, both in Unix milliseconds; a clock ahead of ours gives 0.
pub(super) fn age(record_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(now_ms.saturating_sub(record_ms).max(0).unsigned_abs())
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
        assert!(consent.lags(0, stopped).iter().any(|lag| lag.records > 0));
    }

    #[test]
    fn an_end_that_nobody_tells_again_is_not_caught_up_with() {
        let start = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0, 0]);
        consent.end(0, 0, start);
        consent.end(1, 0, start);
        assert!(consent.caught_up(start + ENDS_AGE_MAX).is_ok());
        let later = start + ENDS_AGE_MAX + SECOND;
        consent.end(0, 0, later);
        let why = consent.caught_up(later).unwrap_err();
        assert!(why.contains("for 16 s where partition 1 ends"), "{why}");
        consent.end(1, 0, later);
        assert_eq!(consent.caught_up(later), Ok(2));
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
    fn lag_is_counted_and_dated_in_each_partition() {
        let start = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0, 0]);
        consent.end(0, 10, start);
        consent.end(1, 10, start);
        consent.applied(0, 10, Some(1_000), start);
        consent.applied(1, 4, Some(8_000), start);
        let lags = |consent: &Consent, now_ms, now| -> Vec<(i64, f64)> {
            let lags = consent.lags(now_ms, now);
            lags.iter().map(|lag| (lag.records, lag.seconds)).collect()
        };
        assert_eq!(lags(&consent, 10_000, start), [(0, 0.0), (6, 2.0)]);
        assert_eq!(lags(&consent, 5_000, start), [(0, 0.0), (6, 0.0)], "a clock behind");
        consent.applied(1, 10, Some(9_000), start);
        assert_eq!(lags(&consent, 10_000, start), [(0, 0.0), (0, 0.0)]);
        // what comes later is dated by the look before it, not by the record before it
        consent.end(1, 10, start + SECOND * 100);
        consent.end(1, 11, start + SECOND * 101);
        let lags = lags(&consent, 200_000, start + SECOND * 102);
        assert_eq!(lags.get(1), Some(&(1, 2.0)));
    }

    #[test]
    fn what_was_there_at_the_start_is_restored_once() {
        let now = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[0, 5]);
        assert_eq!(consent.restore_remaining(), 0, "nothing is known yet");
        consent.end(0, 100, now);
        consent.end(1, 5, now);
        assert_eq!(consent.restore_remaining(), 100);
        consent.applied(0, 60, None, now);
        consent.end(0, 500, now);
        assert_eq!(consent.restore_remaining(), 40, "what came later is lag, not restore");
        consent.applied(0, 200, None, now);
        consent.end(1, 9, now);
        assert_eq!(consent.restore_remaining(), 0);
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
    fn partitions_that_were_added_are_caught_up_with_like_the_others() {
        let now = Instant::now();
        let mut consent = Consent::default();
        consent.start(&[3]);
        consent.end(0, 3, now);
        assert_eq!(consent.caught_up(now), Ok(1));
        consent.added(2);
        consent.added(1);
        assert!(consent.caught_up(now).unwrap_err().contains("partition 1"));
        consent.end(1, 4, now);
        assert!(consent.caught_up(now).is_err(), "four records of the new one wait");
        consent.applied(1, 4, None, now);
        assert_eq!(consent.caught_up(now), Ok(2));
        assert_eq!(consent.next_offsets().collect::<Vec<_>>(), [3, 4]);
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
