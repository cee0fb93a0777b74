//! `consent-gate doctor`: what would keep the gate from its promises, found before it runs, each with its fix.
//!
//! Invariant: it changes nothing. It writes no record that a reader sees (the transactions it opens to ask for rights
//! are aborted before anything is sent, that which asks for the time after one record) and leaves no file. What nobody can find out from here is SKIP with the reason, not PASS.

mod clock;
mod cluster;
mod consent_keys;
mod keys;
mod local;
mod rights;
mod running;
mod unpacked;

use clap::Args;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::{ConfigFile, ExitCode, Failure, output};
use crate::kafka_errors::{Class, KafkaFailure};
use crate::preflight::preflight;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object with all checks
    #[arg(long)]
    json: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// Nobody can tell from here.
    Skip,
    /// No promise breaks, but somebody should know.
    Warn,
    /// A promise breaks, or the gate cannot work. The class is the exit code.
    Fail(Class),
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Skip => "SKIP",
            Self::Warn => "WARN",
            Self::Fail(_) => "FAIL",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone)]
struct Finding {
    verdict: Verdict,
    /// What was checked, e.g. `topic consent-change: retention`.
    check: String,
    /// What was found.
    found: String,
    /// What to do; empty if nothing.
    fix: String,
}

impl Finding {
    fn pass(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Pass,
            check: check.into(),
            found: found.into(),
            fix: String::new(),
        }
    }

    fn skip(check: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Skip,
            check: check.into(),
            found: reason.into(),
            fix: String::new(),
        }
    }

    fn warn(check: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, check: check.into(), found: found.into(), fix: fix.into() }
    }

    fn fail(check: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail(Class::Config),
            check: check.into(),
            found: found.into(),
            fix: fix.into(),
        }
    }

    fn failure(check: impl Into<String>, failure: &KafkaFailure) -> Self {
        Self {
            verdict: Verdict::Fail(failure.class),
            check: check.into(),
            found: failure.cause.clone(),
            fix: failure.fix.clone(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let spinner = output::spinner("asking the brokers");
    let mut findings =
        vec![Finding::pass("configuration", format!("{} is valid", arguments.file.path.display()))];
    findings.extend(local::check(&config));
    match preflight(&config) {
        Ok(cluster) => {
            findings.push(cluster::brokers(&cluster));
            let admin: AdminClient<DefaultClientContext> = config
                .client_base()
                .create()
                .map_err(|error| KafkaFailure::new(&error, "preparing to ask the brokers"))?;
            spinner.set_message("looking at topics");
            findings.extend(super::runtime()?.block_on(cluster::check(&config, &cluster, &admin)));
            spinner.set_message("trying rights");
            findings.extend(rights::check(&config, &cluster));
            spinner.set_message("looking at record keys");
            findings.extend(keys::check(&config, &cluster));
            findings.extend(consent_keys::check(&config, &cluster));
        }
        Err(failure) => {
            findings.push(Finding::failure("brokers", &failure));
            findings.push(Finding::skip("topics, rights, clock", "the brokers cannot be asked"));
        }
    }
    findings.push(running::check(&config));
    spinner.set_message("asking the schema registry");
    findings.extend(super::runtime()?.block_on(local::registry(&config)));
    spinner.finish_and_clear();
    let code = exit_code(&findings);
    if arguments.json {
        output::print_json(&as_json(&findings, code))?;
    } else {
        output::print(&as_text(&findings, code))?;
    }
    match code {
        ExitCode::Clean => Ok(()),
        code => Err(Failure::silent(code)),
    }
}

/// The most precise class of failure: who cannot log in need not hear of retention first.
fn exit_code(findings: &[Finding]) -> ExitCode {
    let failed = findings.iter().filter_map(|finding| match finding.verdict {
        Verdict::Fail(class) => Some(class),
        Verdict::Pass | Verdict::Skip | Verdict::Warn => None,
    });
    failed.max().map_or(ExitCode::Clean, ExitCode::from)
}

fn as_text(findings: &[Finding], code: ExitCode) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let Finding { check, found, fix, .. } = finding;
        text.push_str(&format!("{}  {check:<width$}  {found}\n", finding.verdict.name()));
        if !fix.is_empty() {
            text.push_str(&format!("{:1$}fix: {fix}\n", "", width + 8));
        }
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

fn as_json(findings: &[Finding], code: ExitCode) -> serde_json::Value {
    let checks: Vec<_> = findings
        .iter()
        .map(|finding| serde_json::json!({"verdict": finding.verdict.name(), "check": finding.check, "found": finding.found, "fix": finding.fix}))
        .collect();
    serde_json::json!({"exit_code": code as u8, "checks": checks})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_is_the_exit_code() {
        let failed = |class| Finding { verdict: Verdict::Fail(class), ..Finding::pass("a", "b") };
        for (findings, code) in [
            (vec![], ExitCode::Clean),
            (
                vec![
                    Finding::pass("a", "b"),
                    Finding::warn("a", "b", "c"),
                    Finding::skip("a", "b"),
                ],
                ExitCode::Clean,
            ),
            (vec![failed(Class::TryAgain)], ExitCode::TryAgain),
            (vec![failed(Class::TryAgain), Finding::fail("a", "b", "c")], ExitCode::Config),
            (vec![failed(Class::Credentials), Finding::fail("a", "b", "c")], ExitCode::Credentials),
        ] {
            assert_eq!(exit_code(&findings), code, "{findings:?}");
        }
    }

    #[test]
    fn the_report_aligns_and_names_the_fix_below() {
        let findings = [
            Finding::pass("brokers", "1 answers"),
            Finding::fail("topic a: retention", "7 days", "set retention.ms=-1"),
        ];
        let text = as_text(&findings, exit_code(&findings));
        assert_eq!(
            text,
            "PASS  brokers             1 answers\nFAIL  topic a: retention  7 days\n                          fix: set retention.ms=-1\n\n1 passed, 0 warnings, 1 failed, 0 skipped: exit code 78\n"
        );
    }
}
