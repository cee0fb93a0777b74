//! Decides a message again, with the consent topic up to where the decision had read it and the policies it names, and
//! compares.
//!
//! What was approved before is not looked at: a decision that rests on it (caps, "once") is not decided again.

use std::collections::BTreeMap;

use gate_codec::{DecodeError, Kind};
use gate_core::{PolicySet, Receipt, Timestamp};
use gate_engine::Decoded;
use gate_log::{BatchContext, Decided, DecisionBatch, LogWriter};
use serde_json::Value;

use super::replay::{CONSENT, Consent, Replay, ReplayError, people_of};
use crate::config::Config;
use crate::decisions::find;
use crate::decisions::stretch::{self, Marks};
use crate::decisions::window::Window;
use crate::exit::{ExitCode, Failure};
use crate::identity::{Pepper, PepperFile};
use crate::policies::archive;

/// Passes over the consent topic; a contact that hangs together with others by more steps is not followed.
const PASSES_MAX: usize = 4;
/// Reasons that rest on what was approved before.
const BY_APPROVALS: [&str; 3] =
    ["blocked.frequency_cap", "blocked.confirmation_duplicate", "blocked.consent_request_repeated"];
/// What is compared.
const COMPARED: [&str; 13] = [
    "channel",
    "outcome",
    "reason",
    "reasons",
    "detail",
    "basis",
    "evidence",
    "not_before",
    "warnings",
    "jurisdictions",
    "rules",
    "zones",
    "registry_checked_at",
];

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Same,
    /// The same, although something else was at hand.
    SameWith(String),
    /// A sentence for each difference.
    Differs(Vec<String>),
    /// It cannot be done; why.
    Not(String),
}

impl Answer {
    /// What else was different when it was decided again.
    fn with(self, remark: &str) -> Self {
        match self {
            Self::Same => Self::SameWith(remark.to_owned()),
            Self::SameWith(before) => Self::SameWith(format!("{before}; {remark}")),
            Self::Differs(mut differences) => {
                differences.push(remark.to_owned());
                Self::Differs(differences)
            }
            Self::Not(why) => Self::Not(why),
        }
    }

    pub(crate) fn say(&self) -> String {
        match self {
            Self::Same => "recomputed: same\n".to_owned(),
            Self::SameWith(remark) => format!("recomputed: same, with {remark}\n"),
            Self::Differs(differences) => {
                format!("recomputed: DIFFERENT\n  {}\n", differences.join("\n  "))
            }
            Self::Not(why) => format!("not recomputed: {why}\n"),
        }
    }
}

/// A logged decision, and where its message stands.
pub(crate) struct Logged<'d> {
    pub(crate) decision: &'d Value,
    pub(crate) source: (i32, i64),
    /// How far consent was applied: next offset by partition.
    pub(crate) positions: &'d BTreeMap<i32, i64>,
}

impl Logged<'_> {
    fn text(&self, name: &str) -> &str {
        self.decision.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Why it cannot be decided again, as far as it says itself.
    fn hindrance(&self, config: &Config) -> Option<String> {
        if self.decision.get("reconstructed").is_some() {
            return Some("the log has lost what it rested on".to_owned());
        }
        if self.text("consent_topic") != config.topics.consent_change {
            return Some("it is by another consent topic than the configured one".to_owned());
        }
        let reasons = self.decision.get("reasons").and_then(Value::as_array);
        let by_approvals = reasons.into_iter().flatten().filter_map(Value::as_str);
        let mut by_approvals = by_approvals.filter(|code| BY_APPROVALS.contains(code));
        by_approvals.next().map(|code| {
            format!("`{code}` rests on what was approved before, which is not looked at")
        })
    }
}

/// # Errors
/// Kafka or the schema registry cannot be asked now.
pub(crate) fn recompute(
    config: &Config,
    set: &PolicySet,
    logged: &Logged<'_>,
) -> Result<Answer, Failure> {
    if let Some(why) = logged.hindrance(config) {
        return Ok(Answer::Not(why));
    }
    let revision = logged.text("policy_revision");
    if revision == set.revision() {
        return judge(config, set, logged);
    }
    match archive::load(config, revision) {
        Ok(former) => {
            let answer = judge(config, &former.set, logged)?;
            Ok(former.other_zones.map_or(answer.clone(), |zones| answer.with(&zones.to_string())))
        }
        Err(error) => Ok(Answer::Not(error.to_string())),
    }
}

