//! Decides a message again, with the consent topic up to where the decision had read it, the policies it names and what the log
//! has as approved before, and compares.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gate_codec::DecodeError;
use gate_core::{Notes, PolicySet, Receipt, Timestamp};
use gate_engine::Decoded;
use gate_log::{BatchContext, Decided, DecisionBatch, LogWriter};
use serde_json::Value;

use super::approved::{self, Question};
use super::consent::{Inputs, Lying};
use super::replay::{Consent, Replay, ReplayError, people_of};
use crate::config::Config;
use crate::decisions::place::MessagePlace;
use crate::exit::{ExitCode, Failure};
use crate::identity::{Pepper, PepperFile};
use crate::policies::archive::{self, Former};
use crate::records::{ConsentRecords, KeptRecord, MessageRecords};

/// Passes over the consent topic; a contact that hangs together with others by more steps is not followed.
const PASSES_MAX: usize = 4;
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
    pub(crate) source: &'d MessagePlace,
    /// Offset of the record of the log that has it.
    pub(crate) logged_at: i64,
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
        if !config.topics.is_outbound(&self.source.topic) {
            let topic = &self.source.topic;
            return Some(format!(
                "its topic `{topic}` is none of `topics.outbound_message` any more"
            ));
        }
        None
    }
}

/// What came of making a decision again.
pub(crate) struct Again {
    pub(crate) answer: Answer,
    /// What each step looked at, by its number; none if it was not made again.
    pub(crate) notes: Notes,
}

impl Again {
    fn not(why: impl ToString) -> Self {
        Self { answer: Answer::Not(why.to_string()), notes: Notes::default() }
    }
}

/// Makes decisions again.
pub(crate) struct Recomputer<'c> {
    config: &'c Config,
    pepper: Option<Pepper>,
    /// By input topic.
    messages: BTreeMap<String, MessageRecords>,
    consent: ConsentRecords,
    /// Sets of other revisions, or why there is none.
    former: RefCell<BTreeMap<String, Result<Rc<Former>, String>>>,
}

impl<'c> Recomputer<'c> {
    /// # Errors
    /// The schema registry's settings are of no use.
    pub(crate) fn new(config: &'c Config) -> Result<Self, Failure> {
        let pepper = PepperFile::load(&config.state.pepper_file).ok().flatten();
        Ok(Self {
            config,
            pepper: pepper.map(|pepper| Pepper::new(pepper.expose())),
            messages: crate::service::message_records_by_topic(config)?,
            consent: crate::service::consent_records(config)?,
            former: RefCell::default(),
        })
    }

