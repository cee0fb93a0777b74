//! What the door counts, by configured source: their number is bounded by the sources' file.

use super::declare::Family;
use super::labels::{DoorBound, StatusClass};
use super::process::process_metrics;
use prometheus::{GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge};

/// From a broker in the same rack to a provider that gives up.
const SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

process_metrics! {
    /// All metrics of a door.
    DoorMetrics of "door" {
        answers: Family<IntCounter, StatusClass> = counters("consent_gate_door_answers_total", "answers"):
            "Answers to providers, programs, people and probes.";
        records: IntCounterVec = bounded_counters("consent_gate_door_records_total", "records", &["source", "action"]):
            "Consent changes that were taken in and acknowledged by Kafka.";
        repeated: IntCounterVec = bounded_counters("consent_gate_door_repeated_total", "records", &["source"]):
            "Consent changes that came again and are in Kafka already.";
        not_remembered: IntCounter = counter("consent_gate_door_not_remembered_total", "records"):
            "Consent changes that were taken in and could not be remembered (the disk of `door.dir`): when they come again they are written again, and one without a time of its own counts as said again.";
        refused: IntCounterVec = bounded_counters("consent_gate_door_refused_total", "requests", &["source", "why"]):
            "Requests that were refused as a whole: `unauthentic` is a wrong signature or token.";
        problems: IntCounterVec = bounded_counters("consent_gate_door_problems_total", "items", &["source", "class"]):
            "Items that could not be understood and were put into `topics.door_dead_letter`.";
        skipped: IntCounterVec = bounded_counters("consent_gate_door_skipped_total", "items", &["source", "why"]):
            "Items that say nothing about consent, or nothing the configuration lets in.";
        unavailable: IntCounterVec = bounded_counters("consent_gate_door_unavailable_total", "requests", &["source"]):
            "Requests that were answered 503 and have to come again: Kafka or a certificate was not to be had. For a mail client that does not try again it is a lost opt-out.";
        last_event: GaugeVec = bounded_seconds_gauges("consent_gate_door_last_event_timestamp_seconds", "seconds", &["source"]):
            "When a source was last heard with a valid signature; absent before the first time.";
        acknowledged_seconds: Histogram = histogram("consent_gate_door_acknowledged_seconds", "seconds", SECONDS):
            "From when a request was understood until Kafka has acknowledged all of its records.";
        enforced_seconds: Histogram = histogram("consent_gate_door_enforced_seconds", "seconds", SECONDS):
            "From the acknowledgement until all gates have applied it, for those who wait.";
        at_work: IntGauge = gauge("consent_gate_door_requests_at_work", "requests"):
            "Requests at work.";
        bounds: Family<IntCounter, DoorBound> = counters("consent_gate_door_bounds_reached_total", "times"):
            "How often a bound was reached, by which.";
    }
}
