//! From a message to its decisions in the outputs, and on to the consent changes that were known then.
//!
//! Everything is read where it lies; what is not there any more is said. No address, no contact id and no content is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use gate_core::PolicySet;
use serde::Deserialize;
use serde_json::Value;

use super::events::{Asked, Events};
use super::explanation;
use crate::cli::outputs::lack::Lack;
use crate::cli::outputs::recipient::{Keys, Reader, Recipient};
use crate::cli::outputs::survey::Survey;
use crate::cli::outputs::window::Window;
use crate::cli::outputs::{Outcome, one_line};
use crate::cli::{ExitCode, Failure, output};
use crate::config::Config;
use crate::headers::SourceRef;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::preflight::preflight;
use crate::kafka::scan::First;

/// Decisions that are explained; a message id that is used for everything has more.
const FOUND_MAX: usize = 20;
/// Longest wait for one record.
const READ_MAX: Duration = Duration::from_secs(30);

/// Which decisions are meant.
pub(super) enum Wanted {
    MessageId(String),
    /// Topic, partition, offset.
    Source(String, i32, i64),
}

impl Wanted {
    pub(super) fn source(text: &str) -> Result<Self, Failure> {
        let source = SourceRef::parse(text).ok_or_else(|| {
            let reason = "--source must be TOPIC/PARTITION/OFFSET, such as outbound-message/3/42";
            Failure::new(ExitCode::Usage, reason)
        })?;
        Ok(Self::Source(source.topic.to_owned(), source.partition, source.record_offset))
    }

    fn is_met_by(&self, header: &Header<'_>) -> bool {
        match self {
            Self::MessageId(id) => header.message_id.as_deref() == Some(id.as_str()),
            Self::Source(topic, partition, offset) => SourceRef::parse(&header.decision_id)
                .is_some_and(|source| {
                    source.topic == topic
                        && (source.partition, source.record_offset) == (*partition, *offset)
                }),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::MessageId(id) => format!("message `{}`", one_line(id)),
            Self::Source(topic, partition, offset) => format!("`{topic}/{partition}/{offset}`"),
        }
    }
}

/// What a decision is found by.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    decision_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    message_id: Option<std::borrow::Cow<'a, str>>,
}

/// A decision that was found.
struct Found {
    place: String,
    timestamp_ms: i64,
    decision: Value,
    recipient: Recipient,
}

pub(super) fn follow(
    config: &Config,
    wanted: &Wanted,
    since: Option<jiff::Timestamp>,
    set: &PolicySet,
) -> Result<(), Failure> {
    let cluster = preflight(config)?;
    for topic in config.topics.decisions() {
        cluster.require(topic)?;
    }
    cluster.require(&config.topics.consent_change)?;
    let reader = Reader::comparing(config)?;
    let from = since.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let window = Window::new(from, jiff::Timestamp::MAX)?;
    let (mut founds, mut n_found, mut lack) = (Vec::new(), 0usize, Lack::default());
    let spinner = output::spinner("looking for the decision");
    let survey = Survey { config, outcomes: &Outcome::ALL, window, spinner: &spinner };
    let done = survey.visit(&mut lack, &mut |_, record, _| {
        if let Some(found) = found(wanted, record, &reader)? {
            n_found += 1;
            if founds.len() < FOUND_MAX {
                founds.push(found);
            }
        }
        Ok(())
    });
    spinner.finish_and_clear();
    done?;
    if founds.is_empty() {
        return Err(nothing(config, wanted, from, &lack));
    }
    let asked: Vec<Asked> = founds.iter().map(|found| asked(config, found)).collect();
    let events = Events::read(config, &reader, &asked)?;
    for (nth, (found, asked)) in founds.iter().zip(&asked).enumerate() {
        let place = &found.place;
        let at = output::utc(found.timestamp_ms);
        output::print(&format!(
            "{:<22}{place}, written {at}\n{}",
            "output",
            explanation(&found.decision, set)
        ))?;
        output::print(&events.text(nth, asked))?;
    }
    if n_found > founds.len() {
        output::note(&format!("… and {} more decisions about it", n_found - founds.len()));
    } else if n_found > 1 {
        output::note(&format!(
            "{n_found} decisions: a message that was sent again is decided again"
        ));
    }
    Ok(())
}

