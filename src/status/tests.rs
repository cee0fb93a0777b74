//! The status as lanes write it and operators read it.

use super::super::consent::GRACE;
use super::*;
use crate::metrics::TopicNames;
use std::time::Duration;

fn status(n_lanes: usize) -> (Arc<Status>, Arc<Metrics>) {
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    (Status::new(Arc::clone(&metrics), n_lanes), metrics)
}

/// A status with everything in order.
fn running(n_lanes: usize) -> (Arc<Status>, Arc<Metrics>) {
    let (status, metrics) = status(n_lanes);
    status.consent_start(&[0, 0]);
    status.consent_end(0, 0);
    status.consent_end(1, 0);
    for lane in 0..n_lanes {
        status.lane_assigned(lane, &[]);
    }
    assert_eq!(status.ready().reasons, Vec::<String>::new());
    (status, metrics)
}

/// A message partition that was first seen just now, with so many records behind offset 100.
fn waiting(partition: i32, records: i64, record_ms: Option<i64>) -> Waiting {
    let mut ends = crate::status::Ends::default();
    ends.saw(100i64.saturating_add(records), Instant::now());
    Waiting { partition, next_offset: 100, record_ms, ends }
}

fn messages(partitions: &[i32]) -> Vec<Place> {
    let place = |partition: &i32| Place {
        topic: Topic::OutboundMessage,
        partition: *partition,
        offset: None,
    };
    partitions.iter().map(place).collect()
}

fn poison(partition: i32, offset: i64) -> Place {
    Place { topic: Topic::ConsentChange, partition, offset: Some(offset) }
}

#[test]
fn a_new_process_is_not_ready_and_says_what_is_missing() {
    let (status, _) = status(2);
    let readiness = status.ready();
    assert!(!readiness.ready);
    assert_eq!(
        readiness.reasons,
        [
            "consent: not caught up: the consent topic has not been reached yet",
            "lane 0: starting, 0 partitions",
            "lane 1: starting, 0 partitions",
        ]
    );
    assert!(status.stuck().is_empty(), "not ready is not dead");
}

#[test]
fn a_lane_without_partitions_stands_by_and_is_ready() {
    let (status, _) = running(2);
    status.lane_assigned(0, &[0, 1, 2]);
    let readiness = status.ready();
    assert!(readiness.ready);
    let details: Vec<&str> = readiness.checks.iter().map(|check| check.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "running",
            "caught up in 2 partitions",
            "member of the consumer group, 3 partitions",
            "member of the consumer group, 0 partitions",
        ]
    );
}

#[test]
fn every_membership_but_member_is_not_ready() {
    let (status, _) = running(1);
    for membership in
        [Membership::Starting, Membership::Joining, Membership::Lost, Membership::Stopped]
    {
        status.lane(0, membership);
        assert!(!status.ready().ready, "{membership:?}");
        assert!(status.stuck().is_empty(), "{membership:?} is no reason to restart");
    }
    status.lane_assigned(0, &[]);
    assert!(status.ready().ready);
}

#[test]
fn every_hold_is_not_ready_but_alive_and_counted_by_its_cause() {
    for cause in HoldCause::ALL.iter().copied() {
        let (status, metrics) = running(1);
        status.lane_assigned(0, &[0, 1]);
        status.hold(Holder::Lane(0), cause, &messages(&[0, 1]), "consent-change/3 at 7 of 9");
        let readiness = status.ready();
        assert!(!readiness.ready, "{cause:?}");
        let reason = readiness.reasons.concat();
        assert!(reason.contains(cause.as_str()) && reason.contains("7 of 9"), "{reason}");
        assert_eq!(metrics.held_partitions.of(cause).get(), 2);
        assert!(status.stuck().is_empty());

        status.release(Holder::Lane(0), cause);
        status.release(Holder::Lane(0), cause);
        assert!(status.ready().ready, "{cause:?}");
        assert_eq!(metrics.held_partitions.of(cause).get(), 0);
    }
}

#[test]
fn poison_names_its_place_in_readyz_and_in_the_metric_until_it_is_released() {
    let (status, metrics) = running(1);
    let series =
        "consent_gate_consent_poison{offset=\"17\",partition=\"3\",topic=\"consent-change\"} 1";
    status.hold(Holder::Reader, HoldCause::ConsentPoison, &[poison(3, 17)], "class truncated");
    status.hold(Holder::Reader, HoldCause::ConsentPoison, &[poison(4, 1)], "class bad_utf8");
    let reason = status.ready().reasons.concat();
    assert!(reason.contains("consent-change partition 3 offset 17"), "{reason}");
    assert!(metrics.encode().unwrap().contains(series));

    status.release_place(Holder::Reader, HoldCause::ConsentPoison, Topic::ConsentChange, 3);
    assert!(!metrics.encode().unwrap().contains(series));
    assert!(!status.ready().ready, "partition 4 still holds");
    status.release(Holder::Reader, HoldCause::ConsentPoison);
    assert!(!metrics.encode().unwrap().contains("consent_gate_consent_poison{"));
    assert!(status.ready().ready);
}

