//! One consent record: whose is it, what does it say, and what when it cannot be read.

use super::{Reader, ReaderError, Taken};
use crate::codec::DecodeError;
use crate::kafka::native::Record;
use crate::metrics::{Changed, ConsentResult, HoldCause, Topic};
use crate::record::is_probe;
use crate::store::Source;
use gate_core::{
    Address, CanonicalAddress, ChannelScope, ConsentChange, ContactId, Effect, Placement, Subjects,
    Timestamp, place, unreadable,
};
use std::sync::Arc;

impl Reader {
    pub(super) fn take(&mut self, record: &Record<'_>) -> Result<Taken, ReaderError> {
        if record.value.is_some_and(|value| value.len() > self.parts.value_bytes_max) {
            return self.unreadable(record, "too_large");
        }
        let codec = Arc::clone(&self.parts.codec);
        match codec.decode_sourced_consent(record.value) {
            Ok((change, source)) => self.apply(&change, source.as_deref(), record),
            Err(DecodeError::Unreadable { class }) => self.unreadable(record, class),
            Err(DecodeError::Unavailable { cause }) => {
                Ok(Taken::Again(HoldCause::RegistryUnavailable, cause.to_owned()))
            }
        }
    }

    fn apply(
        &mut self,
        change: &ConsentChange<'_>,
        from: Option<&str>,
        record: &Record<'_>,
    ) -> Result<Taken, ReaderError> {
        let Some(subjects) = self.subjects(change) else {
            // an address nobody can use and no contact id: nobody can tell whose change this is
            return self.unreadable(record, "invalid_value");
        };
        let event = self.parts.pepper.event(&change.event_id);
        let received = Timestamp::from_millis(record.timestamp_ms);
        let placement = place(change, subjects, event, received);
        let source = Source { partition: record.partition, offset: record.offset };
        let is_changed = self.parts.writer.apply(subjects, &placement, source)?;
        let result = match placement.effect {
            Effect::None if placement.review => ConsentResult::Review,
            Effect::None => ConsentResult::NoEffect,
            Effect::Quarantined => ConsentResult::Quarantined,
            Effect::Clamped => ConsentResult::Clamped,
            Effect::Facts if is_changed => ConsentResult::Applied,
            Effect::Facts => ConsentResult::Duplicate,
        };
        if is_probe(change.contact_id.as_ref()) {
            return Ok(Taken::Applied { is_probe: true });
        }
        self.parts.metrics.consent_changes.of(Changed(Some(change.action), result)).inc();
        self.parts.sources.changed(from, record.timestamp_ms);
        if placement.review {
            self.ask_for_review(record);
        }
        Ok(Taken::Applied { is_probe: false })
    }

    /// Whose change it is; `None` when nobody can tell.
    fn subjects(&self, change: &ConsentChange<'_>) -> Option<Subjects> {
        let address = change.address.as_ref().map(Address::expose);
        let mut subjects = self.hash(
            change.contact_id.as_ref(),
            address,
            change.channel,
            change.region.as_deref(),
        )?;
        let message = change.message_id.as_deref();
        subjects.message = message.map(|id| self.parts.pepper.event(id));
        Some(subjects)
    }

    fn hash(
        &self,
        contact: Option<&ContactId<'_>>,
        address: Option<&str>,
        channel: ChannelScope,
        region: Option<&str>,
    ) -> Option<Subjects> {
        let channel = match channel {
            ChannelScope::Any => None,
            ChannelScope::One(channel) => Some(channel),
        };
        let address =
            address.and_then(|address| CanonicalAddress::parse(address, channel, region).ok());
        let subjects = Subjects {
            contact: contact.map(|contact| self.parts.pepper.contact(contact)),
            address: address.as_ref().map(|address| self.parts.pepper.address(address)),
            message: None,
            variant: address.as_ref().map_or(0, CanonicalAddress::variant),
        };
        (subjects.contact.is_some() || subjects.address.is_some()).then_some(subjects)
    }

    /// Promise P3: treated as a possible opt-out of whoever it is about.
    fn unreadable(
        &mut self,
        record: &Record<'_>,
        class: &'static str,
    ) -> Result<Taken, ReaderError> {
        match self.parts.dead_letters.write(record, class) {
            Ok(true) => self.parts.metrics.dead_letters.inc(),
            Ok(false) => {}
            Err(error) => {
                let detail = format!(
                    "`{}` partition {} offset {}: {error}",
                    self.parts.topic, record.partition, record.offset
                );
                return Ok(Taken::Again(HoldCause::BrokerUnavailable, detail));
            }
        }
        let Some(subjects) = self.suspects(record) else {
            if self.parts.dead_letters.is_released(record.partition, record.offset).unwrap_or(false)
            {
                self.count_unreadable(class, ConsentResult::Skipped);
                return Ok(Taken::Applied { is_probe: false });
            }
            self.count_unreadable(class, ConsentResult::Unreadable);
            return Ok(Taken::Poison);
        };
        self.count_unreadable(class, ConsentResult::Unreadable);
        let partition = i64::from(record.partition);
        if let Some(n_suppressed) = self.warnings.admit("unreadable", partition) {
            tracing::warn!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                class,
                n_suppressed,
                "a consent change cannot be read; its contact is blocked until a later valid event"
            );
        }
        let source_event =
            format!("unreadable/{}/{}/{}", self.parts.topic, record.partition, record.offset);
        let event = self.parts.pepper.event(&source_event);
        let fact = unreadable(event, Timestamp::from_millis(record.timestamp_ms));
        let facts = |is_named: bool| if is_named { vec![fact] } else { Vec::new() };
        let placement = Placement {
            contact: facts(subjects.contact.is_some()),
            address: facts(subjects.address.is_some()),
            effect: Effect::Facts,
            review: false,
        };
        let source = Source { partition: record.partition, offset: record.offset };
        self.parts.writer.apply(subjects, &placement, source)?;
        Ok(Taken::Applied { is_probe: false })
    }

    /// Where the text stands, not what it says.
    fn ask_for_review(&self, record: &Record<'_>) {
        let partition = i64::from(record.partition);
        if let Some(n_suppressed) = self.warnings.admit("review", partition) {
            tracing::warn!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                n_suppressed,
                "a text to us may ask to stop; a person should read it and publish an opt_out if it does"
            );
        }
    }

    fn count_unreadable(&self, class: &'static str, result: ConsentResult) {
        self.parts.metrics.invalid(Topic::ConsentChange, class);
        self.parts.metrics.consent_changes.of(Changed(None, result)).inc();
    }

    /// Whom an unreadable change may be about: what its value still says for certain, else its key, which
    /// may be a contact id or an address.
    fn suspects(&self, record: &Record<'_>) -> Option<Subjects> {
        let codec = &self.parts.codec;
        let salvaged = codec.salvage(record.value).and_then(|who| {
            let address = who.address.as_ref().map(Address::expose);
            self.hash(who.contact_id.as_ref(), address, who.channel, who.region.as_deref())
        });
        salvaged.or_else(|| {
            let key = record.key.filter(|_| self.parts.key_names_contact)?;
            let key = std::str::from_utf8(key).ok()?;
            let contact = ContactId::new(key.into())?;
            self.hash(Some(&contact), Some(key), ChannelScope::Any, None)
        })
    }
}
