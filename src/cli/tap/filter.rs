//! Which decisions `tap` shows.

use std::io::Read as _;

use gate_core::{ContactId, Reason};
use serde::Deserialize;

use super::{Arguments, Seen};
use crate::cli::outputs::recipient::Reader;
use crate::cli::outputs::window::Window;
use crate::cli::{ExitCode, Failure, output};
use crate::config::Config;

/// Longest contact id that is read from standard input, in bytes.
const ID_BYTES_MAX: u64 = 4_096;

/// All of these at once.
pub(super) struct Filter {
    pub(super) window: Window,
    reason: Option<String>,
    message_id: Option<String>,
    contact: Option<Wanted>,
}

/// A contact, in the form the gate compares.
struct Wanted {
    id: ContactId<'static>,
    reader: Reader,
    /// Records whose value cannot be read: they may be about this contact.
    n_unreadable: u64,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    message_id: Option<std::borrow::Cow<'a, str>>,
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
                Some(Wanted { id, reader: Reader::new(config, false)?, n_unreadable: 0 })
            }
        };
        let (reason, message_id) = (arguments.reason.clone(), arguments.message_id.clone());
        Ok(Self { window, reason, message_id, contact })
    }

    pub(super) fn admits(&mut self, seen: &Seen<'_>) -> Result<bool, Failure> {
        if !self.window.contains(seen.timestamp_ms) {
            return Ok(false);
        }
        if self.reason.as_deref().is_some_and(|reason| seen.reason != Some(reason)) {
            return Ok(false);
        }
        if let Some(wanted) = &self.message_id {
            let header =
                seen.decision.and_then(|text| serde_json::from_str::<Header<'_>>(text).ok());
            if header.and_then(|header| header.message_id).as_deref() != Some(wanted.as_str()) {
                return Ok(false);
            }
        }
        self.contact.as_mut().map_or(Ok(true), |wanted| wanted.is_recipient(seen))
    }

    /// Says what could not be compared.
    pub(super) fn note(&self) {
        let n = self.contact.as_ref().map_or(0, |wanted| wanted.n_unreadable);
        if n > 0 {
            output::note(&format!(
                "{n} not compared, since their value cannot be read with `formats.outbound_message` as configured: they may be \
                 about this contact"
            ));
        }
    }
}

impl Wanted {
    /// As the gate compares: ids in their canonical form.
    fn is_recipient(&mut self, seen: &Seen<'_>) -> Result<bool, Failure> {
        let (topic, partition, offset) = seen.place;
        let place = || format!("{topic}/{partition}/{offset}");
        match self.reader.message(seen.value, place)? {
            Ok(message) => Ok(message.contact_id.as_ref() == Some(&self.id)),
            Err(_) => {
                self.n_unreadable += 1;
                Ok(false)
            }
        }
    }
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

    fn filter(more: &[&str]) -> Filter {
        let config = Config::parse("f", "instance_id: gate-1", []).unwrap();
        let window = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX).unwrap();
        let mut arguments = Arguments {
            outcome: None,
            file: crate::cli::ConfigFile { path: "f".into() },
            json: false,
            from_beginning: false,
            since: None,
            until: None,
            contact: None,
            message_id: None,
            reason: None,
        };
        for pair in more.chunks(2) {
            let value = Some(pair[1].to_owned());
            match pair[0] {
                "contact" => arguments.contact = value,
                "message_id" => arguments.message_id = value,
                _ => arguments.reason = value,
            }
        }
        Filter::new(&arguments, &config, window).unwrap()
    }

    fn seen(value: &[u8]) -> Seen<'_> {
        Seen {
            timestamp_ms: 1_000,
            outcome: Some("blocked"),
            reason: Some("blocked.opted_out"),
            source: Some("outbound-message/0/7"),
            decision: Some(r#"{"message_id":"m-1"}"#),
            value: Some(value),
            place: ("blocked-message", 0, 3),
        }
    }

    const MESSAGE: &[u8] =
        br#"{"message_id":"m-1","channel":"email","recipient":{"contact_id":" Ana ","address":"a@x.test"}}"#;

    #[test]
    fn a_contact_is_compared_as_the_gate_does_and_what_cannot_be_read_is_counted() {
        let admits = |id: &str, value: &[u8]| {
            let mut filter = filter(&["contact", id]);
            let admits = filter.admits(&seen(value)).unwrap();
            (admits, filter.contact.map(|wanted| wanted.n_unreadable).unwrap())
        };
        assert_eq!(admits("ana", MESSAGE), (true, 0));
        assert_eq!(admits("ANA", MESSAGE), (true, 0), "every spelling is one person");
        assert_eq!(admits("an", MESSAGE), (false, 0), "no part of an id");
        assert_eq!(admits("a@x.test", MESSAGE), (false, 0), "an address is no id");
        assert_eq!(admits("ana", b"{"), (false, 1));
    }

    #[test]
    fn every_condition_must_hold() {
        let admits = |more: &[&str]| filter(more).admits(&seen(MESSAGE)).unwrap();
        assert!(admits(&[]));
        assert!(admits(&["message_id", "m-1", "reason", "blocked.opted_out", "contact", "ana"]));
        assert!(!admits(&["message_id", "m-2"]));
        assert!(!admits(&["message_id", "m-1", "reason", "blocked.no_consent"]));
        let mut late = filter(&[]);
        late.window =
            Window::new("2020-01-01T00:00:00Z".parse().unwrap(), jiff::Timestamp::MAX).unwrap();
        assert!(!late.admits(&seen(MESSAGE)).unwrap());
    }
}