    /// Makes these decisions again, in their order, with one look at what was said about all of their people.
    ///
    /// # Errors
    /// Kafka or the schema registry cannot be asked now.
    pub(crate) fn recompute(
        &self,
        set: &PolicySet,
        decisions: &[Logged<'_>],
        inputs: &dyn Inputs,
    ) -> Result<Vec<Again>, Failure> {
        let records = decisions.iter().map(|logged| self.message_of(logged, inputs));
        let records = records.collect::<Result<Vec<_>, Failure>>()?;
        let mut pending = Vec::new();
        for (logged, record) in decisions.iter().zip(&records) {
            pending.push(self.begin(set, logged, record.as_ref())?);
        }
        collect(&mut pending, inputs)?;
        self.recall(&mut pending, inputs)?;
        Ok(pending.into_iter().map(|pending| self.end(pending)).collect())
    }

    /// Its message, or why there is no point in looking for it.
    fn message_of(
        &self,
        logged: &Logged<'_>,
        inputs: &dyn Inputs,
    ) -> Result<Result<KeptRecord, String>, Failure> {
        if let Some(why) = logged.hindrance(self.config) {
            return Ok(Err(why));
        }
        if self.pepper.is_none() {
            let path = self.config.state.pepper_file.display();
            return Ok(Err(format!(
                "the pepper `{path}` cannot be read here: run this where the gate runs"
            )));
        }
        let found = inputs.message(logged.source)?;
        Ok(found.ok_or_else(|| "its message is not there any more".to_owned()))
    }

    fn begin<'p>(
        &'p self,
        set: &'p PolicySet,
        logged: &'p Logged<'p>,
        record: Result<&'p KeptRecord, &'p String>,
    ) -> Result<Result<Pending<'p>, Again>, Failure> {
        let record = match record {
            Ok(record) => record,
            Err(why) => return Ok(Err(Again::not(why))),
        };
        let Some(keys) = &self.pepper else { return Ok(Err(Again::not("there is no pepper"))) };
        let by = match self.policies(set, logged.text("policy_revision")) {
            Ok(by) => by,
            Err(why) => return Ok(Err(Again::not(why))),
        };
        let Some(messages) = self.messages.get(&logged.source.topic) else {
            return Ok(Err(Again::not("its topic is not configured")));
        };
        let message: Decoded<'_> = match record.read(|value, origin| messages.read(value, origin)) {
            Ok(message) => Ok(message),
            Err(DecodeError::Unreadable(why)) => Err(why),
            Err(error @ DecodeError::Unavailable { .. }) => {
                return Err(Failure::new(ExitCode::TryAgain, error));
            }
        };
        let at: Option<jiff::Timestamp> = logged.text("evaluated_at").parse().ok();
        let Some(now) = at.map(|at| Timestamp::from_micros(at.as_microsecond())) else {
            return Ok(Err(Again::not("it does not say when it was made")));
        };
        let replay = Replay::new(keys, &self.consent, people_of(keys, &message));
        let earlier = message.as_ref().ok();
        let earlier = earlier.and_then(|message| {
            let place = (logged.source, logged.logged_at);
            Question::about(keys, by.set(), message, place, now)
        });
        let key_names_contact = self.config.consent.key_names_contact;
        let collected = Ok(());
        Ok(Ok(Pending { logged, message, by, now, replay, earlier, key_names_contact, collected }))
    }

    /// What was approved before, for those in whose decision it has a part.
    fn recall(
        &self,
        pending: &mut [Result<Pending<'_>, Again>],
        inputs: &dyn Inputs,
    ) -> Result<(), Failure> {
        let Some(keys) = &self.pepper else { return Ok(()) };
        let questions = pending.iter().flatten().filter_map(|one| one.earlier.clone());
        let mut answers = inputs.approved(&questions.collect::<Vec<_>>())?.into_iter();
        for one in pending {
            let Ok(Pending { earlier: Some(question), by, replay, .. }) = one else { continue };
            match answers.next().flatten() {
                Some(found) => {
                    let set = by.set();
                    let records = |topic: &str| self.messages.get(topic);
                    let row = approved::memory(&found, keys, set, &records, &|place| {
                        inputs.message(place)
                    })?;
                    if let Some(address) = question.recipient.first() {
                        replay.remember(*address, row);
                    }
                }
                None => {
                    let why = "what was approved before is not all in the decision log any more";
                    *one = Err(Again::not(why));
                }
            }
        }
        Ok(())
    }

    /// The policies of that revision.
    fn policies<'p>(&self, set: &'p PolicySet, revision: &str) -> Result<By<'p>, String> {
        if revision == set.revision() {
            return Ok(By::Present(set));
        }
        let mut former = self.former.borrow_mut();
        let load = || {
            let former = archive::load(self.config, revision);
            former.map(Rc::new).map_err(|error| error.to_string())
        };
        former.entry(revision.to_owned()).or_insert_with(load).clone().map(By::Former)
    }

    fn end(&self, pending: Result<Pending<'_>, Again>) -> Again {
        let pending = match pending {
            Ok(pending) => pending,
            Err(again) => return again,
        };
        let Pending { logged, message, by, now, replay, collected, .. } = pending;
        let judged = match collected.and_then(|()| replay.judge(by.set(), &message, now)) {
            Ok(judged) => judged,
            Err(error) => return Again::not(error),
        };
        let context = BatchContext {
            policies: by.set(),
            source_topic: &logged.source.topic,
            consent_topic: &self.config.topics.consent_change,
            consent_positions: &[],
            evaluated_at: now,
            gate_version: env!("CARGO_PKG_VERSION"),
            instance: &self.config.instance_id,
        };
        let decided = Decided {
            partition: logged.source.partition,
            offset: logged.source.offset,
            message: message.as_ref().ok(),
            decision: &judged.decision,
            contact: judged.people.contact,
            address: judged.people.address,
            is_probe: false,
        };
        let answer = compare(logged.decision, &in_words(context, &decided));
        let answer = match by.other_zones() {
            Some(zones) => answer.with(&zones),
            None => answer,
        };
        Again { answer, notes: judged.notes }
    }
}

