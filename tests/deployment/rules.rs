//! The PrometheusRule of deploy/kubernetes is made of deploy/prometheus/rules, and of nothing else.

use super::{files_below, read, root, yaml};

const MADE: &str = "deploy/kubernetes/components/prometheus-operator/rules.yaml";
const RULES: &str = "deploy/prometheus/rules";
const COMMAND: &str = "UPDATE_GOLDEN=1 cargo test --release --test deployment rules";

/// One PrometheusRule for each file, whose text stands below `spec`, so that comments stay where they are.
fn made_of_rules() -> String {
    let mut text = format!("# Generated from {RULES}; change that, then: {COMMAND}\n");
    let files = files_below(RULES);
    assert!(!files.is_empty(), "{RULES} is empty");
    for file in files {
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".yml");
        assert!(
            yaml(&file)["groups"].as_array().is_some_and(|groups| !groups.is_empty()),
            "{file}"
        );
        text.push_str(
            "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n",
        );
        text.push_str(&format!("  name: consent-gate-{name}\n"));
        text.push_str("  labels: { app.kubernetes.io/name: consent-gate }\nspec:\n");
        for line in read(&file).lines() {
            let line = if line.is_empty() { String::new() } else { format!("  {line}") };
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn rules_for_the_operator_are_those_for_prometheus() {
    let wanted = made_of_rules();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join(MADE), &wanted).unwrap();
    }
    assert!(read(MADE) == wanted, "{MADE} is not what {RULES} says: {COMMAND}");
    let documents = super::documents(MADE);
    assert_eq!(documents.len(), files_below(RULES).len());
    for (document, file) in documents.iter().zip(files_below(RULES)) {
        assert_eq!(document["spec"], yaml(&file), "{file}: the same by meaning");
    }
}
