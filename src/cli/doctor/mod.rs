//! `consent-gate doctor`: what would keep the gate from its promises, found before it runs, each with its fix; and
//! what holds it while it runs. A PASS says what it means for the reader, or nothing.
//!
//! Invariant: it changes nothing. It writes no record that a reader sees (the transactions it opens to ask for rights
//! are aborted before anything is sent, that which asks for the time after one record) and leaves no file. What nobody can find out from here is SKIP with the reason, not PASS.

mod clock;
mod cluster;
mod compression;
mod consent_keys;
mod door;
mod fix;
mod held;
mod keys;
mod ledger;
mod local;
mod mapping;
mod report;
mod rights;
mod running;
mod tokens;
mod unpacked;
mod zones;

use clap::Args;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use self::fix::{Fix, Places};
use super::{ConfigFile, ExitCode, Failure, output};
use crate::kafka::failure::{Class, KafkaFailure};
use crate::kafka::preflight::preflight;

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
    /// What to do.
    fix: Fix,
}

impl Finding {
    fn pass(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Pass, check: check.into(), found: found.into(), fix: Fix::Nothing }
    }

    fn skip(check: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Skip,
            check: check.into(),
            found: reason.into(),
            fix: Fix::Nothing,
        }
    }

    fn warn(check: impl Into<String>, found: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self { verdict: Verdict::Warn, check: check.into(), found: found.into(), fix: fix.into() }
    }

    fn fail(check: impl Into<String>, found: impl Into<String>, fix: impl Into<Fix>) -> Self {
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
            fix: failure.fix.clone().into(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let file = arguments.file.path.display().to_string();
    let running = running::check(&config);
    let is_ready = running.verdict == Verdict::Pass;
    let spinner = output::spinner("asking the brokers");
    let mut findings = vec![Finding::pass(
        "configuration",
        format!("every key of {file} is known and in its range"),
    )];
    findings.extend(local::check(&config));
    findings.push(compression::check(&config));
    findings.extend(ledger::check(&config));
    findings.extend(tokens::check(&config));
    findings.extend(door::check(&config));
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
            findings.extend(zones::check(&config, &cluster));
            findings.extend(mapping::check(&config, &cluster));
            spinner.set_message("looking for what holds");
            findings.extend(held::approvals(&config, &cluster));
            findings.extend(held::letters(&config, &cluster, is_ready));
        }
        Err(failure) => {
            findings.push(Finding::failure("brokers", &failure));
            findings.push(Finding::skip("topics, rights, clock", "the brokers cannot be asked"));
        }
    }
    findings.push(running);
    spinner.set_message("asking the schema registry");
    findings.extend(super::runtime()?.block_on(local::registry(&config)));
    spinner.finish_and_clear();
    let code = exit_code(&findings);
    let places = Places { file: &file, bootstrap: &config.kafka.bootstrap_servers };
    if arguments.json {
        output::print_json(&report::as_json(&findings, code, places))?;
    } else {
        output::print(&report::as_text(&findings, code, places))?;
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
}