/// By this set.
fn judge(config: &Config, set: &PolicySet, logged: &Logged<'_>) -> Result<Answer, Failure> {
    let Ok(Some(pepper)) = PepperFile::load(&config.state.pepper_file) else {
        let path = config.state.pepper_file.display();
        return Ok(Answer::Not(format!(
            "the pepper `{path}` cannot be read here: run this where the gate runs"
        )));
    };
    let pepper = Pepper::new(pepper.expose());
    let Some(value) = find::message(config, logged.source)? else {
        return Ok(Answer::Not("its message is not there any more".to_owned()));
    };
    let codec = crate::service::codec(config, Kind::OutboundMessage)?;
    let message: Decoded<'_> = match codec.decode_message(value.as_deref()) {
        Ok(message) => Ok(message),
        Err(DecodeError::Unreadable(why)) => Err(why),
        Err(error @ DecodeError::Unavailable { .. }) => {
            return Err(Failure::new(ExitCode::TryAgain, error));
        }
    };
    let consent = crate::service::codec(config, CONSENT)?;
    let mut replay = Replay::new(&pepper, &consent, people_of(&pepper, &message));
    if let Err(error) = collect(config, logged.positions, &mut replay)? {
        return Ok(Answer::Not(error.to_string()));
    }
    let at: Option<jiff::Timestamp> = logged.text("evaluated_at").parse().ok();
    let Some(now) = at.map(|at| Timestamp::from_micros(at.as_microsecond())) else {
        return Ok(Answer::Not("it does not say when it was made".to_owned()));
    };
    let (decision, people) = match replay.judge(set, &message, now) {
        Ok(judged) => judged,
        Err(error) => return Ok(Answer::Not(error.to_string())),
    };
    let context = BatchContext {
        policies: set,
        source_topic: &config.topics.outbound_message,
        consent_topic: &config.topics.consent_change,
        consent_positions: &[],
        evaluated_at: now,
        gate_version: env!("CARGO_PKG_VERSION"),
        instance: &config.instance_id,
    };
    let decided = Decided {
        partition: logged.source.0,
        offset: logged.source.1,
        message: message.as_ref().ok(),
        decision: &decision,
        contact: people.contact,
        address: people.address,
        is_probe: false,
    };
    Ok(compare(logged.decision, &in_words(context, &decided)))
}

/// As the log would have it.
fn in_words(context: BatchContext<'_>, decided: &Decided<'_>) -> Value {
    let mut log = LogWriter::new(context);
    let written = log.add(decided).and_then(|()| log.finish());
    let batch = written.ok().and_then(|records| {
        records.first().and_then(|record| DecisionBatch::decode(&record.value).ok())
    });
    batch.and_then(|batch| batch.entries().next().map(|entry| entry.to_json())).unwrap_or_default()
}

fn compare(logged: &Value, now: &Value) -> Answer {
    let of = |decision: &Value, name: &str| {
        decision.get(name).map_or_else(|| "nothing".to_owned(), Value::to_string)
    };
    let differs = COMPARED.iter().filter(|name| logged.get(**name) != now.get(**name));
    let differences: Vec<String> = differs
        .map(|name| format!("{name}: logged {}, now {}", of(logged, name), of(now, name)))
        .collect();
    if differences.is_empty() { Answer::Same } else { Answer::Differs(differences) }
}

/// Everything that was said by then about whoever the message names, and about those who hang together with them.
fn collect(
    config: &Config,
    positions: &BTreeMap<i32, i64>,
    replay: &mut Replay<'_, Pepper>,
) -> Result<Result<(), ReplayError>, Failure> {
    let topic = &config.topics.consent_change;
    let all = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)?;
    let mut stretch = stretch::stretch(config, topic, &all)?;
    for (partition, marks) in &mut stretch {
        let known = positions.get(partition).copied().unwrap_or(0);
        *marks = Marks { from: Some(marks.begin), end: marks.end.min(known), ..*marks };
    }
    for _ in 0..PASSES_MAX {
        let n_before = replay.n_people();
        let mut received: BTreeMap<i32, Timestamp> = BTreeMap::new();
        let mut offered = Ok(());
        stretch::read(config, topic, &stretch, &mut |record| {
            let at = Timestamp::from_millis(record.timestamp_ms);
            let log = received.entry(record.partition).or_insert(at);
            *log = at.max(*log);
            let receipt = Receipt { at, log: *log, is_broker: record.is_dated_by_broker };
            let key = record.key.filter(|_| config.consent.key_names_contact);
            let consent = || Consent {
                key: key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
                receipt,
            };
            if offered.is_ok() {
                let place = (record.partition, record.offset);
                offered = replay.offer(place, consent, record.value, key);
            }
            Ok(())
        })?;
        if offered.is_err() || replay.n_people() == n_before {
            return Ok(offered);
        }
    }
    Ok(Err(ReplayError::TooMany))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_difference_is_said() {
        let logged =
            json!({"outcome": "approved", "reason": "approved.express_consent", "rules": ["GB/a"]});
        assert_eq!(compare(&logged, &logged).say(), "recomputed: same\n");
        let mut other = logged.clone();
        other["rules"] = json!(["GB/b"]);
        other["not_before"] = json!("2026-01-01T00:00:00Z");
        let said = compare(&logged, &other).say();
        assert!(said.contains("recomputed: DIFFERENT"), "{said}");
        assert!(said.contains(r#"rules: logged ["GB/a"], now ["GB/b"]"#), "{said}");
        assert!(said.contains("not_before: logged nothing"), "{said}");
        // what the gate was is no part of what was decided
        other = logged.clone();
        other["instance"] = json!("gate-2");
        assert_eq!(compare(&logged, &other), Answer::Same);
    }
}
