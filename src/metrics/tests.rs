//! The metrics as a scraper and an operator see them.

use super::*;
use gate_core::{Action, Channel, Reason};

fn metrics() -> Arc<Metrics> {
    Metrics::new(TopicNames::default()).unwrap()
}

/// What other programs rely on, word for word: name and labels.
const CONTRACT: &[(&str, &[&str])] = &[
    ("consent_gate_decisions_total", &["outcome", "reason", "channel"]),
    ("consent_gate_decision_latency_seconds", &[]),
    ("consent_gate_enforcement_latency_seconds", &[]),
    ("consent_gate_barrier_seconds", &[]),
    ("consent_gate_held_partitions", &["cause"]),
    ("consent_gate_consent_changes_total", &["action", "result"]),
    ("consent_gate_lag_records", &["topic"]),
    ("consent_gate_lag_seconds", &["topic"]),
    ("consent_gate_transactions_total", &["result"]),
    ("consent_gate_invalid_records_total", &["topic", "class"]),
    ("consent_gate_store_bytes", &[]),
    ("consent_gate_subjects", &[]),
    // what dashboards and alert rules in deploy/ ask for
    ("consent_gate_enforcement_latency_max_seconds", &[]),
    ("consent_gate_commit_seconds", &[]),
    ("consent_gate_partition_lag_records", &["topic", "partition"]),
    ("consent_gate_partition_lag_seconds", &["topic", "partition"]),
    ("consent_gate_source_last_change_timestamp_seconds", &["source"]),
    ("consent_gate_source_changes_total", &["source"]),
    ("consent_gate_brand_decisions_total", &["brand", "outcome"]),
    ("consent_gate_campaign_decisions_total", &["campaign", "outcome"]),
    ("consent_gate_restore_remaining_records", &[]),
    ("consent_gate_store_cache_hits_total", &[]),
    ("consent_gate_store_cache_misses_total", &[]),
    ("consent_gate_store_cache_bytes", &[]),
    ("consent_gate_store_compaction_pending_bytes", &[]),
    ("consent_gate_store_compactions_running", &[]),
    ("consent_gate_store_stall_seconds_total", &[]),
    ("consent_gate_store_write_stopped", &[]),
    ("consent_gate_disk_free_bytes", &[]),
    ("consent_gate_disk_total_bytes", &[]),
    ("consent_gate_probe_rounds_total", &["result"]),
    ("consent_gate_probe_last_success_timestamp_seconds", &[]),
    ("consent_gate_probe_up", &[]),
    ("consent_gate_probe_records_total", &["topic", "recipient"]),
    ("consent_gate_sent_foreign_records_total", &["kind"]),
    ("consent_gate_probe_enabled", &[]),
    ("consent_gate_probe_seconds", &[]),
    ("consent_gate_policy_review_overdue", &["pack"]),
    ("consent_gate_policy_revision_info", &["revision"]),
];

#[test]
fn every_metric_of_the_contract_is_declared_with_its_labels() {
    let metrics = metrics();
    let labels_of = |name: &str| -> Option<Vec<&str>> {
        let declaration = metrics.declarations().iter().find(|declared| declared.name == name)?;
        Some(declaration.labels.iter().map(|(label, _)| *label).collect())
    };
    for (name, labels) in CONTRACT {
        assert_eq!(labels_of(name).as_deref(), Some(*labels), "{name}");
    }
    for name in ["consent_gate_build_info", "consent_gate_policy_info"] {
        assert!(labels_of(name).is_some(), "{name}");
    }
}

#[test]
fn names_follow_one_pattern() {
    for declaration in metrics().declarations() {
        let name = declaration.name;
        assert!(name.starts_with("consent_gate_"), "{name}");
        assert_eq!(name.ends_with("_total"), declaration.kind == "counter", "{name}");
        if declaration.unit == "seconds" {
            assert!(name.trim_end_matches("_total").ends_with("_seconds"), "{name}");
        }
        assert!(declaration.help.ends_with('.'), "{name}: help is a sentence");
    }
}

