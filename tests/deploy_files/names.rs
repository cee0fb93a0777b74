//! What the gate serves, as `docs/reference/metrics.md` tells it, and whether a query asks for something else.

use crate::promql::{Matcher, Selector};
use std::collections::{BTreeMap, BTreeSet};

/// A metric of the reference page.
#[derive(Debug, Default)]
struct Metric {
    is_histogram: bool,
    /// Labels, with their values where they are a closed set.
    labels: BTreeMap<String, Vec<String>>,
}

/// Everything a query may ask for.
#[derive(Debug)]
pub(crate) struct Names {
    metrics: BTreeMap<String, Metric>,
    recorded: BTreeSet<String>,
}

/// What Prometheus adds itself.
const TARGET_LABELS: &[&str] = &["job", "instance"];
const OF_PROMETHEUS: &[&str] = &["up"];

impl Names {
    /// Reads the reference page; `recorded` are the names of recording rules.
    pub(crate) fn new(page: &str, recorded: BTreeSet<String>) -> Self {
        let mut metrics = BTreeMap::new();
        for line in page.lines() {
            if let Some(row) = line.strip_prefix("| `") {
                let (name, rest) = row.split_once('`').expect("a name ends with a backtick");
                metrics.insert(name.to_owned(), metric(rest));
            } else if line.starts_with("And of the process itself") {
                for name in quoted(line) {
                    metrics.insert(name, Metric::default());
                }
            } else if line.starts_with('`') && line.contains("` of `") {
                add_values(&mut metrics, &quoted(line));
            }
        }
        assert!(metrics.len() > 30, "the reference page has {} metrics only", metrics.len());
        for name in OF_PROMETHEUS {
            metrics.insert((*name).to_owned(), Metric::default());
        }
        Self { metrics, recorded }
    }

    /// What is wrong with a selector.
    pub(crate) fn faults(&self, selector: &Selector) -> Vec<String> {
        let name = &selector.metric;
        if self.recorded.contains(name) {
            return Vec::new();
        }
        let of_histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| {
            let base = self.metrics.get(name.strip_suffix(suffix)?)?;
            base.is_histogram.then_some((base, suffix))
        });
        let (metric, suffix) = match (of_histogram, self.metrics.get(name)) {
            (Some(found), _) => found,
            (None, Some(metric)) if !metric.is_histogram => (metric, ""),
            (None, Some(_)) => {
                return vec![format!("`{name}` is a histogram: `_bucket`, `_sum` or `_count`?")];
            }
            (None, None) => {
                return vec![format!(
                    "`{name}` is neither in docs/reference/metrics.md nor recorded by a rule"
                )];
            }
        };
        let faults = selector.matchers.iter().filter_map(|matcher| {
            let label = matcher.label.as_str();
            if TARGET_LABELS.contains(&label) || (label == "le" && suffix == "_bucket") {
                return None;
            }
            let Some(values) = metric.labels.get(label) else {
                return Some(format!("`{name}` has no label `{label}`"));
            };
            unknown_value(matcher, values)
                .map(|value| format!("`{label}` of `{name}` is never `{value}`"))
        });
        faults.collect()
    }
}

/// A value that the matcher names and the closed set does not have. Grafana's variables may be anything.
fn unknown_value(matcher: &Matcher, values: &[String]) -> Option<String> {
    if values.is_empty() || matcher.value.starts_with('$') {
        return None;
    }
    let is_regex = matcher.operator.ends_with('~');
    let named: Vec<&str> =
        if is_regex { matcher.value.split('|').collect() } else { vec![&matcher.value] };
    named.into_iter().find(|value| !values.iter().any(|known| known == value)).map(str::to_owned)
}

/// `| type | unit | labels | meaning |`
fn metric(row: &str) -> Metric {
    let cells: Vec<&str> = row.split(" | ").collect();
    let labels = cells.get(3).expect("a row has five cells");
    let labels = labels.split('·').filter_map(|label| {
        let mut words = quoted(label).into_iter();
        Some((words.next()?, words.collect()))
    });
    Metric { is_histogram: cells[1].trim() == "histogram", labels: labels.collect() }
}

/// "`reason` of `consent_gate_decisions_total`: `a`, `b`."
fn add_values(metrics: &mut BTreeMap<String, Metric>, words: &[String]) {
    let [label, name, values @ ..] = words else { return };
    if let Some(metric) = metrics.get_mut(name) {
        metric.labels.insert(label.clone(), values.to_vec());
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
