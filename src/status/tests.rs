//! The status as lanes write it and operators read it.

use super::super::consent::GRACE;
use super::*;
use crate::kafka::source::SourcePartition;
use crate::metrics::{PartitionLag, TopicNames};
use crate::status::{PARTITIONS_LISTED_MAX, SNAPSHOT_BYTES_MAX};
use std::collections::BTreeSet;
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
    Waiting { source: SourcePartition::of_first(partition), next_offset: 100, record_ms, ends }
}

fn messages(partitions: &[i32]) -> Vec<Place> {
    let place =
        |partition: &i32| Place { topic: Topic::Outbound(0), partition: *partition, offset: None };
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
    status.lane_assigned(0, &[0, 1, 2].map(SourcePartition::of_first));
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
        status.lane_assigned(0, &[0, 1].map(SourcePartition::of_first));
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
    status.lane_assigned(0, &[0, 1].map(SourcePartition::of_first));
    status.hold(Holder::Lane(0), HoldCause::BarrierTimeout, &messages(&[0, 1]), "");
    status.lane_assigned(0, &[1].map(SourcePartition::of_first));
    assert_eq!(metrics.held_partitions.of(HoldCause::BarrierTimeout).get(), 1);
    status.lane(0, Membership::Joining);
    assert_eq!(metrics.held_partitions.of(HoldCause::BarrierTimeout).get(), 0);
}

#[test]
fn shutting_down_is_not_ready_for_good() {
    let (status, _) = running(1);
    status.stopping();
    status.lane_assigned(0, &[0].map(SourcePartition::of_first));
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
    assert_eq!(metrics.lag_records.of(Topic::Outbound(0)).get(), 15, "partitions add up");
    let age = |topic| metrics.lag_seconds.of(topic).get();
    assert!((5.0..7.0).contains(&age(Topic::ConsentChange)));
    assert!((9.0..11.0).contains(&age(Topic::Outbound(0))), "the worst partition counts");
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
    assert!(age(Topic::Outbound(0)) < 4.0, "a partition that was given away has no age");
    assert!(!metrics.encode().unwrap().contains("{partition=\"1\",topic=\"outbound-message\"}"));
}

/// A gate about which everything is known.
fn told() -> Snapshot {
    let (status, metrics) = running(1);
    status.lane_assigned(0, &[0, 1].map(SourcePartition::of_first));
    status.hold(Holder::Reader, HoldCause::ConsentPoison, &[poison(3, 17)], "class truncated");
    status.outbound_waiting(vec![waiting(0, 10, Some(0)), waiting(1, 0, None)]);
    metrics.set_policy_revision("5e05dfd7c833");
    let sources = crate::metrics::Sources::new(&metrics, &["crm".to_owned()]);
    sources.changed(Some("crm"), 1_700_000_000_000);
    metrics.probe_ended(crate::metrics::ProbeResult::Passed);
    metrics.enforced(i64::MAX);
    status.snapshot()
}

