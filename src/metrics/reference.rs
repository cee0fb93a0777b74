//! `docs/reference/metrics.md`, written from the declarations.
//!
//! The page is generated so that it cannot part from the program; a test compares it, and
//! `UPDATE_GOLDEN=1 cargo test --release --lib metrics` writes it again.

use super::{
    Declaration, INVALID_CLASSES, NAMED_MAX, NAMED_OTHER, PARTITION_SERIES_MAX, SOURCE_OTHER,
    SOURCES_MAX,
};
use std::fmt::Write as _;

/// What the process collector adds; its names are those of every Prometheus client.
const PROCESS: &str = "`process_cpu_seconds_total` (whole seconds), `process_resident_memory_bytes`, \
`process_virtual_memory_bytes`, `process_open_fds`, `process_max_fds`, `process_threads`, \
`process_start_time_seconds`";

/// What `consent-gate reconcile` leaves behind: it is no server, so nothing of it is registered.
const RECONCILE: &str = "
## Of reconcile

In the file of `consent-gate reconcile --metrics`, for the textfile collector of the node exporter.

| metric | type | unit | labels | meaning |
|---|---|---|---|---|
| `consent_gate_suppression_drift` | gauge | people | `source` · `direction`: `only_here`, `only_there`, `overtaken`, `undated` · `kind` | \
People who are refused on one side alone, or on the provider's in spite of later consent. |
| `consent_gate_suppression_compared_timestamp_seconds` | gauge | seconds | `source` | When a provider's list was last compared to its end. |
";

/// Sets longer than this are told below the table instead of in it.
const VALUES_INLINE_MAX: usize = 4;

/// The reference page of these declarations.
#[must_use]
pub fn reference_page(
    declarations: &[Declaration],
    components: &[(&str, &[Declaration])],
) -> String {
    let mut page = String::from(
        "<!-- Generated from src/metrics/mod.rs; write it again with \
         UPDATE_GOLDEN=1 cargo test --release --lib metrics -->\n\
         # Metrics\n\n\
         Prometheus text format at `/metrics` of `http.listen`. Every series with closed labels exists from the \
         start with value 0.\nLabel values are closed sets or come from the configuration: never a contact, an address or \
         anything else out of a record. `topic` is the configured name.\n\n\
",
    );
    table(&mut page, declarations);
    writeln!(page, "\nAnd of the process itself: {PROCESS}.").ok();
    page.push_str("\n## Label values\n");
    for declaration in declarations {
        for (label, values) in &declaration.labels {
            if values.len() > VALUES_INLINE_MAX {
                writeln!(page, "\n`{label}` of `{}`: {}.", declaration.name, list(values)).ok();
            }
        }
    }
    writeln!(
        page,
        "\n`partition` and `offset` are numbers; at most {PARTITION_SERIES_MAX} partitions have a series of their own. \
         A class that is none of the {} known ones counts as `other`. `source` is one of `metrics.sources`, at most \
         {SOURCES_MAX}, or `{SOURCE_OTHER}`; a record's own name only picks one of them. `brand` and `campaign` likewise are \
         those of `metrics.brands` and `metrics.campaigns`, at most {NAMED_MAX} each, or `{NAMED_OTHER}`.\n\n\
         Age of waiting work is known to the second: it is dated by where the topic ended at earlier looks. \
         What the store and the disk say is at most a second old.",
        INVALID_CLASSES.len(),
    )
    .ok();
    for (component, declarations) in components {
        writeln!(
            page,
            "\n## Of the {component}\n\nAt `/metrics` of `{component}.listen`, beside those of the process.\n"
        )
        .ok();
        table(&mut page, declarations);
    }
    page.push_str(RECONCILE);
    page.push_str("\n## What to alert on\n\n");
    for (expression, meaning) in ALERTS {
        writeln!(page, "- `{expression}`: {meaning}").ok();
    }
    page
}

fn table(page: &mut String, declarations: &[Declaration]) {
    page.push_str("| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
    for declaration in declarations {
        let labels: Vec<String> = declaration.labels.iter().map(column).collect();
        // Writing into a String cannot fail.
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            declaration.name,
            declaration.kind,
            declaration.unit,
            labels.join(" · "),
            declaration.help,
        )
        .ok();
    }
}

/// Alerts every installation wants, with what to do.
const ALERTS: &[(&str, &str)] = &[
    (
        "max by (topic, partition, offset) (consent_gate_consent_poison) > 0",
        "a consent change cannot be read and nobody can tell whose it is. Nothing is decided until it is released.",
    ),
    (
        "sum by (cause) (consent_gate_held_partitions) > 0",
        "messages wait; `/readyz` says for what.",
    ),
    (
        "rate(consent_gate_invalid_records_total[5m]) > 0",
        "a producer writes records the gate cannot read.",
    ),
    (
        "consent_gate_lag_seconds{topic=\"consent-change\"} > 60",
        "opt-outs are applied late; messages are held meanwhile.",
    ),
];

fn column((label, values): &(&'static str, Vec<String>)) -> String {
    if values.is_empty() || values.len() > VALUES_INLINE_MAX {
        format!("`{label}`")
    } else {
        format!("`{label}`: {}", list(values))
    }
}

fn list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{HoldCause, Metrics, TopicNames};

    fn page() -> String {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let of_ledger = crate::metrics::LedgerMetrics::new().unwrap();
        let of_desk = crate::metrics::DeskMetrics::new().unwrap();
        let of_door = crate::metrics::DoorMetrics::new().unwrap();
        reference_page(
            metrics.declarations(),
            &[
                ("ledger", of_ledger.declarations()),
                ("desk", of_desk.declarations()),
                ("door", of_door.declarations()),
            ],
        )
    }

    #[test]
    fn the_reference_page_tells_what_the_program_declares() {
        let page = page();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/metrics.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page,
            "docs/reference/metrics.md is out of date: run UPDATE_GOLDEN=1 cargo test --release --lib metrics"
        );
    }

    #[test]
    fn the_page_names_every_hold_cause() {
        let page = page();
        for cause in HoldCause::ALL {
            assert!(page.contains(&format!("`{}`", cause.as_str())), "{cause:?}");
        }
    }
}
