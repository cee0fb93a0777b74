//! What is on record about a person: the states of contact and address, and the events behind them.
//!
//! The person is read by the codec and the canonical forms of messages, so that whoever a message would be judged as is
//! whoever is looked up.

use super::error::ClerkError;
use super::facts;
use super::moment::Moment;
use super::problem::{Problem, ProblemKind};
use super::wire::{
    SubjectAnswer, SubjectRequest, SubjectState, TimelineAnswer, TimelinePage, json,
};
use crate::headers::{SourceRef, hex, rfc3339};
use crate::identity::Pepper;
use crate::store::{Store, TimelineCursor, TimelineEntry};
use gate_codec::{Codec, DecodeError};
use gate_core::{CanonicalAddress, Channel, ConsentState, OutboundMessage, SubjectKey};
use gate_engine::Keys as _;

/// What people are looked up with.
pub(super) struct Looking<'a> {
    pub(super) codec: &'a Codec,
    pub(super) pepper: &'a Pepper,
    pub(super) store: &'a Store,
}

/// Whom to look up.
struct Person {
    contact: Option<SubjectKey>,
    address: Option<SubjectKey>,
}

impl Looking<'_> {
    /// The answer, as JSON.
    ///
    /// # Errors
    /// When the store cannot be read, or what it holds.
    pub(super) fn answer(
        &self,
        moment: &Moment<'_>,
        request: &SubjectRequest,
    ) -> Result<Result<Vec<u8>, Problem>, ClerkError> {
        let asked = self.person(request).and_then(|person| {
            let contact = cursor("contact", request.contact_before.as_deref())?;
            Ok((person, contact, cursor("address", request.address_before.as_deref())?))
        });
        let (person, contact_before, address_before) = match asked {
            Ok(asked) => asked,
            Err(problem) => return Ok(Err(problem)),
        };
        let state = |key: Option<SubjectKey>, before| {
            key.map(|key| self.state(moment, key, before, request.timeline_max)).transpose()
        };
        let contact = state(person.contact, contact_before)?;
        let address = state(person.address, address_before)?;
        Ok(json(&SubjectAnswer { moment: moment.answer(), contact, address }))
    }

    fn person(&self, request: &SubjectRequest) -> Result<Person, Problem> {
        let [contact, address] = request.keys;
        if request.recipient.is_empty() {
            return Ok(Person { contact, address });
        }
        let named = self.named(request)?;
        Ok(Person { contact: named.contact.or(contact), address: named.address.or(address) })
    }

    fn named(&self, request: &SubjectRequest) -> Result<Person, Problem> {
        let message = match self.codec.decode_message(Some(request.recipient.as_bytes())) {
            Ok(message) => message,
            Err(DecodeError::Unreadable(why)) => {
                let pointer = match why.field {
                    Some("recipient.contact_id") => "/contact_id",
                    Some("recipient.address") => "/address",
                    Some("recipient.region") => "/region",
                    Some("channel") => "/channel",
                    Some(_) | None => "",
                };
                let detail = format!("it cannot be read: {}", why.class.as_str());
                return Err(Problem::malformed(pointer, detail));
            }
            Err(DecodeError::Unavailable { .. }) => {
                return Err(Problem::new(ProblemKind::Unavailable, "it cannot be read now"));
            }
        };
        if request.names_channel && message.channel.is_none() {
            let known = Channel::ALL.map(Channel::as_str).join("`, `");
            return Err(Problem::malformed(
                "/channel",
                format!("no such channel; there are `{known}`"),
            ));
        }
        let address = canonical(&message)?.map(|address| self.pepper.address(&address));
        let contact = message.contact_id.as_ref().map(|contact| self.pepper.contact(contact));
        if contact.is_none() && address.is_none() {
            return Err(Problem::malformed("", "nothing visible is in `contact_id` or `address`"));
        }
        Ok(Person { contact, address })
    }

    fn state(
        &self,
        moment: &Moment<'_>,
        key: SubjectKey,
        before: Option<TimelineCursor>,
        timeline_max: usize,
    ) -> Result<SubjectState, ClerkError> {
        let found = moment.snapshot.states(&[key])?;
        let bytes = found.into_iter().next().flatten();
        let damaged = |_| self.store.unreadable_state();
        let state = bytes.as_deref().map(ConsentState::decode).transpose().map_err(damaged)?;
        let (entries, older) = moment.snapshot.timeline_before(key, before, timeline_max)?;
        let is_known = state.is_some();
        let state = state.unwrap_or_default();
        let topic = moment.consent_topic();
        let entries = entries.iter().map(|entry| self.entry(entry, topic));
        Ok(SubjectState {
            key: hex(&key.0),
            is_known,
            is_erased: state.is_erased(),
            is_saturated: state.is_saturated(),
            words: facts::words(is_known, &state),
            facts: state.facts().iter().map(facts::told).collect(),
            timeline: TimelinePage {
                entries: entries.collect::<Result<_, _>>()?,
                before: older.map(|place| place.text()),
            },
        })
    }

    fn entry(&self, entry: &TimelineEntry, topic: &str) -> Result<TimelineAnswer, ClerkError> {
        let said = ConsentState::decode(&entry.facts).map_err(|_| self.store.unreadable_state())?;
        let (partition, record_offset) = (entry.source.partition, entry.source.offset);
        Ok(TimelineAnswer {
            at: rfc3339(entry.at),
            source: SourceRef { topic, partition, record_offset }.to_string(),
            event: hex(&entry.event.0),
            facts: said.facts().iter().map(facts::told).collect(),
        })
    }
}

fn canonical(message: &OutboundMessage<'_>) -> Result<Option<CanonicalAddress>, Problem> {
    if message.address.is_none() {
        return Ok(None);
    }
    let invalid = || {
        let detail =
            "cannot be normalised; a phone number needs `+` and its country code, or `region`";
        Problem::malformed("/address", detail)
    };
    message.canonical().map(Some).ok_or_else(invalid)
}

fn cursor(of: &str, text: Option<&str>) -> Result<Option<TimelineCursor>, Problem> {
    let none = || {
        Problem::malformed(
            format!("/before/{of}"),
            "is no place of a timeline; send what an answer said",
        )
    };
    text.map(|text| TimelineCursor::parse(text).ok_or_else(none)).transpose()
}
