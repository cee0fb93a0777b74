//! Prometheus' own opinion: `promtool` checks the configuration, runs the tests of the rules, and reads every query.

use crate::dashboards::{Queries, queries};
use crate::{files, path};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program, or `None` after saying why `test` is skipped.
fn promtool(test: &str) -> Option<&'static PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let find = || {
        let script = path("scripts/prometheus");
        let output = Command::new(&script).arg("path").output();
        let output = output.map_err(|error| format!("scripts/prometheus: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
        }
        Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("promtool"))
    };
    match FOUND.get_or_init(find) {
        Ok(program) => Some(program),
        Err(why) => {
            writeln!(std::io::stderr(), "skipped: {test}: {why}").ok();
            let may_skip = std::env::var_os("CONSENT_GATE_TESTS_NO_SKIP").is_none();
            assert!(may_skip, "skipping is not allowed here: {why}");
            None
        }
    }
}

fn run(program: &Path, arguments: &[&str], file: &Path) {
    let output = Command::new(program).args(arguments).arg(file).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "promtool {} {}\n{said}", arguments.join(" "), file.display());
}

#[test]
fn the_configuration_is_valid() {
    let Some(program) = promtool("the_configuration_is_valid") else { return };
    run(program, &["check", "config"], &path("deploy/prometheus/prometheus.yml"));
    for file in files("deploy/prometheus/rules", "yml") {
        run(program, &["check", "rules", "--lint=all", "--lint-fatal"], &file);
    }
}

#[test]
fn alerts_fire_clear_and_stay_quiet() {
    let Some(program) = promtool("alerts_fire_clear_and_stay_quiet") else { return };
    // some take seconds: side by side
    std::thread::scope(|scope| {
        for file in files("deploy/prometheus/tests", "yml") {
            scope.spawn(move || run(program, &["test", "rules"], &file));
        }
    });
}

#[test]
fn every_query_of_a_dashboard_is_promql() {
    let Some(program) = promtool("every_query_of_a_dashboard_is_promql") else { return };
    let rules: Vec<serde_json::Value> = queries()
        .iter()
        .enumerate()
        .map(|(n, query)| serde_json::json!({"record": format!("query_{n}"), "expr": Queries::written_out(&query.expr)}))
        .collect();
    let groups = serde_json::json!({"groups": [{"name": "queries", "rules": rules}]});
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("queries.yml");
    std::fs::write(&file, groups.to_string()).unwrap(); // JSON is YAML
    run(program, &["check", "rules"], &file);
}

#[test]
fn policies_are_marked_when_they_change_and_not_when_an_instance_starts() {
    let test = "policies_are_marked_when_they_change_and_not_when_an_instance_starts";
    let Some(program) = promtool(test) else { return };
    let all = queries();
    let mark =
        all.iter().find(|query| query.place.ends_with(", Policies")).expect("there is a mark");
    let series = |instance: &str, revision: &str, values: &str| {
        let name = "consent_gate_policy_revision_info";
        let labels = format!(r#"job="consent-gate", instance="{instance}", revision="{revision}""#);
        serde_json::json!({"series": format!("{name}{{{labels}}}"), "values": values})
    };
    let at = |time: &str, revisions: &[&str]| {
        let samples: Vec<_> = revisions
            .iter()
            .map(|it| serde_json::json!({"labels": format!(r#"{{revision="{it}"}}"#), "value": 1}))
            .collect();
        let expr = Queries::written_out(&mark.expr);
        serde_json::json!({"expr": expr, "eval_time": time, "exp_samples": samples})
    };
    let tests = serde_json::json!({
        "evaluation_interval": "30s",
        "tests": [{
            "interval": "30s",
            "input_series": [
                // taken up after five minutes, and an instance that starts after eight
                series("gate-1", "old", "1x10 stale"),
                series("gate-1", "new", "_x11 1x20"),
                series("gate-2", "new", "_x16 1x20"),
            ],
            "promql_expr_test": [
                at("2m", &[]), at("5m30s", &["new"]), at("7m", &[]), at("8m", &[]), at("9m", &[]),
            ],
        }],
    });
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mark.yml");
    std::fs::write(&file, tests.to_string()).unwrap(); // JSON is YAML
    run(program, &["test", "rules"], &file);
}
