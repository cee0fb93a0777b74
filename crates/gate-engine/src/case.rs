//! Decision cases: a history, messages with their times, and what must come out (`docs/reference/packs.md`).
//!
//! Read, folded and judged by what the running gate uses, with [`Memory`] in place of store and changelog. What the gate
//! itself approved before counts, so caps and "once" rules can be tried with several messages.

use crate::approvals::Row;
use crate::fold::{Scratch, fold};
use crate::judge::{Decoded, Inputs, Judged, Record, judge_traced};
use crate::keys::Keys;
use crate::memory::Memory;
use crate::understand::{Understood, possible_refusal, suspects, understand};
use gate_codec::{Class, Codec, CodecError, DecodeError, Format, Kind};
use gate_core::{ConsentChange, Decision, Notes, PolicySet, Receipt, Step, Subjects, Timestamp};
use gate_policy::RawCase;
use serde_json::{Map, Value};

/// Most messages of a case.
const MESSAGES_MAX: usize = 1_000;

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// `approved`, `blocked` or `deferred`.
    pub outcome: String,
    /// The reason code; an absent one is not compared.
    pub reason: Option<String>,
    /// With deferrals; an absent one is not compared.
    pub not_before: Option<Timestamp>,
}

/// What came out for one message.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// What each step looked at.
    pub notes: Vec<(Step, String)>,
    /// What was odd about the case's own records.
    pub remarks: Vec<String>,
}

impl Verdict {
    /// Whether it is what was expected.
    #[must_use]
    pub fn is_as(&self, expected: &Expected) -> bool {
        let decision = &self.decision;
        decision.outcome().as_str() == expected.outcome
            && expected.reason.as_deref().is_none_or(|reason| reason == decision.reason().code())
            && expected.not_before.is_none_or(|at| decision.not_before() == Some(at))
    }
}

/// A case that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(String);

fn wrong<T>(reason: impl Into<String>) -> Result<T, CaseError> {
    Err(CaseError(reason.into()))
}

/// Runs cases against one policy set.
pub struct CaseRunner<'p, K> {
    policies: &'p PolicySet,
    consent: Codec,
    message: Codec,
    keys: K,
}

impl<'p, K: Keys> CaseRunner<'p, K> {
    /// A runner; cases are JSON whatever file they come from. Nothing is stored, so the keys need no secret.
    ///
    /// # Errors
    /// When the codec's limits were set too late: a mistake in this program.
    pub fn new(policies: &'p PolicySet, keys: K) -> Result<Self, CodecError> {
        Ok(Self {
            policies,
            consent: Codec::new(Format::Json, Kind::ConsentChange, None)?,
            message: Codec::new(Format::Json, Kind::OutboundMessage, None)?,
            keys,
        })
    }

    /// What the case expects of each of its messages.
    ///
    /// # Errors
    /// When `expected` is missing or is no outcome.
    pub fn expected(&self, case: &RawCase) -> Result<Vec<Expected>, CaseError> {
        plays(case)?.iter().map(Play::expected).collect()
    }

    /// Decides the case's messages, one after the other. What a message is approved for counts for those after it.
    ///
    /// # Errors
    /// When times, messages or `history` are missing or cannot be placed.
    pub fn run(&self, case: &RawCase) -> Result<Vec<Verdict>, CaseError> {
        let plays = plays(case)?;
        let mut gate = Gate { runner: self, log: Timestamp::default(), memory: Memory::default() };
        let mut yet_to_come = arrivals(case)?;
        let mut verdicts = Vec::with_capacity(plays.len());
        for play in &plays {
            let mut remarks = Vec::new();
            let (due, later): (Vec<_>, Vec<_>) =
                yet_to_come.into_iter().partition(|event| play.is_alone || event.is_due(play.at));
            for event in &due {
                gate.apply(event, play.at, &mut remarks)?;
            }
            verdicts.push(gate.judge(play, remarks)?);
            yet_to_come = later;
        }
        match yet_to_come.first() {
            Some(event) => wrong(format!(
                "history[{}] arrives after the last message (`received_at`, else `occurred_at`): no message can see it",
                event.index
            )),
            None => Ok(verdicts),
        }
    }
}

/// A message of a case.
struct Play<'c> {
    /// What it is called in errors.
    name: String,
    at: Timestamp,
    message: &'c Value,
    /// Where `expected`, `reason` and `not_before` stand.
    fields: &'c Map<String, Value>,
    /// It is the only one, and everything in the history arrived before it whatever it is dated.
    is_alone: bool,
}

