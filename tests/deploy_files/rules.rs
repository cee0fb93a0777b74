//! The rules: their names, their labels, their tests.

use crate::{assert_none, files, names, path, promql, read, stem};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One recording or alert rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    record: Option<String>,
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    #[serde(default, rename = "for")]
    _waits: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    #[serde(default, rename = "interval")]
    _interval: Option<String>,
    rules: Vec<Rule>,
}

impl Rule {
    /// Name of the alert or of the recorded series.
    pub(crate) fn name(&self) -> &str {
        self.alert.as_deref().or(self.record.as_deref()).expect("a rule has a name")
    }
}

fn groups() -> Vec<Group> {
    let parse = |path: &std::path::PathBuf| {
        let parsed: RuleFile = serde_saphyr::from_str(&read(path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        parsed.groups
    };
    files("deploy/prometheus/rules", "yml").iter().flat_map(parse).collect()
}

/// All rules of all files.
pub(crate) fn all() -> Vec<Rule> {
    groups().into_iter().flat_map(|group| group.rules).collect()
}

/// The alerts, each once.
pub(crate) fn alerts() -> BTreeSet<String> {
    all().into_iter().filter_map(|rule| rule.alert).collect()
}

#[test]
fn rules_ask_for_what_exists() {
    let names = names();
    let mut faults = Vec::new();
    let mut n_selectors = 0;
    for rule in all() {
        for selector in promql::selectors(&rule.expr) {
            n_selectors += 1;
            let found = names.faults(&selector);
            faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", rule.name())));
        }
    }
    assert!(n_selectors > 80, "only {n_selectors} selectors: the scanner is blind");
    assert_none(&faults);
}

#[test]
fn what_is_recorded_is_used() {
    let rules = all();
    let used: BTreeSet<String> =
        rules.iter().flat_map(|rule| promql::selectors(&rule.expr)).map(|it| it.metric).collect();
    let recorded = rules.iter().filter_map(|rule| rule.record.clone());
    let idle: Vec<String> = recorded.filter(|name| !used.contains(name)).collect();
    assert_none(&idle);
}

#[test]
fn groups_have_names_of_their_own() {
    let mut seen = BTreeSet::new();
    for group in groups() {
        assert!(seen.insert(group.name.clone()), "two groups are called `{}`", group.name);
    }
}

#[test]
fn every_alert_says_how_urgent_it_is_what_it_saw_and_where_to_read_on() {
    let mut faults = Vec::new();
    for rule in all().iter().filter(|rule| rule.alert.is_some()) {
        let name = rule.name();
        let mut check = |is_right: bool, what: &str| {
            if !is_right {
                faults.push(format!("{name}: {what}"));
            }
        };
        let severity = rule.labels.get("severity").map(String::as_str);
        check(matches!(severity, Some("critical" | "warning")), "severity is critical or warning");
        let text = |key: &str| rule.annotations.get(key).map_or("", String::as_str);
        let summary = text("summary");
        check(!summary.is_empty() && summary.len() < 100, "a summary of one short line");
        // nothing is there to be named when everything is absent
        let has_values = text("description").contains("{{ $") || rule.expr.starts_with("absent(");
        check(has_values, "a description with values");
        check(text("runbook_url") == format!("docs/runbooks/{name}.md"), "the URL of its runbook");
        check(path(&format!("docs/runbooks/{name}.md")).is_file(), "its runbook exists");
    }
    assert_none(&faults);
}

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    alert_rule_test: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    alertname: String,
    exp_alerts: Vec<serde_json::Value>,
}

/// What the checks of one alert in one test expect, in order: the numbers of alerts.
fn expected(test: &Test, alert: &str) -> Vec<usize> {
    let own = test.alert_rule_test.iter().filter(|check| check.alertname == alert);
    own.map(|check| check.exp_alerts.len()).collect()
}

#[test]
fn every_alert_is_tested_to_fire_to_clear_and_to_stay_quiet() {
    let (mut ordinary, mut healthy) = (Vec::new(), Vec::new());
    for path in files("deploy/prometheus/tests", "yml") {
        let file: TestFile = serde_saphyr::from_str(&read(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if stem(&path) == "healthy" {
            healthy.extend(file.tests)
        } else {
            ordinary.extend(file.tests)
        }
    }
    let mut faults = Vec::new();
    for alert in alerts() {
        let fires_and_clears = ordinary.iter().any(|test| {
            let counts = expected(test, &alert);
            let fires = counts.iter().position(|n| *n > 0);
            fires.is_some_and(|at| at > 0 && counts[at..].contains(&0))
        });
        if !fires_and_clears {
            faults.push(format!("{alert}: no test in which it is quiet, fires and clears"));
        }
        let is_quiet = healthy
            .iter()
            .map(|test| expected(test, &alert))
            .all(|counts| counts.len() > 3 && counts.iter().all(|n| *n == 0));
        if healthy.is_empty() || !is_quiet {
            faults.push(format!("{alert}: healthy.yml does not prove that it stays quiet"));
        }
    }
    assert_none(&faults);
}
