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
    assert!(status.ready_at(now + GRACE * 10).ready);
}

#[test]
fn positions_are_published_as_gauges() {
    let (status, metrics) = running(2);
    let now_ms = || {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(elapsed.as_millis()).unwrap()
    };
    status.consent_end(0, 100);
    status.consent_applied(0, 60, Some(now_ms() - 5_000));
    status.lane_lag(0, 10, Some(now_ms() - 2_000));
    status.lane_lag(1, 5, Some(now_ms() - 9_000));
    status.lane_lag(7, 1_000, None);
    status.publish();
    assert_eq!(metrics.lag_records.of(Topic::ConsentChange).get(), 40);
    assert_eq!(metrics.lag_records.of(Topic::OutboundMessage).get(), 15, "lanes add up");
    let age = |topic| metrics.lag_seconds.of(topic).get();
    assert!((5.0..7.0).contains(&age(Topic::ConsentChange)));
    assert!((9.0..11.0).contains(&age(Topic::OutboundMessage)), "the worst lane counts");
    assert!(metrics.encode().unwrap().contains("consent_gate_applied_offset{partition=\"0\"} 60"));

    status.lane_lag(1, 0, Some(now_ms() - 9_000));
    status.publish();
    assert!(age(Topic::OutboundMessage) < 4.0, "a lane that waits for nothing has no age");
}

#[test]
fn strange_numbers_change_nothing() {
    let (status, _) = running(1);
    status.lane(9, Membership::Lost);
    status.lane_assigned(9, &[-1]);
    status.consent_end(-1, -1);
    status.consent_applied(i32::MAX, i64::MAX, Some(i64::MIN));
    status.lane_lag(0, i64::MIN, Some(i64::MIN));
    status.publish();
    assert!(status.ready().ready);
}
