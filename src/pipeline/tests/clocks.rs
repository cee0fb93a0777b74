//! The guard against fencing, and the clock.

use super::native;
use crate::metrics::HoldCause;
use crate::pipeline::clock::ClockCheck;
use crate::pipeline::fencing::{FENCINGS_MAX, Fencings};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::time::{Duration, Instant};

#[test]
fn a_client_may_be_put_out_a_few_times_within_a_minute() {
    let mut fencings = Fencings::default();
    let now = Instant::now();
    for n in 0..FENCINGS_MAX {
        assert!(!fencings.note(now), "time {n}");
    }
    assert!(fencings.note(now));
    assert!(fencings.note(now + Duration::from_secs(59)));
}

#[test]
fn what_is_longer_ago_than_a_minute_does_not_count() {
    let mut fencings = Fencings::default();
    let began = Instant::now();
    for n in 0..10 * u32::try_from(FENCINGS_MAX).unwrap() {
        assert!(!fencings.note(began + Duration::from_secs(13) * n), "time {n}");
    }
}

#[test]
fn a_clock_that_was_wrong_is_not_tried_at_once_and_then_again() {
    let mut clock = ClockCheck::default();
    let now = Instant::now();
    assert!(clock.wait(now).is_ok());
    let hold = clock.compare(-400_000).unwrap_err();
    assert_eq!(hold.cause, HoldCause::Clock);
    assert_eq!(clock.wait(now + Duration::from_secs(1)), Err(hold));
    assert!(clock.wait(Instant::now() + Duration::from_secs(5)).is_ok());
    assert!(clock.wait(now).is_ok(), "what was tried again is not held for it");
}

#[test]
fn a_clock_within_the_tolerance_holds_nobody() {
    let mut clock = ClockCheck::default();
    assert!(clock.compare(250_000).is_ok());
    assert!(clock.wait(Instant::now()).is_ok());
}

#[test]
fn a_refused_time_of_records_is_a_wrong_clock_and_anything_else_a_failing_commit() {
    let mut clock = ClockCheck::default();
    assert_eq!(clock.hold_of(&native(Code::NotEnoughReplicas)).cause, HoldCause::CommitFailing);
    assert!(clock.wait(Instant::now()).is_ok());
    assert_eq!(clock.hold_of(&native(Code::InvalidTimestamp)).cause, HoldCause::Clock);
    assert!(clock.wait(Instant::now()).is_err());
}
