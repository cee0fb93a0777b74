//! The probe's round without Kafka: its own records through the codec, the fold and the law.
//!
//! Tells at the start, and in `doctor`, whether the policies in force let the probe's message pass at all. A probe
//! that is always blocked would cry wolf; one that is never blocked would prove nothing.

use super::cast::{Cast, Contact};
use crate::headers::rfc3339;
use crate::identity::Pepper;
use gate_codec::{Codec, Encoding, Format, Kind, encode_consent, encode_message};
use gate_core::{Decision, Outcome, PolicySet, Receipt, Timestamp};
use gate_engine::{Inputs, Memory, Record, Scratch, fold, judge, understand};
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

/// A gate in memory, folded and judged as the running one does.
pub(super) struct Stage {
    consent: Codec,
    messages: Codec,
    pepper: Pepper,
    memory: Memory,
}

impl Stage {
    pub(super) fn new() -> Result<Self, String> {
        let codec = |kind| Codec::new(Format::Json, kind, None).map_err(|error| error.to_string());
        Ok(Self {
            consent: codec(Kind::ConsentChange)?,
            messages: codec(Kind::OutboundMessage)?,
            pepper: Pepper::of_nobody(),
            memory: Memory::default(),
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
        let receipt = Receipt::by_broker(now.saturating_add(Duration::from_millis(1)));
        let understood = understand(&self.pepper, &change, receipt)
            .map_err(|why| format!("its own consent cannot be read: {}", why.class.as_str()))?;
        let (subjects, placement) = (understood.subjects, &understood.placement);
        fold(&mut self.memory, &mut Scratch::default(), subjects, placement)
            .map(drop)
            .map_err(|error| error.to_string())
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
            Ok(self.messages.decode_message(Some(&value)).map_err(|error| error.to_string())?);
        let inputs = Inputs {
            keys: &self.pepper,
            policies,
            states: &self.memory,
            approvals: &self.memory,
            now,
        };
        let records = [Record { partition: 0, message: &message }];
        let judged = judge(inputs, &records, &[], &[]).map_err(|error| error.to_string())?;
        let decision = judged.decisions.into_iter().next();
        decision.ok_or_else(|| String::from("its message was not judged"))
    }

    /// Facts kept about contact and address.
    #[cfg(test)]
    pub(super) fn n_facts(&self) -> usize {
        self.memory.n_facts()
    }
}