/// The messages of a case: one by `now` and `message`, or several in `messages`.
fn plays(case: &RawCase) -> Result<Vec<Play<'_>>, CaseError> {
    let Some(messages) = case.fields.get("messages").filter(|value| !value.is_null()) else {
        return Ok(vec![Play::of(&case.fields, "now", String::new())?]);
    };
    if let Some(name) =
        ["now", "message", "expected"].iter().find(|n| case.fields.contains_key(**n))
    {
        return wrong(format!("a case has `messages`, or `{name}` for one message, not both"));
    }
    let Some(messages) = messages.as_array().filter(|list| !list.is_empty()) else {
        return wrong("`messages` must be a list with at least one message");
    };
    if messages.len() > MESSAGES_MAX {
        return wrong(format!("`messages` has more than {MESSAGES_MAX}"));
    }
    let mut plays: Vec<Play<'_>> = Vec::with_capacity(messages.len());
    for (index, item) in messages.iter().enumerate() {
        let name = format!("messages[{index}]: ");
        let Some(fields) = item.as_object() else {
            return wrong(format!("{name}must be an object with `at`, `message` and `expected`"));
        };
        let play = Play { is_alone: false, ..Play::of(fields, "at", name)? };
        if plays.last().is_some_and(|former| former.at > play.at) {
            return wrong(format!(
                "{}`at` is before that of the message before it: messages stand in the order in which they are judged",
                play.name
            ));
        }
        plays.push(play);
    }
    Ok(plays)
}

impl<'c> Play<'c> {
    fn of(fields: &'c Map<String, Value>, time: &str, name: String) -> Result<Self, CaseError> {
        let at = fields.get(time).and_then(Value::as_str).and_then(instant);
        let Some(at) = at else {
            return wrong(format!("{name}`{time}` must be RFC 3339 with an offset"));
        };
        match fields.get("message").filter(|message| message.is_object()) {
            Some(message) => Ok(Self { name, at, message, fields, is_alone: true }),
            None => wrong(format!("{name}`message` must be an object")),
        }
    }

    fn expected(&self) -> Result<Expected, CaseError> {
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_outcome =
            |outcome: &String| matches!(outcome.as_str(), "approved" | "blocked" | "deferred");
        let Some(outcome) = text("expected").filter(is_outcome) else {
            return wrong(format!("{}`expected` must be approved, blocked or deferred", self.name));
        };
        let not_before = match text("not_before").map(|at| instant(&at)) {
            None => None,
            Some(None) => {
                return wrong(format!("{}`not_before` must be RFC 3339 with an offset", self.name));
            }
            Some(at) => at,
        };
        Ok(Expected { outcome, reason: text("reason"), not_before })
    }
}

/// An event of the history.
struct Arrival<'c> {
    index: usize,
    event: &'c Value,
    /// When it was received, if the case says so.
    stated: Option<Timestamp>,
    occurred: Option<Timestamp>,
}

impl Arrival<'_> {
    /// Whether it has arrived by then: by its receipt, else by when it happened. What says neither was there before.
    fn is_due(&self, at: Timestamp) -> bool {
        self.stated.or(self.occurred).is_none_or(|arrived| arrived <= at)
    }
}

fn arrivals(case: &RawCase) -> Result<Vec<Arrival<'_>>, CaseError> {
    let history = match case.fields.get("history") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(events)) => events,
        Some(_) => return wrong("`history` must be a list"),
    };
    let mut arrivals = Vec::with_capacity(history.len());
    for (index, event) in history.iter().enumerate() {
        let time = |name: &str| event.get(name).and_then(Value::as_str).map(instant);
        let stated = match time("received_at") {
            Some(None) => {
                return wrong(format!("history[{index}]: `received_at` must be RFC 3339"));
            }
            stated => stated.flatten(),
        };
        arrivals.push(Arrival { index, event, stated, occurred: time("occurred_at").flatten() });
    }
    Ok(arrivals)
}

/// One gate, for one case. Its history is one partition, dated by its producers: its order is that of arrival.
struct Gate<'r, 'p, K> {
    runner: &'r CaseRunner<'p, K>,
    /// The greatest record time so far.
    log: Timestamp,
    memory: Memory,
}