/// Lanes wait for the same cause at partitions of the messages, which are no places of records: the alert would name a
/// record that nobody can find, and would stay when the lane loses the partition.
#[test]
fn a_lane_that_waits_names_no_record() {
    let (status, metrics) = running(1);
    let cause = HoldCause::ConsentPoison;
    let names = || metrics.encode().unwrap().matches("consent_gate_consent_poison{").count();
    status.hold(Holder::Reader, cause, &[poison(3, 17)], "class truncated");
    status.hold(Holder::Lane(0), cause, &messages(&[0, 3]), "waits");
    assert_eq!(names(), 1);
    status.release(Holder::Lane(0), cause);
    assert_eq!(names(), 1, "the record still holds");
    status.hold(Holder::Lane(0), cause, &messages(&[0, 3]), "waits");
    status.release_place(Holder::Reader, cause, Topic::ConsentChange, 3);
    status.lane_assigned(0, &[]);
    assert_eq!(names(), 0);
}

#[test]
fn a_revoked_partition_takes_its_hold_along() {
    let (status, metrics) = running(2);
    status.lane_assigned(0, &[0, 1]);
    status.hold(Holder::Lane(0), HoldCause::BarrierTimeout, &messages(&[0, 1]), "");
    status.lane_assigned(0, &[1]);
    assert_eq!(metrics.held_partitions.of(HoldCause::BarrierTimeout).get(), 1);
    status.lane(0, Membership::Joining);
    assert_eq!(metrics.held_partitions.of(HoldCause::BarrierTimeout).get(), 0);
}

#[test]
fn shutting_down_is_not_ready_for_good() {
    let (status, _) = running(1);
    status.stopping();
    status.lane_assigned(0, &[0]);
    assert_eq!(status.ready().reasons, ["process: shutting down"]);
    assert!(status.stuck().is_empty());
}

#[test]
fn consent_that_stands_still_behind_the_end_is_not_ready() {
    let (status, _) = running(1);
    status.consent_end(1, 5);
    let now = Instant::now();
    assert!(status.ready_at(now).ready, "a moment behind is normal");
    let reasons = status.ready_at(now + GRACE + Duration::from_secs(1)).reasons;
    assert_eq!(
        reasons,
        ["consent: not caught up: 1 of 2 partitions are behind; the worst is partition 1, \
          applied up to offset 0 of 5"]
    );
    status.consent_applied(1, 5, None);
    assert!(status.ready_at(now + GRACE + Duration::from_secs(1)).ready);
    let reasons = status.ready_at(now + GRACE * 10).reasons;
    assert!(reasons.iter().any(|why| why.contains("have not said for")), "{reasons:?}");
}

#[test]
fn positions_are_published_as_gauges() {
    let (status, metrics) = status(2);
    status.consent_start(&[0, 0]);
    status.consent_end(1, 0);
    let now_ms = || {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(elapsed.as_millis()).unwrap()
    };
    status.consent_end(0, 100);
    status.consent_applied(0, 60, Some(now_ms() - 5_000));
    status.outbound_waiting(vec![
        waiting(0, 10, Some(now_ms() - 2_000)),
        waiting(1, 5, Some(now_ms() - 9_000)),
        waiting(7, 0, Some(now_ms() - 90_000)),
    ]);
    status.publish();
    assert_eq!(metrics.lag_records.of(Topic::ConsentChange).get(), 40);
    assert_eq!(metrics.lag_records.of(Topic::OutboundMessage).get(), 15, "partitions add up");
    let age = |topic| metrics.lag_seconds.of(topic).get();
    assert!((5.0..7.0).contains(&age(Topic::ConsentChange)));
    assert!((9.0..11.0).contains(&age(Topic::OutboundMessage)), "the worst partition counts");
    let text = metrics.encode().unwrap();
    for line in [
        "consent_gate_applied_offset{partition=\"0\"} 60",
        "consent_gate_restore_remaining_records 40",
        "consent_gate_partition_lag_records{partition=\"1\",topic=\"outbound-message\"} 5",
        "consent_gate_partition_lag_seconds{partition=\"7\",topic=\"outbound-message\"} 0",
        "consent_gate_partition_lag_records{partition=\"0\",topic=\"consent-change\"} 40",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }

    status.outbound_waiting(vec![waiting(0, 10, Some(now_ms() - 2_000))]);
    status.publish();
    assert!(age(Topic::OutboundMessage) < 4.0, "a partition that was given away has no age");
    assert!(!metrics.encode().unwrap().contains("{partition=\"1\",topic=\"outbound-message\"}"));
}

#[test]
fn strange_numbers_change_nothing() {
    let (status, _) = running(1);
    status.lane(9, Membership::Lost);
    status.lane_assigned(9, &[-1]);
    status.consent_end(-1, -1);
    status.consent_applied(i32::MAX, i64::MAX, Some(i64::MIN));
    status.outbound_waiting(vec![waiting(-1, i64::MIN, Some(i64::MIN))]);
    status.publish();
    assert!(status.ready().ready);
}
