//! A partition that nothing comes of.

use super::{source, trouble};
use crate::kafka::scan::{First, ScanError};
use crate::kafka::source::SourcePartition;
use crate::pipeline::standstill::{InputLog, Standstill, Still};
use crate::pipeline::upcoming::{Arrivals, Upcoming};
use rdkafka::Offset;
use rdkafka::error::RDKafkaErrorCode as Code;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// One partition: where it ends, and what a look finds.
struct Log {
    end: Option<i64>,
    first: fn() -> Result<First, ScanError>,
    n_looks: Cell<u32>,
}

impl InputLog for Log {
    fn ends(&self, partitions: Vec<SourcePartition>) -> Option<BTreeMap<SourcePartition, i64>> {
        let end = self.end?;
        Some(partitions.into_iter().map(|partition| (partition, end)).collect())
    }

    fn first(&self, _: SourcePartition, _: i64) -> Result<First, ScanError> {
        self.n_looks.set(self.n_looks.get() + 1);
        (self.first)()
    }
}

fn log(end: i64, first: fn() -> Result<First, ScanError>) -> Log {
    Log { end: Some(end), first, n_looks: Cell::new(0) }
}

fn record() -> Result<First, ScanError> {
    Ok(First::Record { offset: 10 })
}

fn at(offset: i64) -> Upcoming {
    let mut upcoming = Upcoming::default();
    upcoming.take_up(source(0), Offset::Offset(offset));
    upcoming
}

/// Compares so often, an interval apart.
fn look(
    standstill: &mut Standstill,
    upcoming: &Upcoming,
    log: &Log,
    n_times: u32,
) -> Option<Still> {
    let began = Instant::now();
    let from = standstill_turns();
    (0..n_times).find_map(|n| {
        let now = began + Duration::from_secs(5) * (from + n);
        standstill.look(upcoming, log, now)
    })
}

/// Each call of [`look`] comes after the one before, however fast the test is.
fn standstill_turns() -> u32 {
    thread_local!(static TURNS: Cell<u32> = const { Cell::new(0) });
    TURNS.with(|turns| turns.replace(turns.get() + 1_000))
}

#[test]
fn a_record_that_waits_and_does_not_come_is_a_standstill() {
    let mut standstill = Standstill::default();
    let (upcoming, log) = (at(10), log(12, record));
    assert!(look(&mut standstill, &upcoming, &log, 3).is_none(), "noted, and seen there twice");
    let still = look(&mut standstill, &upcoming, &log, 1).unwrap();
    assert_eq!((still.partition, still.next_offset), (source(0), 10));
    assert!(matches!(still.found, Ok(First::Record { offset: 10 })));
}

#[test]
fn nothing_is_asked_between_two_comparisons() {
    let mut standstill = Standstill::default();
    let (upcoming, log, now) = (at(10), log(12, record), Instant::now());
    for n in 0..100 {
        let now = now + Duration::from_millis(40) * n;
        assert!(standstill.look(&upcoming, &log, now).is_none());
    }
    assert_eq!(log.n_looks.get(), 0);
}

#[test]
fn a_partition_at_its_end_stands_where_it_should() {
    let (upcoming, log) = (at(10), log(10, record));
    assert!(look(&mut Standstill::default(), &upcoming, &log, 20).is_none());
    assert_eq!(log.n_looks.get(), 0);
}

#[test]
fn a_partition_that_moves_does_not_stand() {
    let (mut standstill, log) = (Standstill::default(), log(1_000, record));
    for offset in 10..30 {
        assert!(look(&mut standstill, &at(offset), &log, 2).is_none());
    }
}

#[test]
fn control_records_are_nothing_that_could_come() {
    let mut standstill = Standstill::default();
    let (upcoming, markers) = (at(10), log(12, || Ok(First::End)));
    assert!(look(&mut standstill, &upcoming, &markers, 20).is_none());
    assert_eq!(markers.n_looks.get(), 1, "and are not looked at again");
    let further = log(13, record);
    assert!(look(&mut standstill, &upcoming, &further, 3).is_some(), "what comes behind them is");
}

#[test]
fn brokers_that_do_not_say_where_a_partition_ends_are_no_standstill() {
    let silent = Log { end: None, ..log(0, record) };
    assert!(look(&mut Standstill::default(), &at(10), &silent, 20).is_none());
}

#[test]
fn a_look_that_fails_or_finds_the_log_gone_asks_for_a_new_consumer() {
    let timeout = || Err(ScanError::Timeout { topic: String::from("outbound"), seconds: 1 });
    for found in [timeout, || Ok(First::Outside), || Ok(First::UnreadableBatch { offset: 9 })] {
        assert!(look(&mut Standstill::default(), &at(10), &log(12, found), 4).is_some());
    }
}

#[test]
fn why_nothing_comes_from_behind_an_unreadable_batch_is_known() {
    let mut upcoming = at(10);
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut Arrivals::default());
    assert!(look(&mut Standstill::default(), &upcoming, &log(12, record), 20).is_none());
}

#[test]
fn a_partition_without_a_first_message_is_not_compared() {
    let mut upcoming = Upcoming::default();
    upcoming.take_up(source(0), Offset::End);
    assert!(look(&mut Standstill::default(), &upcoming, &log(12, record), 20).is_none());
}
