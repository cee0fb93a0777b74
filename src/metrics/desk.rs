//! What the desk counts: a process of its own with a registry of its own, since a gate has no desk.

use super::MetricsError;
use super::declare::{Declaration, Family, Registrar, Spec};
use super::labels::{DeskAct, DeskTopic, StatusClass, TopicNames};
use prometheus::{Gauge, IntCounter, IntGauge, Registry, TextEncoder};

macro_rules! desk_metrics {
    ($($field:ident: $type:ty = $method:ident($name:literal, $unit:literal): $help:literal;)*) => {
        /// All metrics of a desk.
        pub struct DeskMetrics {
            registry: Registry,
            declarations: Vec<Declaration>,
            $(#[doc = $help] pub $field: $type,)*
        }

        impl DeskMetrics {
            fn declare() -> prometheus::Result<Self> {
                let registry = Registry::new();
                #[cfg(target_os = "linux")]
                registry.register(Box::new(
                    prometheus::process_collector::ProcessCollector::for_self(),
                ))?;
                let topics = TopicNames::default();
                let mut registrar =
                    Registrar { registry: &registry, topics: &topics, declarations: Vec::new() };
                $(let $field = registrar.$method(&Spec { name: $name, unit: $unit, help: $help })?;)*
                let declarations = registrar.declarations;
                Ok(Self { registry, declarations, $($field,)* })
            }
        }
    };
}

desk_metrics! {
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
}

impl DeskMetrics {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// A declaration is wrong: a mistake in this program.
    pub fn new() -> Result<Self, MetricsError> {
        Self::declare().map_err(MetricsError::Declaration)
    }

    /// What was declared.
    #[must_use]
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// Everything in the Prometheus text format.
    ///
    /// # Errors
    /// The registry could not be written: a mistake in this program.
    pub fn encode(&self) -> Result<String, MetricsError> {
        TextEncoder::new().encode_to_string(&self.registry.gather()).map_err(MetricsError::Encoding)
    }
}
