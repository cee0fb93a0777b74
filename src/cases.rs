//! Decision cases (contracts section 5): a history, a message, a time, and what must come out.
//!
//! Read and folded exactly as in the running gate, with a map in place of the store and no Kafka.

use crate::identity::Pepper;
use gate_codec::{Codec, CodecError, DecodeError, Format, Kind};
use gate_core::{
    AddressLookup, CanonicalAddress, ConsentState, Decision, Fact, Notes, OutboundMessage,
    Placement, PolicySet, Receipt, Recipient, Step, SubjectKey, Timestamp, decide_traced, place,
    unreadable,
};
use gate_policy::RawCase;
use serde_json::Value;
use std::collections::BTreeMap;

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

/// What came out.
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

/// Runs cases against one policy set.
pub struct CaseRunner<'p> {
    policies: &'p PolicySet,
    consent: Codec,
    message: Codec,
    pepper: Pepper,
}

/// State by subject, as the store keeps it.
type States = BTreeMap<SubjectKey, Vec<u8>>;

/// A case's history as one partition, dated by its producers: its order is that of arrival.
struct Log {
    states: States,
    /// The greatest record time so far.
    at: Timestamp,
}

impl Log {
    /// The receipt of the next record. Everything arrived before `now`, whatever it is dated.
    fn receive(&mut self, at: Timestamp, now: Timestamp) -> Receipt {
        self.at = self.at.max(at.min(now));
        Receipt::by_producer(at, self.at)
    }
}

impl<'p> CaseRunner<'p> {
    /// A runner; cases are JSON whatever file they come from.
    ///
    /// # Errors
    /// When the codec's limits were set too late: a mistake in this program.
    pub fn new(policies: &'p PolicySet) -> Result<Self, CodecError> {
        Ok(Self {
            policies,
            consent: Codec::new(Format::Json, Kind::ConsentChange, None)?,
            message: Codec::new(Format::Json, Kind::OutboundMessage, None)?,
            // nothing is stored, so nothing needs a secret
            pepper: Pepper::new(&[0; crate::identity::PEPPER_BYTES]),
        })
    }

    /// What the case expects.
    ///
    /// # Errors
    /// When `expected` is missing or is no outcome.
    pub fn expected(&self, case: &RawCase) -> Result<Expected, CaseError> {
        let text = |name: &str| case.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let outcome = text("expected")
            .filter(|outcome| matches!(outcome.as_str(), "approved" | "blocked" | "deferred"))
            .ok_or_else(|| {
                CaseError(String::from("`expected` must be approved, blocked or deferred"))
            })?;
        let not_before = match text("not_before") {
            None => None,
            Some(at) => Some(instant(&at).ok_or_else(|| {
                CaseError(String::from("`not_before` must be RFC 3339 with an offset"))
            })?),
        };
        Ok(Expected { outcome, reason: text("reason"), not_before })
    }

