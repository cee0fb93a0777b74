//! Texts to us that may ask to stop and may not: they wait in `topics.consent_review` until a person has read them.
//!
//! They are put there as unreadable changes are put aside: each once, however many instances read it and however often
//! state is rebuilt, and before a position behind it is stored. So no doubtful refusal is passed over while the queue
//! cannot be written: the reader waits. What the person found comes back as a consent change
//! (`consent-gate consent review`); until then the text changes nothing.

use super::incoming::Incoming;
use super::{Reader, Taken};
use crate::metrics::HoldCause;
use crate::reader::dead_letter::{DeadLetter, Staged};
use crate::records::is_plain;
use gate_core::Subjects;
use gate_engine::Owner;

/// The class in the queue.
const DOUBTFUL_TEXT: &str = "doubtful_text";

impl Reader {
    /// Stages the text; when that fails, what to do instead.
    pub(super) fn queue_for_review(
        &mut self,
        record: &Incoming<'_>,
        subjects: Subjects,
    ) -> Option<Taken> {
        let letter = DeadLetter {
            place: record.place(),
            key: record.key,
            value: record.value,
            class: DOUBTFUL_TEXT,
            field: None,
            owner: if subjects.contact.is_some() { Owner::Contact } else { Owner::Address },
            is_applied: false,
            is_plain: is_plain(record),
        };
        match self.parts.review.stage(&letter) {
            Ok(Staged::New) => self.ask_for_review(record),
            Ok(Staged::Known) => {}
            Err(error) => {
                let detail = format!(
                    "`{}` partition {} offset {}: a text cannot be put into the review topic: {error}",
                    self.parts.topic, record.partition, record.offset
                );
                return Some(Taken::Again(HoldCause::BrokerUnavailable, detail));
            }
        }
        None
    }

    /// Where the text stands, not what it says.
    fn ask_for_review(&self, record: &Incoming<'_>) {
        let partition = i64::from(record.partition);
        if let Some(n_suppressed) = self.warnings.admit("review", partition) {
            tracing::warn!(
                topic = %self.parts.topic,
                partition = record.partition,
                offset = record.offset,
                n_suppressed,
                "a text to us may ask to stop; a person should read it with `consent-gate consent review`"
            );
        }
    }
}