/// Series of the text format: name and labels, then a number.
fn series(text: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let bare = series.split_once('{').map_or(series, |(name, labels)| {
                assert!(labels.ends_with('}'), "{line}");
                name
            });
            assert!(
                bare.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()),
                "{line}"
            );
            (series.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

fn value(metrics: &Metrics, wanted: &str) -> Option<f64> {
    let text = metrics.encode().unwrap();
    series(&text).into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

#[test]
fn every_closed_series_exists_from_the_start_and_the_text_parses() {
    let metrics = metrics();
    let text = metrics.encode().unwrap();
    let n_decisions = series(&text)
        .iter()
        .filter(|(name, value)| name.starts_with("consent_gate_decisions_total{") && *value == 0.0)
        .count();
    assert_eq!(n_decisions, Decided::COUNT);
    for declaration in metrics
        .declarations()
        .iter()
        .filter(|declared| declared.labels.iter().all(|(_, values)| !values.is_empty()))
    {
        assert!(text.contains(&format!("# HELP {} ", declaration.name)), "{}", declaration.name);
    }
    #[cfg(target_os = "linux")]
    assert!(text.contains("process_resident_memory_bytes "));
    assert!(text.contains("consent_gate_build_info{"));
}

#[test]
fn counting_reaches_the_series_it_names() {
    let metrics = metrics();
    for (n, member) in Decided::all().into_iter().enumerate() {
        metrics.decisions.of(member).inc_by(n as u64);
    }
    assert_eq!(metrics.decisions.len(), Decided::COUNT);
    for (n, member) in Decided::all().into_iter().enumerate() {
        assert_eq!(metrics.decisions.of(member).get(), n as u64, "two members share a child");
    }
    let last = Decided(Reason::ApprovedRequest, Some(Channel::VoiceAuto));
    let name = "consent_gate_decisions_total{channel=\"voice_auto\",outcome=\"approved\",reason=\"consent_request\"}";
    assert_eq!(value(&metrics, name), Some(metrics.decisions.of(last).get() as f64));

    metrics.consent_changes.of(Changed(Some(Action::OptOut), ConsentResult::Clamped)).inc();
    let name = "consent_gate_consent_changes_total{action=\"opt_out\",result=\"clamped\"}";
    assert_eq!(value(&metrics, name), Some(1.0));

    metrics.invalid(Topic::Outbound(0), "truncated");
    metrics.invalid(Topic::Outbound(0), "never declared");
    for class in ["truncated", "other"] {
        let name = format!(
            "consent_gate_invalid_records_total{{class=\"{class}\",topic=\"outbound-message\"}}"
        );
        assert_eq!(value(&metrics, &name), Some(1.0), "{class}");
    }
}

#[test]
fn topics_are_labelled_with_their_configured_names() {
    let names =
        TopicNames { consent_change: "cc.v2".into(), outbound_messages: vec!["out".into()] };
    let metrics = Metrics::new(names).unwrap();
    metrics.lag_records.of(Topic::ConsentChange).set(7);
    assert_eq!(value(&metrics, "consent_gate_lag_records{topic=\"cc.v2\"}"), Some(7.0));
}

#[test]
fn the_same_name_for_both_topics_does_not_bring_the_gate_down_here() {
    // The configuration refuses it with a proper message; metrics must not panic before that.
    let names =
        TopicNames { consent_change: "same".into(), outbound_messages: vec!["same".into()] };
    assert!(Metrics::new(names).is_ok());
}

#[test]
fn poison_is_one_series_for_a_partition_and_goes_with_its_release() {
    let metrics = metrics();
    let poison = |metrics: &Metrics| -> Vec<String> {
        let text = metrics.encode().unwrap();
        let names = series(&text).into_iter().map(|(name, _)| name);
        names.filter(|name| name.starts_with("consent_gate_consent_poison")).collect()
    };
    let place = |partition: i32, offset: i64| {
        format!(
            "consent_gate_consent_poison{{offset=\"{offset}\",partition=\"{partition}\",topic=\"consent-change\"}}"
        )
    };
    metrics.set_poison(3, 17);
    metrics.set_poison(3, 17);
    metrics.set_poison(4, 1);
    assert_eq!(poison(&metrics), [place(4, 1), place(3, 17)]);
    metrics.set_poison(3, 18);
    assert_eq!(poison(&metrics), [place(4, 1), place(3, 18)]);
    metrics.clear_poison(3);
    metrics.clear_poison(3);
    metrics.clear_poison(99);
    assert_eq!(poison(&metrics), [place(4, 1)]);
}

#[test]
fn poison_series_are_bounded() {
    let metrics = metrics();
    let max = i32::try_from(PARTITION_SERIES_MAX).unwrap();
    for partition in 0..max + 5 {
        metrics.set_poison(partition, 0);
    }
    let text = metrics.encode().unwrap();
    assert_eq!(text.matches("consent_gate_consent_poison{").count(), PARTITION_SERIES_MAX);
    assert_eq!(metrics.bounds_reached.of(Bound::PartitionSeries).get(), 5);
    // A partition that has its series may still move.
    metrics.set_poison(0, 9);
    assert!(metrics.encode().unwrap().contains("offset=\"9\",partition=\"0\""));
}

#[test]
fn reviews_of_the_packs_in_force_alone() {
    let metrics = metrics();
    let of = |pack: &str| {
        value(&metrics, &format!("consent_gate_policy_review_overdue{{pack=\"{pack}\"}}"))
    };
    metrics.set_policy_reviews([("EU", false), ("GB", true)]);
    assert_eq!((of("EU"), of("GB")), (Some(0.0), Some(1.0)));
    metrics.set_policy_reviews([("EU", true)]);
    assert_eq!((of("EU"), of("GB")), (Some(1.0), None));
}

#[test]
fn a_new_set_of_packs_replaces_the_former() {
    let metrics = metrics();
    metrics.set_policies([("EU", "3"), ("GB", "1")]);
    metrics.set_policies([("EU", "4")]);
    let text = metrics.encode().unwrap();
    assert_eq!(text.matches("consent_gate_policy_info{").count(), 1);
    assert_eq!(value(&metrics, "consent_gate_policy_info{pack=\"EU\",version=\"4\"}"), Some(1.0));
}

#[test]
fn replay_is_not_enforcement() {
    let metrics = metrics();
    metrics.enforced(now_ms() - 3_600_000);
    assert_eq!(metrics.enforcement_latency.get_sample_count(), 0);
    metrics.enforced(now_ms());
    metrics.enforced(now_ms() + 60_000);
    assert_eq!(metrics.enforcement_latency.get_sample_count(), 2);
    assert!(metrics.enforcement_latency.get_sample_sum() < 1.0, "never negative, never absurd");
}

#[test]
fn the_slowest_enforcement_is_published() {
    let metrics = metrics();
    assert_eq!(value(&metrics, "consent_gate_enforcement_latency_max_seconds"), Some(0.0));
    metrics.enforced(now_ms() - 3_600_000);
    assert_eq!(value(&metrics, "consent_gate_enforcement_latency_max_seconds"), Some(0.0));
    std::thread::sleep(std::time::Duration::from_millis(20));
    metrics.enforced(metrics.process_start_ms);
    let slowest = value(&metrics, "consent_gate_enforcement_latency_max_seconds").unwrap();
    assert!((0.02..5.0).contains(&slowest), "{slowest}");
}

#[test]
fn the_probe_is_up_only_while_its_last_round_passed() {
    let metrics = metrics();
    let up = |metrics: &Metrics| value(metrics, "consent_gate_probe_up");
    let last = |metrics: &Metrics| {
        value(metrics, "consent_gate_probe_last_success_timestamp_seconds").unwrap()
    };
    assert_eq!((up(&metrics), last(&metrics)), (Some(0.0), 0.0), "nothing was proven yet");
    metrics.probe_ended(ProbeResult::Passed);
    assert_eq!(up(&metrics), Some(1.0));
    let passed_at = last(&metrics);
    assert!((passed_at - now_ms() as f64 / 1e3).abs() < 5.0, "{passed_at}");
    for result in [ProbeResult::Violated, ProbeResult::TimedOut, ProbeResult::Error] {
        metrics.probe_ended(ProbeResult::Passed);
        metrics.probe_ended(result);
        assert_eq!(up(&metrics), Some(0.0), "{result:?}");
        assert!(last(&metrics) >= passed_at);
        let name = format!("consent_gate_probe_rounds_total{{result=\"{}\"}}", result.as_str());
        assert_eq!(value(&metrics, &name), Some(1.0));
    }
}

#[test]
fn one_revision_is_in_force() {
    let metrics = metrics();
    metrics.set_policy_revision("3f2a");
    metrics.set_policy_revision("77b0");
    let text = metrics.encode().unwrap();
    assert_eq!(text.matches("consent_gate_policy_revision_info{").count(), 1);
    assert!(text.contains("consent_gate_policy_revision_info{revision=\"77b0\"} 1"));
}

#[test]
fn two_sets_of_metrics_live_in_one_process() {
    let (one, other) = (metrics(), metrics());
    one.dead_letters.inc();
    assert_eq!(other.dead_letters.get(), 0);
}
