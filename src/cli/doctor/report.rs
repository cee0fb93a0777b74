//! The report: a line for each finding, then what to do, each thing once.

use super::super::ExitCode;
use super::fix::{Fix, Places, ToDo, merge};
use super::{Finding, Verdict};

/// Checks named behind something to do; the rest is counted.
const CHECKS_SHOWN: usize = 4;

fn to_do(findings: &[Finding], places: Places<'_>) -> Vec<ToDo> {
    // what breaks a promise comes first
    let is_failure = |finding: &&Finding| matches!(finding.verdict, Verdict::Fail(_));
    let (failed, rest): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(is_failure);
    let all = failed.into_iter().chain(rest);
    let fixes: Vec<(String, Fix)> =
        all.map(|finding| (finding.check.clone(), finding.fix.clone())).collect();
    merge(&fixes, places)
}

/// For people.
pub(super) fn as_text(findings: &[Finding], code: ExitCode, places: Places<'_>) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let Finding { check, found, .. } = finding;
        let line = format!("{}  {check:<width$}  {found}", finding.verdict.name());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let to_do = to_do(findings, places);
    if !to_do.is_empty() {
        text.push_str("\nWhat to do:\n");
    }
    for (number, ToDo { text: what, checks }) in (1..).zip(&to_do) {
        let shown = checks.iter().take(CHECKS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = match checks.len().saturating_sub(CHECKS_SHOWN) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        text.push_str(&format!("{number:>3}. {shown}{more}\n     {what}\n"));
    }
    let count =
        |name: &str| findings.iter().filter(|finding| finding.verdict.name() == name).count();
    let counts = format!(
        "{} passed, {} warnings, {} failed, {} skipped",
        count("PASS"),
        count("WARN"),
        count("FAIL"),
        count("SKIP")
    );
    text.push_str(&match code {
        ExitCode::Clean => format!("\n{counts}: nothing here keeps the gate from its promises\n"),
        code => format!("\n{counts}: exit code {}\n", code as u8),
    });
    text
}

/// For programs.
pub(super) fn as_json(
    findings: &[Finding],
    code: ExitCode,
    places: Places<'_>,
) -> serde_json::Value {
    let checks: Vec<_> = findings
        .iter()
        .map(|finding| {
            let Finding { verdict, check, found, fix } = finding;
            let fix = fix.text(places);
            serde_json::json!({"verdict": verdict.name(), "check": check, "found": found, "fix": fix})
        })
        .collect();
    let to_do: Vec<_> = to_do(findings, places)
        .into_iter()
        .map(|to_do| serde_json::json!({"do": to_do.text, "checks": to_do.checks}))
        .collect();
    serde_json::json!({"exit_code": code as u8, "checks": checks, "to_do": to_do})
}

#[cfg(test)]
mod tests {
    use super::super::exit_code;
    use super::*;

    #[test]
    fn the_report_aligns_and_says_each_thing_to_do_once() {
        let missing = |topic: &str| {
            Finding::fail(
                format!("topic {topic}"),
                "is not there",
                "run `consent-gate topics create`",
            )
        };
        let findings = [
            Finding::pass("read a", ""),
            Finding::warn("clock", "cannot be told", "run NTP"),
            missing("a"),
            missing("b"),
        ];
        let places = Places { file: "gate.yaml", bootstrap: "kafka:9092" };
        let code = exit_code(&findings);
        assert_eq!(
            as_text(&findings, code, places),
            "PASS  read a\n\
             WARN  clock    cannot be told\n\
             FAIL  topic a  is not there\n\
             FAIL  topic b  is not there\n\
             \nWhat to do:\n\
             \x20 1. topic a, topic b\n     run `consent-gate topics create -c gate.yaml`\n\
             \x20 2. clock\n     run NTP\n\
             \n1 passed, 1 warnings, 2 failed, 0 skipped: exit code 78\n"
        );
        let json = as_json(&findings, code, places);
        assert_eq!(json["to_do"].as_array().map(Vec::len), Some(2));
        assert_eq!(json["checks"][3]["fix"], "run `consent-gate topics create -c gate.yaml`");
    }
}