impl<K: Keys> Gate<'_, '_, K> {
    /// The receipt of the next record. It arrived before `now`, whatever it is dated.
    fn receive(&mut self, at: Timestamp, now: Timestamp) -> Receipt {
        self.log = self.log.max(at.min(now));
        Receipt::by_producer(at, self.log)
    }

    fn apply(
        &mut self,
        arrival: &Arrival<'_>,
        now: Timestamp,
        remarks: &mut Vec<String>,
    ) -> Result<(), CaseError> {
        let index = arrival.index;
        let bytes = bytes_of(arrival.event);
        let why = match self.runner.consent.decode_consent(Some(&bytes)) {
            Ok(change) => {
                let receipt = self.receive(arrival.stated.unwrap_or(change.occurred_at), now);
                match understand(&self.runner.keys, &change, receipt) {
                    Ok(understood) => return self.join(index, &change, &understood, remarks),
                    Err(why) => why.class.as_str().to_owned(),
                }
            }
            Err(error) => error.to_string(),
        };
        remarks.push(format!("history[{index}] cannot be read: {why}"));
        let (consent, keys) = (&self.runner.consent, &self.runner.keys);
        // a case has no record keys
        let found = suspects(consent, keys, (None, Some(&bytes)), |_| Ok::<_, CaseError>(false))?;
        if found.subjects.is_empty() {
            return wrong(format!("history[{index}] cannot be read, nor whose it is: {why}"));
        }
        let id = self.runner.keys.event(&format!("unreadable/{index}"));
        let receipt = self.receive(arrival.stated.unwrap_or(now), now);
        for subjects in found.subjects {
            self.fold(subjects, &possible_refusal(subjects, id, receipt))?;
        }
        Ok(())
    }

    fn join(
        &mut self,
        index: usize,
        change: &ConsentChange<'_>,
        understood: &Understood<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<(), CaseError> {
        if understood.placement.review {
            remarks.push(format!("history[{index}]: a person should read this text"));
        }
        if change.address.is_some() && understood.subjects.address.is_none() {
            remarks.push(half_understood(index, understood));
        }
        self.fold(understood.subjects, &understood.placement)
    }

    fn fold(
        &mut self,
        subjects: Subjects,
        placement: &gate_core::Placement<'_>,
    ) -> Result<(), CaseError> {
        let folded = fold(&mut self.memory, &mut Scratch::default(), subjects, placement);
        folded.map(drop).map_err(|error| CaseError(error.to_string()))
    }

    fn judge(&mut self, play: &Play<'_>, mut remarks: Vec<String>) -> Result<Verdict, CaseError> {
        let bytes = bytes_of(play.message);
        let message: Decoded<'_> = match self.runner.message.decode_message(Some(&bytes)) {
            Ok(message) => Ok(message),
            Err(error) => {
                remarks.push(format!("the message cannot be read: {error}"));
                Err(match error {
                    DecodeError::Unreadable(why) => why,
                    // without a registry nothing is unavailable
                    DecodeError::Unavailable { .. } => Class::Malformed.into(),
                })
            }
        };
        let mut notes = Notes::default();
        let inputs = Inputs {
            keys: &self.runner.keys,
            policies: self.runner.policies,
            states: &self.memory,
            approvals: &self.memory,
            now: play.at,
        };
        let record = Record { partition: 0, message: &message };
        let judged = judge_traced(inputs, record, &mut notes);
        let Judged { decisions, history, .. } =
            judged.map_err(|error| CaseError(error.to_string()))?;
        let rows: Vec<(_, Row)> = history.changes().collect();
        self.memory.keep(rows);
        match decisions.into_iter().next() {
            Some(decision) => Ok(Verdict { decision, notes: notes.0, remarks }),
            None => wrong("the message was not judged"),
        }
    }
}

/// What the gate makes of a change whose contact is understood and whose address, or the region to read it with, is not.
fn half_understood(index: usize, understood: &Understood<'_>) -> String {
    let consequence = if understood.is_half_a_refusal() {
        "the refusal is applied to its contact alone, and a gate also puts it into the dead letter topic"
    } else {
        "nothing is permitted for an address"
    };
    format!("history[{index}]: the address in it cannot be read (invalid_address): {consequence}")
}

fn bytes_of(value: &Value) -> Vec<u8> {
    // a value always serialises
    serde_json::to_vec(value).unwrap_or_default()
}

/// Reads an RFC 3339 instant.
fn instant(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}
