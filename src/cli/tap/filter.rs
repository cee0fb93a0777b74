//! Which decisions `tap` shows.

use gate_core::{Reason, SubjectKey};

use super::Arguments;
use crate::cli::person;
use crate::cli::{ExitCode, Failure};
use crate::config::Config;
use crate::decisions::Outcome;
use crate::decisions::survey::Logged;
use crate::decisions::window::Window;

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
        let contact = arguments.contact.as_deref();
        let contact = contact.map(|id| person::contact(config, id)).transpose()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::decision::tests::batch;

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
}
