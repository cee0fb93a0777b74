//! The probe's round without Kafka: its own records through the codec, the fold and the law.
//!
//! Tells at the start, and in `doctor`, whether the policies in force let the probe's message pass at all. A probe
//! that is always blocked would cry wolf; one that is never blocked would prove nothing.

use super::cast::{Cast, Contact};
use crate::headers::rfc3339;
use gate_codec::{Codec, Encoding, Format, Kind, encode_consent, encode_message};
use gate_core::{
    AddressLookup, ConsentState, Decision, EventKey, Fact, Outcome, PolicySet, Receipt, Recipient,
    SubjectKey, Subjects, Timestamp, decide, place,
};
use std::time::Duration;

/// Hours tried: whatever quiet hours a week has.
const HOURS: u64 = 7 * 24;

/// Whether rounds could pass with these policies, one after the other and at any hour of the coming week.
///
/// # Errors
/// What is in the way.
pub fn rehearse(policies: &PolicySet, jurisdiction: &str, now: Timestamp) -> Result<(), String> {
    let mut cast = Cast::new("rehearsal", jurisdiction, now);
    for hour in 0..HOURS {
        let at = now.saturating_add(Duration::from_secs(hour * 3_600));
        play(policies, &mut cast.contact(0), at)?;
    }
    Ok(())
}

fn play(policies: &PolicySet, contact: &mut Contact, now: Timestamp) -> Result<(), String> {
    let mut stage = Stage::new()?;
    stage.change(contact, Contact::opt_in, now)?;
    let allowed = stage.decide(policies, contact, now)?;
    stage.change(contact, Contact::opt_out, now)?;
    let refused = stage.decide(policies, contact, now)?;
    let wanted = "`probe.jurisdiction` must be one whose rules for e-mail are met by an express opt-in, at any hour and \
                  any number of times";
    if allowed.outcome() != Outcome::Approved {
        return Err(format!(
            "with the policies in force the probe's message is `{}` at {} although its contact has opted in; {wanted}",
            allowed.reason().code(),
            rfc3339(now)
        ));
    }
    if allowed.counts_as().is_some() {
        return Err(format!(
            "with the policies in force the probe's messages count against a frequency cap; {wanted}"
        ));
    }
    if refused.outcome() != Outcome::Blocked {
        return Err(format!(
            "with the policies in force an opt-out does not block the probe's message (`{}`); this breaks more than the \
             probe, look at the packs",
            refused.reason().code()
        ));
    }
    Ok(())
}

/// The states of one contact and its address, folded as the reader does.
pub(super) struct Stage {
    consent: Codec,
    messages: Codec,
    contact: Vec<u8>,
    address: Vec<u8>,
    n_events: u64,
}

const CONTACT: SubjectKey = SubjectKey([1; 16]);
const ADDRESS: SubjectKey = SubjectKey([2; 16]);

impl Stage {
    pub(super) fn new() -> Result<Self, String> {
        let codec = |kind| Codec::new(Format::Json, kind, None).map_err(|error| error.to_string());
        Ok(Self {
            consent: codec(Kind::ConsentChange)?,
            messages: codec(Kind::OutboundMessage)?,
            contact: encoded(&ConsentState::default()),
            address: encoded(&ConsentState::default()),
            n_events: 0,
        })
    }

    /// What the contact says is written, read and folded.
    pub(super) fn change<'c>(
        &mut self,
        contact: &'c mut Contact,
        what: impl Fn(&'c mut Contact, Timestamp) -> gate_codec::ConsentChangeRecord<'c>,
        now: Timestamp,
    ) -> Result<(), String> {
        let record = what(contact, now);
        let value = encode_consent(&record, Encoding::Json).map_err(|error| error.to_string())?;
        let change =
            self.consent.decode_consent(Some(&value)).map_err(|error| error.to_string())?;
        self.n_events += 1;
        let event = EventKey(self.n_events.to_be_bytes());
        let subjects =
            Subjects { contact: Some(CONTACT), address: Some(ADDRESS), ..Subjects::default() };
        let receipt = Receipt::by_broker(now.saturating_add(Duration::from_millis(1)));
        let placed = place(&change, subjects, event, receipt);
        let contact = fold(&self.contact, placed.contact)?;
        self.address = fold(&self.address, placed.address)?;
        self.contact = contact;
        Ok(())
    }

    /// The decision about a message to the contact.
    pub(super) fn decide(
        &self,
        policies: &PolicySet,
        contact: &mut Contact,
        now: Timestamp,
    ) -> Result<Decision, String> {
        let record = contact.message("rehearsal");
        let value = encode_message(&record, Encoding::Json).map_err(|error| error.to_string())?;
        let message =
            self.messages.decode_message(Some(&value)).map_err(|error| error.to_string())?;
        let read = |bytes| ConsentState::decode(bytes).map_err(|error| error.to_string());
        let (of_contact, of_address) = (read(&self.contact)?, read(&self.address)?);
        let address = AddressLookup::Known(ADDRESS, &of_address);
        let recipient = Recipient::new(Some((CONTACT, &of_contact)), address);
        Ok(decide(policies, recipient, &message, now))
    }

    /// Facts kept about contact and address.
    #[cfg(test)]
    pub(super) fn n_facts(&self) -> usize {
        let n_facts = |bytes: &[u8]| ConsentState::decode(bytes).map_or(0, |s| s.facts().len());
        n_facts(&self.contact) + n_facts(&self.address)
    }
}

fn fold(bytes: &[u8], facts: Vec<Fact<'_>>) -> Result<Vec<u8>, String> {
    let mut state = ConsentState::decode(bytes).map_err(|error| error.to_string())?;
    state.join(facts);
    Ok(encoded(&state))
}

fn encoded(state: &ConsentState<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    bytes
}
