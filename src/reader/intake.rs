//! One consent record: what it says, and what when it cannot be read or only in part.

use super::incoming::Incoming;
use super::{Reader, ReaderError, ReaderParts, Taken};
use crate::headers::probe_recipient;
use crate::metrics::{Changed, ConsentResult, HoldCause, ProbeRecipient, Topic};
use crate::reader::dead_letter::{DeadLetter, Place, Staged};
use crate::records::{Change, is_plain};
use crate::store::{Source, StoreError};
use gate_codec::{Class, DecodeError, Unreadable};
use gate_core::{ConsentChange, Effect, Receipt, Timestamp};
use gate_engine::{
    INVALID_ADDRESS, Keys as _, Owner, Suspects, Understood, possible_refusal, understand,
};
use std::sync::Arc;

impl Reader {
    pub(super) fn take(&mut self, record: &Incoming<'_>) -> Result<Taken, ReaderError> {
        // every record moves the time of its log, whatever becomes of it
        let receipt = self.receipt(record);
        if let Some(why) = record.why_without_value() {
            return self.unreadable(record, receipt, why);
        }
        if record.value.is_some_and(|value| value.len() > self.parts.value_bytes_max) {
            return self.unreadable(record, receipt, Class::TooLarge.into());
        }
        let records = self.parts.records.clone();
        match records.read(record.value, record.origin()) {
            Ok(changes) => self.apply(changes.all(), (record, receipt)),
            Err(DecodeError::Unreadable(why)) => self.unreadable(record, receipt, record.told(why)),
            Err(DecodeError::Unavailable { cause }) => {
                Ok(Taken::Again(HoldCause::RegistryUnavailable, cause.to_owned()))
            }
        }
    }

