//! What the desk counts.

use super::declare::Family;
use super::labels::{DeskAct, DeskTopic, PolicyReload, StatusClass};
use super::process::process_metrics;
use prometheus::{Gauge, IntCounter, IntGauge};

process_metrics! {
    /// All metrics of a desk.
    DeskMetrics of "desk" {
        answers: Family<IntCounter, StatusClass> = counters("consent_gate_desk_answers_total", "answers"):
            "Answers to people, programs and probes.";
        look_ups: Family<IntCounter, DeskAct> = counters("consent_gate_desk_look_ups_total", "look-ups"):
            "Looks at people and records that stand in the access log.";
        index_decisions: IntGauge = gauge("consent_gate_desk_index_decisions", "decisions"):
            "Decisions in the index.";
        index_changes: IntGauge = gauge("consent_gate_desk_index_changes", "changes"):
            "Consent changes that the index has taken in.";
        index_bytes: IntGauge = gauge("consent_gate_desk_index_bytes", "bytes"):
            "The index on disk.";
        index_others: IntGauge = gauge("consent_gate_desk_index_others", "decisions"):
            "Decisions counted as \"other\" because a bound of the index was reached.";
        index_unread: Family<IntGauge, DeskTopic> = gauges("consent_gate_desk_index_unread_records", "offsets"):
            "Offsets of a topic that the index has not read yet, at the last look.";
        index_behind: Family<Gauge, DeskTopic> = seconds_gauges("consent_gate_desk_index_behind_seconds", "seconds"):
            "Age of the newest record of a topic that the index has read while more is there, or for how long the topic could not be read; 0: nothing waits.";
        token_reloads: Family<IntCounter, PolicyReload> = counters("consent_gate_token_reloads_total", "attempts"):
            "Attempts to load `desk.tokens_file` again, by what became of them.";
        tokens_rejected: IntGauge = gauge("consent_gate_tokens_rejected", "files"):
            "1 while `desk.tokens_file` on disk is not valid and the former tokens stay in force.";
    }
}