fn found(wanted: &Wanted, record: &Record<'_>, reader: &Reader) -> Result<Option<Found>, Failure> {
    let Some(bytes) = record.header(c"gate-decision") else { return Ok(None) };
    let header: Result<Header<'_>, _> = serde_json::from_slice(bytes);
    if !header.is_ok_and(|header| wanted.is_met_by(&header)) {
        return Ok(None);
    }
    let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
    let Ok(decision) = serde_json::from_slice(bytes) else { return Ok(None) };
    let recipient = reader.read(record.value).map_err(|cause| {
        let reason = format!("`{place}`: the schema registry cannot be asked now: {cause}");
        Failure::new(ExitCode::TryAgain, reason)
    })?;
    Ok(Some(Found { place, timestamp_ms: record.timestamp_ms, decision, recipient }))
}

/// What is to be found about a decision's recipient.
fn asked(config: &Config, found: &Found) -> Asked {
    let text = |name: &str| found.decision.get(name).and_then(Value::as_str);
    let positions = found.decision.get("consent_position").and_then(Value::as_array);
    let positions: BTreeMap<i32, i64> = positions
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(partition, next)| Some((i32::try_from(partition).ok()?, next.as_i64()?)))
        .collect();
    let keys = match &found.recipient {
        Recipient::Known(keys) => keys.clone(),
        Recipient::Probe | Recipient::Unreadable(_) => Keys::default(),
    };
    Asked {
        keys,
        unreadable: match &found.recipient {
            Recipient::Unreadable(class) => Some(*class),
            Recipient::Known(_) | Recipient::Probe => None,
        },
        evidence: text("evidence").map(str::to_owned),
        is_of_this_topic: text("consent_topic") == Some(config.topics.consent_change.as_str()),
        positions,
    }
}

/// Why there is no decision to explain, as far as the log tells.
fn nothing(config: &Config, wanted: &Wanted, from: jiff::Timestamp, lack: &Lack) -> Failure {
    let topics = config.topics.decisions().join("`, `");
    let mut reason = format!("there is no decision about {} in `{topics}`", wanted.describe());
    if from > jiff::Timestamp::UNIX_EPOCH {
        reason
            .push_str(&format!(" since {from}; without --since older ones are looked at as well"));
    }
    for missing in lack.say(from) {
        reason.push_str(&format!("\n  {missing}"));
    }
    if let Wanted::Source(topic, partition, offset) = wanted {
        let there = match Observer::of(config).first(topic, *partition, *offset, READ_MAX) {
            Ok(First::Record { offset: at }) if at == *offset => {
                "the message is there: it is not decided yet (`consent-gate top` shows what is held), or its decision has been deleted"
                    .to_owned()
            }
            Ok(First::Record { .. } | First::End | First::Outside) => {
                "there is no committed message at that place, or none any more: retention deletes them".to_owned()
            }
            Ok(First::UnreadableBatch { .. }) => "a batch that cannot be unpacked stands there".to_owned(),
            Err(error) => format!("the message itself cannot be looked for: {error}"),
        };
        reason.push_str(&format!("\n  {there}"));
    }
    Failure::new(ExitCode::No, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_found_by_its_message_or_by_its_place() {
        let header: Header<'_> = serde_json::from_str(
            r#"{"decision_id":"outbound-message/0/7","message_id":"m\"1","outcome":"x"}"#,
        )
        .unwrap();
        assert!(Wanted::MessageId("m\"1".to_owned()).is_met_by(&header));
        assert!(!Wanted::MessageId("m".to_owned()).is_met_by(&header));
        assert!(Wanted::source("outbound-message/0/7").unwrap().is_met_by(&header));
        for other in ["outbound-message/0/70", "outbound-message/1/7", "other/0/7"] {
            assert!(!Wanted::source(other).unwrap().is_met_by(&header), "{other}");
        }
        let wrong = Wanted::source("outbound-message/0").err().unwrap();
        assert_eq!(wrong.code(), ExitCode::Usage);
    }
}