    /// Decides the case's message.
    ///
    /// # Errors
    /// When `now`, `message` or `history` are missing or cannot be placed.
    pub fn run(&self, case: &RawCase) -> Result<Verdict, CaseError> {
        let now = case.fields.get("now").and_then(Value::as_str).and_then(instant);
        let now =
            now.ok_or_else(|| CaseError(String::from("`now` must be RFC 3339 with an offset")))?;
        let mut log = Log { states: States::new(), at: Timestamp::default() };
        let mut remarks = Vec::new();
        let history = match case.fields.get("history") {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(events)) => events,
            Some(_) => return Err(CaseError(String::from("`history` must be a list"))),
        };
        for (index, event) in history.iter().enumerate() {
            self.apply(&mut log, event, index, now, &mut remarks)?;
        }
        let message = case.fields.get("message").filter(|message| message.is_object());
        let message =
            message.ok_or_else(|| CaseError(String::from("`message` must be an object")))?;
        let bytes = bytes_of(message);
        let mut notes = Notes::default();
        let decision = match self.message.decode_message(Some(&bytes)) {
            Ok(message) => self.decide(&log.states, &message, now, &mut notes),
            Err(error) => {
                remarks.push(format!("the message cannot be read: {error}"));
                match error {
                    DecodeError::Unreadable(why) => {
                        Decision::unreadable(why.class.as_str(), why.field)
                    }
                    DecodeError::Unavailable { .. } => Decision::invalid("malformed"),
                }
            }
        };
        Ok(Verdict { decision, notes: notes.0, remarks })
    }

    fn apply(
        &self,
        log: &mut Log,
        event: &Value,
        index: usize,
        now: Timestamp,
        remarks: &mut Vec<String>,
    ) -> Result<(), CaseError> {
        let bytes = bytes_of(event);
        let stated = event.get("received_at").and_then(Value::as_str).map(instant);
        let stated = match stated {
            Some(None) => {
                let reason = format!("history[{index}]: `received_at` must be RFC 3339");
                return Err(CaseError(reason));
            }
            Some(at) => at,
            None => None,
        };
        let read = match self.consent.decode_consent(Some(&bytes)) {
            Ok(change) => match self.pepper.subjects(&change) {
                Some(subjects) => Ok((change, subjects)),
                // a change of address of which one cannot be read, as a gate takes it
                None if change.new_address.is_some() => Err(String::from("invalid_address")),
                None => {
                    let reason = format!("history[{index}] names nobody that can be read");
                    return Err(CaseError(reason));
                }
            },
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok((change, subjects)) => {
                let receipt = log.receive(stated.unwrap_or(change.occurred_at), now);
                let event = self.pepper.event(&change.event_id);
                let placed = place(&change, subjects, event, receipt);
                if placed.review {
                    remarks.push(format!("history[{index}]: a person should read this text"));
                }
                if change.address.is_some() && subjects.address.is_none() {
                    remarks.push(half_understood(index, &placed));
                }
                join(&mut log.states, subjects.contact, &placed.contact);
                join(&mut log.states, subjects.address, &placed.address);
            }
            Err(error) => {
                remarks.push(format!("history[{index}] cannot be read: {error}"));
                let salvaged = self.consent.salvage(Some(&bytes)).ok_or_else(|| {
                    CaseError(format!("history[{index}] cannot be read, nor whose it is: {error}"))
                })?;
                let channel = salvaged.channel.channel();
                let address = salvaged.address.as_ref().and_then(|address| {
                    let region = salvaged.region.as_deref();
                    CanonicalAddress::parse(address.expose(), channel, region).ok()
                });
                let id = self.pepper.event(&format!("unreadable/{index}"));
                let fact = unreadable(id, log.receive(stated.unwrap_or(now), now));
                let contact = salvaged.contact_id.as_ref().map(|id| self.pepper.contact(id));
                join(&mut log.states, contact, &[fact]);
                join(
                    &mut log.states,
                    address.map(|address| self.pepper.address(&address)),
                    &[fact],
                );
            }
        }
        Ok(())
    }

    fn decide(
        &self,
        states: &States,
        message: &OutboundMessage<'_>,
        now: Timestamp,
        notes: &mut Notes,
    ) -> Decision {
        let region = message.region.as_deref();
        let canonical = message.address.as_ref().map(|address| match message.channel {
            Some(channel) => CanonicalAddress::of_recipient(address.expose(), channel, region),
            None => CanonicalAddress::parse(address.expose(), None, region),
        });
        let state = |key: &SubjectKey| {
            let bytes = states.get(key).map(Vec::as_slice);
            bytes.and_then(|bytes| ConsentState::decode(bytes).ok()).unwrap_or_default()
        };
        let contact = message.contact_id.as_ref().map(|id| self.pepper.contact(id));
        let contact_state = contact.as_ref().map(state);
        let address = canonical.as_ref().and_then(|found| found.as_ref().ok());
        let address_key = address.map(|address| self.pepper.address(address));
        let address_state = address_key.as_ref().map(state).unwrap_or_default();
        let recipient = Recipient {
            contact: contact.zip(contact_state.as_ref()),
            address: match (&canonical, address_key) {
                (None, _) => AddressLookup::Missing,
                (Some(Ok(_)), Some(key)) => AddressLookup::Known(key, &address_state),
                (Some(_), _) => AddressLookup::Invalid,
            },
            e164: address.and_then(CanonicalAddress::e164),
            variant: address.map_or(0, CanonicalAddress::variant),
            message: self.pepper.event(&message.message_id),
            approved: &[],
        };
        decide_traced(self.policies, recipient, message, now, notes)
    }
}

/// What the gate makes of a change whose contact is understood and whose address, or the region to read it with, is not.
fn half_understood(index: usize, placed: &Placement<'_>) -> String {
    let is_refusal = placed.contact.iter().any(|fact| fact.kind.is_restrictive());
    let consequence = if is_refusal {
        "the refusal is applied to its contact alone, and a gate also puts it into the dead letter topic"
    } else {
        "nothing is permitted for an address"
    };
    format!("history[{index}]: the address in it cannot be read (invalid_address): {consequence}")
}

/// Joins facts into a subject's state, and what a contact says about its addresses into their states.
fn join(states: &mut States, subject: Option<SubjectKey>, facts: &[Fact<'_>]) {
    let (Some(subject), false) = (subject, facts.is_empty()) else { return };
    let stored = states.get(&subject).cloned().unwrap_or_default();
    let mut state = ConsentState::decode(&stored).unwrap_or_default();
    state.join(facts.iter().copied());
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    if bytes == stored {
        return; // all that it says about addresses was said before
    }
    states.insert(subject, bytes.clone());
    for (address, fact) in state.about_addresses() {
        join(states, Some(address), &[fact]);
    }
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