/// A decision while what was said is collected.
struct Pending<'p> {
    logged: &'p Logged<'p>,
    message: Decoded<'p>,
    by: By<'p>,
    now: Timestamp,
    replay: Replay<'p, Pepper>,
    /// What was approved before, where that has a part in it.
    earlier: Option<Question>,
    key_names_contact: bool,
    collected: Result<(), ReplayError>,
}

/// What a decision is made by.
enum By<'p> {
    Present(&'p PolicySet),
    Former(Rc<Former>),
}

impl By<'_> {
    fn set(&self) -> &PolicySet {
        match self {
            Self::Present(set) => set,
            Self::Former(former) => &former.set,
        }
    }

    fn other_zones(&self) -> Option<String> {
        match self {
            Self::Present(_) => None,
            Self::Former(former) => former.other_zones.as_ref().map(ToString::to_string),
        }
    }
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

/// Everything that was said by then about whoever the messages name, and about those who hang together with them.
fn collect(pending: &mut [Result<Pending<'_>, Again>], inputs: &dyn Inputs) -> Result<(), Failure> {
    let mut pending: Vec<&mut Pending<'_>> = pending.iter_mut().flatten().collect();
    for _ in 0..PASSES_MAX {
        if pending.is_empty() {
            return Ok(());
        }
        let mut people = BTreeSet::new();
        let mut positions: BTreeMap<i32, i64> = BTreeMap::new();
        for one in &pending {
            people.extend(one.replay.people());
            for (partition, next) in one.logged.positions {
                let known = positions.entry(*partition).or_insert(0);
                *known = (*known).max(*next);
            }
        }
        let n_before: Vec<usize> = pending.iter().map(|one| one.replay.people().len()).collect();
        inputs.show(&people, &positions, &mut |record| {
            pending.iter_mut().for_each(|one| one.offer(record));
        })?;
        let mut n_before = n_before.iter();
        pending.retain(|one| {
            let has_grown = n_before.next().is_some_and(|n| one.replay.people().len() > *n);
            one.collected.is_ok() && has_grown
        });
    }
    pending.iter_mut().for_each(|one| one.collected = Err(ReplayError::TooMany));
    Ok(())
}

impl Pending<'_> {
    fn offer(&mut self, record: &Lying<'_>) {
        let (partition, offset) = record.place;
        let was_known = self.logged.positions.get(&partition).is_some_and(|next| offset < *next);
        if !was_known || self.collected.is_err() {
            return;
        }
        let receipt =
            Receipt { at: record.at, log: record.log, is_broker: record.is_dated_by_broker };
        let key_names_contact = self.key_names_contact;
        let consent = || Consent {
            record: KeptRecord::of(record.value, record.origin),
            key_names_contact,
            receipt,
        };
        let origin = (record.origin, key_names_contact);
        self.collected = self.replay.offer(record.place, consent, record.value, origin);
    }
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
