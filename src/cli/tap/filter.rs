//! Which decisions `tap` shows.

use std::io::Read as _;

use gate_core::{ContactId, Reason, SubjectKey};
use gate_engine::Keys as _;

use super::Arguments;
use crate::cli::failure::OrFail as _;
use crate::cli::outputs::Outcome;
use crate::cli::outputs::survey::Logged;
use crate::cli::outputs::window::Window;
use crate::cli::{ExitCode, Failure};
use crate::config::Config;
use crate::identity::{Pepper, PepperFile};

/// Longest contact id that is read from standard input, in bytes.
const ID_BYTES_MAX: u64 = 4_096;

/// All of these at once.
pub(super) struct Filter {
    pub(super) window: Window,
    reason: Option<String>,
    message_id: Option<String>,
    outcome: Option<Outcome>,
    contact: Option<SubjectKey>,
}

impl Filter {
    pub(super) fn new(
        arguments: &Arguments,
        config: &Config,
        window: Window,
    ) -> Result<Self, Failure> {
        let usage = |reason: String| Err(Failure::new(ExitCode::Usage, reason));
        if let Some(code) = &arguments.reason {
            let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == code) else {
                return usage(format!(
                    "there is no reason `{code}`; `consent-gate policy reasons` lists them"
                ));
            };
            let outcome = reason.outcome().as_str();
            if arguments.outcome.is_some_and(|wanted| wanted.as_str() != outcome) {
                return usage(format!("`{code}` is a reason of what is {outcome}"));
            }
        }
        let contact = match arguments.contact.as_deref() {
            None => None,
            Some(id) => {
                let id = if id == "-" { from_input()? } else { id.to_owned() };
                let Some(id) = ContactId::new(id.into()) else {
                    return usage("--contact: the id is blank".to_owned());
                };
                Some(pepper(config)?.contact(&id))
            }
        };
        let (reason, message_id) = (arguments.reason.clone(), arguments.message_id.clone());
        Ok(Self { window, reason, message_id, outcome: arguments.outcome, contact })
    }

    pub(super) fn admits(&self, logged: &Logged<'_>) -> bool {
        let entry = &logged.entry;
        self.window.contains(logged.timestamp_ms)
            && self.outcome.is_none_or(|outcome| entry.shape.outcome == outcome.as_str())
            && self.reason.as_deref().is_none_or(|reason| entry.shape.reason == reason)
            && self.message_id.as_deref().is_none_or(|id| entry.message_id == Some(id))
            && self.contact.is_none_or(|contact| entry.is_of_contact(contact))
    }
}

/// The log knows people by keyed hashes alone.
fn pepper(config: &Config) -> Result<Pepper, Failure> {
    let path = &config.state.pepper_file;
    let found = PepperFile::load(path).or_fail(ExitCode::Config)?;
    let pepper = found.map(|pepper| Pepper::new(pepper.expose()));
    pepper.ok_or_else(|| {
        let path = path.display();
        let reason = format!(
            "--contact: there is no pepper at `{path}`, and the decision log knows people by keyed hashes alone: run this where \
             the gate runs"
        );
        Failure::new(ExitCode::Config, reason)
    })
}

/// The first line of standard input: what stands there is in no list of processes and no history of a shell.
fn from_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(ID_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outputs::decision::tests::batch;

    const KEY: SubjectKey = SubjectKey([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

    fn filter() -> Filter {
        let window = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX).unwrap();
        Filter { window, reason: None, message_id: None, outcome: None, contact: None }
    }

    fn admits(filter: &Filter) -> bool {
        let batch = batch();
        let entry = batch.entries().next().unwrap();
        let place = ("consent-gate-decisions", 0, 3);
        let (topic, partition, offset) = place;
        filter.admits(&Logged { entry, timestamp_ms: 1_000, topic, partition, offset })
    }

    #[test]
    fn every_condition_must_hold() {
        let text = |text: &str| Some(text.to_owned());
        assert!(admits(&filter()));
        let all = || Filter {
            message_id: text("m-1"),
            reason: text("approved.express_consent"),
            outcome: Some(Outcome::Approved),
            contact: Some(KEY),
            ..filter()
        };
        assert!(admits(&all()));
        assert!(!admits(&Filter { message_id: text("m-2"), ..all() }));
        assert!(!admits(&Filter { reason: text("blocked.no_consent"), ..all() }));
        assert!(!admits(&Filter { outcome: Some(Outcome::Blocked), ..all() }));
        assert!(!admits(&Filter { contact: Some(SubjectKey([9; 16])), ..all() }));
        let late = Window::new("2020-01-01T00:00:00Z".parse().unwrap(), jiff::Timestamp::MAX);
        assert!(!admits(&Filter { window: late.unwrap(), ..all() }));
    }

    #[test]
    fn whoever_has_no_pepper_is_told_where_to_go() {
        let dir = tempfile::tempdir().unwrap();
        let yaml = format!("instance_id: gate-1\nstate: {{dir: {}}}", dir.path().display());
        let config = Config::parse("f", &yaml, []).unwrap();
        let failure = pepper(&config).err().unwrap();
        assert_eq!(failure.code(), ExitCode::Config);
        assert!(format!("{failure:?}").contains("where the gate runs"));
    }
}