    /// Everything that a record says, or nothing of it: what stands in the way is looked for before anything is applied.
    fn apply(
        &mut self,
        changes: &[Change<'_>],
        (record, receipt): (&Incoming<'_>, Receipt),
    ) -> Result<Taken, ReaderError> {
        if let [change] = changes {
            let understood = match understand(&*self.parts.pepper, &change.change, receipt) {
                Ok(understood) => understood,
                Err(why) => return self.unreadable(record, receipt, why),
            };
            if let Some(again) = self.lay_aside(&[(change, &understood)], record) {
                return Ok(again);
            }
            return self.fold_change(change, &understood, record);
        }
        let pepper = Arc::clone(&self.parts.pepper);
        let all = changes.iter().map(|it| understand(&*pepper, &it.change, receipt));
        let understood = match all.collect::<Result<Vec<_>, _>>() {
            Ok(understood) => understood,
            Err(why) => return self.unreadable(record, receipt, why),
        };
        let pairs: Vec<_> = changes.iter().zip(&understood).collect();
        if let Some(again) = self.lay_aside(&pairs, record) {
            return Ok(again);
        }
        for (change, understood) in pairs {
            self.fold_change(change, understood, record)?;
        }
        if changes.is_empty() {
            self.parts.metrics.consent_changes.of(Changed(None, ConsentResult::Ignored)).inc();
        }
        Ok(Taken::Applied { is_probe: false })
    }

    /// Puts the record aside for whatever of it a person must look at, once; what to do instead when that fails.
    fn lay_aside(
        &mut self,
        changes: &[(&Change<'_>, &Understood<'_>)],
        record: &Incoming<'_>,
    ) -> Option<Taken> {
        if changes.iter().any(|(_, understood)| understood.is_half_a_refusal())
            && let Some(again) = self.address_not_understood(record)
        {
            return Some(again);
        }
        let is_doubtful = |(change, understood): &&(&Change<'_>, &Understood<'_>)| {
            understood.placement.review
                && probe_of(&change.change) != Some(ProbeRecipient::Synthetic)
        };
        let (_, doubtful) = changes.iter().find(is_doubtful)?;
        self.queue_for_review(record, doubtful.subjects)
    }

    /// Folds a change, and counts what it did.
    fn fold_change(
        &mut self,
        Change { change, source: from }: &Change<'_>,
        Understood { subjects, placement, is_partial }: &Understood<'_>,
        record: &Incoming<'_>,
    ) -> Result<Taken, ReaderError> {
        let source = Source { partition: record.partition, offset: record.offset };
        let is_changed = self.parts.writer.apply(*subjects, placement, source)?;
        let result = match placement.effect {
            Effect::None if placement.review => ConsentResult::Review,
            Effect::None => ConsentResult::NoEffect,
            Effect::Quarantined | Effect::Clamped | Effect::Facts if *is_partial => {
                ConsentResult::Partial
            }
            Effect::Quarantined => ConsentResult::Quarantined,
            Effect::Clamped => ConsentResult::Clamped,
            Effect::Facts if is_changed => ConsentResult::Applied,
            Effect::Facts => ConsentResult::Duplicate,
        };
        if let Some(recipient) = probe_of(change) {
            self.parts.metrics.probe_record(Topic::ConsentChange, recipient);
            return Ok(Taken::Applied { is_probe: true });
        }
        self.parts.metrics.consent_changes.of(Changed(Some(change.action), result)).inc();
        self.parts.sources.changed(from.as_deref(), record.timestamp_ms);
        Ok(Taken::Applied { is_probe: false })
    }

    /// When the record was received, by itself and by how far its log has come.
    fn receipt(&mut self, record: &Incoming<'_>) -> Receipt {
        let at = Timestamp::from_millis(record.timestamp_ms);
        let log = self.parts.writer.receive(record.partition, at);
        Receipt { at, log, is_broker: record.is_dated_by_broker }
    }

    /// A change whose contact is understood and whose address is not. A refusal may be meant for that address, whoever
    /// else it belongs to, so it is put aside for a person beside what is applied; a permission is simply not given.
    fn address_not_understood(&mut self, record: &Incoming<'_>) -> Option<Taken> {
        if let Err(again) = self.put_aside(record, INVALID_ADDRESS, Owner::Contact, true) {
            return Some(again);
        }
        self.parts.metrics.invalid(Topic::ConsentChange, INVALID_ADDRESS.class.as_str());
        let partition = i64::from(record.partition);
        if let Some(n_suppressed) = self.warnings.admit("partial", partition) {
            tracing::warn!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                class = INVALID_ADDRESS.class.as_str(),
                field = INVALID_ADDRESS.field,
                n_suppressed,
                "a refusal is applied to its contact, and nobody can read the address in it: correct it and publish it \
                 again, or that address is written to under other contact ids"
            );
        }
        None
    }

    /// Promise P3: treated as a possible opt-out of whoever it is about.
    fn unreadable(
        &mut self,
        record: &Incoming<'_>,
        receipt: Receipt,
        why: Unreadable,
    ) -> Result<Taken, ReaderError> {
        let suspects = self.suspects(record)?;
        let mut staged = Staged::Known;
        if !record.is_again() {
            match self.put_aside(record, why, suspects.owner, false) {
                Ok(now) => staged = now,
                Err(again) => return Ok(again),
            }
        }
        if suspects.subjects.is_empty() {
            // what is put aside only now cannot have been released
            if staged == Staged::Known && self.is_released(record, why.class.as_str()) {
                return Ok(Taken::Applied { is_probe: false });
            }
            if !record.is_again() {
                self.count_unreadable(why.class.as_str(), ConsentResult::Unreadable);
            }
            return Ok(Taken::Poison(why));
        }
        self.note_unreadable(record, why);
        let source_event =
            format!("unreadable/{}/{}/{}", self.parts.topic, record.partition, record.offset);
        let event = self.parts.pepper.event(&source_event);
        let source = Source { partition: record.partition, offset: record.offset };
        for subjects in suspects.subjects {
            let placement = possible_refusal(subjects, event, receipt);
            self.parts.writer.apply(subjects, &placement, source)?;
        }
        Ok(Taken::Applied { is_probe: false })
    }

    /// Whom a record may be about that nobody can read.
    pub(super) fn suspects(&mut self, record: &Incoming<'_>) -> Result<Suspects, StoreError> {
        let ReaderParts { records, pepper, writer, key_names_contact, .. } = &mut self.parts;
        let origin = (record.origin(), *key_names_contact);
        records.suspects(&**pepper, record.value, origin, |subject| writer.is_known(subject))
    }

    /// Stages its dead letter; when that fails, what to do instead.
    pub(super) fn put_aside(
        &mut self,
        record: &Incoming<'_>,
        why: Unreadable,
        owner: Owner,
        is_applied: bool,
    ) -> Result<Staged, Taken> {
        let letter = DeadLetter {
            place: record.place(),
            key: record.key,
            value: record.value,
            class: why.class.as_str(),
            field: why.field,
            owner,
            is_applied,
            is_plain: is_plain(record),
        };
        self.parts.dead_letters.stage(&letter).map_err(|error| {
            let detail = format!(
                "`{}` partition {} offset {}: {error}",
                self.parts.topic, record.partition, record.offset
            );
            Taken::Again(HoldCause::BrokerUnavailable, detail)
        })
    }

    /// Whether an operator has taken the responsibility for going on past this record.
    fn is_released(&mut self, record: &Incoming<'_>, class: &'static str) -> bool {
        let is_released = self.is_place_released(record.place(), class);
        if is_released && !record.is_again() {
            self.parts.metrics.invalid(Topic::ConsentChange, class);
        }
        is_released
    }

    /// The same for whatever a partition stands at; each release is logged and counted.
    pub(super) fn is_place_released(
        &mut self,
        (partition, offset): Place,
        class: &'static str,
    ) -> bool {
        let operator = match self.parts.dead_letters.release_of((partition, offset)) {
            Ok(None) => return false,
            Ok(Some(operator)) => operator,
            Err(error) => {
                tracing::warn!(%error, "cannot look for a release; trying again");
                return false;
            }
        };
        tracing::warn!(
            topic = %self.parts.topic,
            partition,
            offset,
            class,
            operator,
            "skipped: released by an operator; what stands there is not applied"
        );
        self.parts.metrics.consent_changes.of(Changed(None, ConsentResult::Skipped)).inc();
        true
    }

    fn note_unreadable(&mut self, record: &Incoming<'_>, why: Unreadable) {
        let (class, field) = (why.class.as_str(), why.field);
        if record.is_again() {
            tracing::info!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                class,
                field,
                "whose unreadable consent change this is has become known: the contact is blocked, the gate goes on"
            );
            return;
        }
        self.count_unreadable(class, ConsentResult::Unreadable);
        let partition = i64::from(record.partition);
        if let Some(n_suppressed) = self.warnings.admit("unreadable", partition) {
            tracing::warn!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                class,
                field,
                remedy = why.class.remedy(),
                n_suppressed,
                "a consent change cannot be read; its contact is blocked until a later valid event"
            );
        }
    }

    fn count_unreadable(&self, class: &'static str, result: ConsentResult) {
        self.parts.metrics.invalid(Topic::ConsentChange, class);
        self.parts.metrics.consent_changes.of(Changed(None, result)).inc();
    }
}

fn probe_of(change: &ConsentChange<'_>) -> Option<ProbeRecipient> {
    probe_recipient(change.contact_id.as_ref(), change.address.as_ref())
}