/// What is served is what the metrics and `/readyz` say.
#[test]
fn a_snapshot_says_what_the_metrics_say() {
    let (status, metrics) = running(1);
    status.consent_end(1, 12);
    status.consent_applied(1, 5, None);
    let decided = crate::metrics::Decided(gate_core::Reason::OptedOut, None);
    metrics.decisions.of(decided).inc_by(3);
    let changed = crate::metrics::Changed(
        Some(gate_core::Action::OptOut),
        crate::metrics::ConsentResult::Applied,
    );
    metrics.consent_changes.of(changed).inc_by(2);
    metrics.commit.observe(0.004);
    metrics.subjects.set(-1);
    let snapshot = status.snapshot();
    assert_eq!(snapshot.messages.decisions["blocked"]["opted_out"], 3);
    assert_eq!(snapshot.consent.actions["opt_out"], 2);
    assert_eq!(snapshot.consent.results["applied"], 2);
    assert_eq!((snapshot.consent.lag.records, snapshot.consent.restore_remaining), (7, 0));
    assert_eq!(snapshot.transactions.commit.n, 1);
    let up_to = |bound: f64| {
        let buckets = &snapshot.transactions.commit.buckets;
        buckets.iter().find(|bucket| bucket.up_to_s == bound).unwrap().n
    };
    assert_eq!((up_to(0.002), up_to(0.005)), (0, 1));
    assert_eq!(snapshot.store.subjects, 0, "an estimate below nothing is nothing");
    assert_eq!(snapshot.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(snapshot.policies.revision, None);
    assert!(snapshot.memory_bytes.is_none_or(|bytes| bytes > 1 << 20));

    let told = told();
    assert!(!told.readiness.ready);
    assert_eq!(told.policies.revision.as_deref(), Some("5e05dfd7c833"));
    let [hold] = told.holds.as_slice() else { panic!("{:?}", told.holds) };
    assert_eq!((hold.holder.as_str(), hold.cause.as_str()), ("consent reader", "consent_poison"));
    assert_eq!((hold.places[0].partition, hold.places[0].offset), (3, Some(17)));
    assert_eq!(told.messages.lag.records, 10);
    assert_eq!(told.messages.lag.partitions.len(), 2);
    assert!(told.probe.last_success_s.is_some_and(|at| at > 1.0e9));
}

#[test]
fn several_topics_wait_each_for_itself_and_together() {
    let outbound_messages = ["a", "b"].map(str::to_owned).to_vec();
    let names = TopicNames { outbound_messages, ..TopicNames::default() };
    let status = Status::new(Metrics::new(names).unwrap(), 1);
    let other = |partition, records| {
        let source = SourcePartition { topic: 1, partition };
        Waiting { source, ..waiting(partition, records, Some(0)) }
    };
    let waiting = vec![waiting(0, 5, Some(0)), waiting(1, 1, None), other(0, 7), other(2, 3)];
    status.outbound_waiting(waiting);
    let messages = status.snapshot().messages;
    assert_eq!((messages.lag.topic.as_str(), messages.lag.records), ("a, b", 16));
    let of = |lag: &PartitionLag| (lag.partition, lag.records);
    let together: Vec<_> = messages.lag.partitions.iter().map(of).collect();
    assert_eq!(together, [(0, 12), (1, 1), (2, 3)]);
    let lags = messages.lags.unwrap();
    let each: Vec<_> = lags.iter().map(|lag| (lag.topic.as_str(), lag.records)).collect();
    assert_eq!(each, [("a", 6), ("b", 10)]);
    // a hold of a partition of one topic is none of the other's
    let place = |topic| Place::of(SourcePartition { topic, partition: 0 }, None);
    status.hold(Holder::Lane(0), HoldCause::TopicsApart, &[place(0), place(1)], "apart");
    status.lane_assigned(0, &[SourcePartition { topic: 1, partition: 0 }]);
    let reasons = status.ready().reasons.join("\n");
    assert!(reasons.contains("topics_apart: b partition 0"), "{reasons}");
    assert!(!reasons.contains("a partition 0"), "{reasons}");
}

/// Many partitions and holds fit into what is read, and what is listed is bounded.
#[test]
fn a_snapshot_is_bounded() {
    let (status, _) = running(64);
    let partitions: Vec<i32> = (0..4_000).collect();
    for lane in 0..64 {
        let assigned: Vec<_> = partitions.iter().copied().map(SourcePartition::of_first).collect();
        status.lane_assigned(lane, &assigned);
        for cause in HoldCause::ALL.iter().copied() {
            status.hold(Holder::Lane(lane), cause, &messages(&partitions), &"x".repeat(1_000));
        }
    }
    status.outbound_waiting(partitions.iter().map(|it| waiting(*it, i64::MAX, Some(0))).collect());
    let snapshot = status.snapshot();
    assert_eq!(snapshot.messages.lag.partitions.len(), PARTITIONS_LISTED_MAX);
    assert_eq!(snapshot.messages.lag.records, i64::MAX);
    let bytes = serde_json::to_vec(&snapshot).unwrap().len();
    assert!(bytes < SNAPSHOT_BYTES_MAX, "{bytes}");
}

/// What stands in the page is what is served, name by name.
#[test]
fn every_field_stands_in_the_reference() {
    fn paths(value: &serde_json::Value, path: &str, is_named: bool, all: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    // maps by the names of a set are told once for all of them
                    let path = match path {
                        "messages.decisions" => format!("{path}.OUTCOME"),
                        "messages.decisions.OUTCOME" => format!("{path}.REASON"),
                        _ if is_named => format!("{path}.NAME"),
                        "" => name.clone(),
                        _ => format!("{path}.{name}"),
                    };
                    let sets = ["actions", "results", "sources", "rounds"];
                    paths(value, &path, sets.contains(&name.as_str()), all);
                }
            }
            serde_json::Value::Array(values) => {
                values.iter().for_each(|value| paths(value, &format!("{path}[]"), false, all));
            }
            _ => drop(all.insert(path.to_owned())),
        }
    }
    let mut served = BTreeSet::new();
    let mut all = told();
    all.messages.lags = Some(vec![all.messages.lag.clone()]);
    paths(&serde_json::to_value(all).unwrap(), "", false, &mut served);
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/status.md");
    let page = std::fs::read_to_string(page).unwrap();
    let told = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: BTreeSet<String> = told.map(str::to_owned).collect();
    assert!(served.len() > 50, "{served:?}");
    assert_eq!(served, told);
}

/// An instance of a later version has fields that this one does not know.
#[test]
fn what_is_not_known_is_skipped() {
    let mut value = serde_json::to_value(told()).unwrap();
    value["tomorrow"] = serde_json::json!({"a": 1});
    value["store"]["tomorrow"] = serde_json::json!(1);
    assert!(serde_json::from_value::<Snapshot>(value.clone()).is_ok());
    // and the one of `/readyz` is a part of it
    let readiness: Readiness = serde_json::from_value(value).unwrap();
    assert_eq!(readiness, told().readiness);
}

#[test]
fn strange_numbers_change_nothing() {
    let (status, _) = running(1);
    status.lane(9, Membership::Lost);
    status.lane_assigned(9, &[-1].map(SourcePartition::of_first));
    status.consent_end(-1, -1);
    status.consent_applied(i32::MAX, i64::MAX, Some(i64::MIN));
    status.outbound_waiting(vec![waiting(-1, i64::MIN, Some(i64::MIN))]);
    status.publish();
    assert!(status.ready().ready);
}
