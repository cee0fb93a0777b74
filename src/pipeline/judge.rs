//! Decides a batch on one snapshot of the consent state.

use super::{Batch, Lane, LaneError, Setback};
use crate::approvals::KeptRows;
use crate::barrier::Hold;
use crate::clock::now;
use crate::headers::{BatchContext, DecisionWriter, SourceRef, Written, probe_recipient};
use crate::kafka::native::Message;
use crate::metrics::{Bound, HoldCause, NamedPlaces, ProbeRecipient, Topic};
use gate_codec::{Class, DecodeError, told_by_headers};
use gate_core::Decision;
use gate_engine::{Decoded, Inputs, JudgeError, Record, RowKey, Seal as _};

/// A decision with what goes into its headers.
pub(super) struct Judged {
    pub(super) decision: Decision,
    pub(super) channel: Option<gate_core::Channel>,
    /// Its brand and campaign among those that are counted.
    pub(super) named: NamedPlaces,
    /// It is about a contact of the synthetic probe: marked, and counted apart.
    pub(super) probe: Option<ProbeRecipient>,
    /// Where the headers stand in [`Verdicts::headers`].
    pub(super) header: Written,
}

/// A judged batch.
pub(super) struct Verdicts {
    /// One for each message.
    pub(super) judged: Vec<Judged>,
    /// The decision headers, behind each other.
    pub(super) headers: Vec<u8>,
    /// What is to be remembered of the approvals.
    pub(super) rows: Vec<(RowKey, Vec<u8>)>,
}

impl<'c> Lane<'c> {
    /// Reads every message; an unreadable one is an answer, an unavailable registry is not.
    pub(super) fn decode<'m>(
        &self,
        messages: &'m [Message<'c>],
    ) -> Result<Vec<Decoded<'m>>, Setback> {
        let mut decoded = Vec::with_capacity(messages.len());
        for message in messages {
            if message.payload().is_some_and(|value| value.len() > self.parts.value_bytes_max) {
                decoded.push(Err(Class::TooLarge.into()));
                continue;
            }
            decoded.push(match self.parts.codec.decode_message(message.payload()) {
                Ok(message) => Ok(message),
                Err(DecodeError::Unreadable(why)) => Err(told_by_headers(why, |wanted| {
                    message.headers().any(|(name, _)| name == wanted.to_bytes())
                })),
                Err(DecodeError::Unavailable { cause }) => {
                    let detail = format!(
                        "`{}` partition {} offset {}: the schema registry cannot be asked now: {cause}",
                        self.parts.outbound_topic,
                        message.partition(),
                        message.offset()
                    );
                    let cause = HoldCause::RegistryUnavailable;
                    return Err(Setback::Hold(Hold { cause, detail, consent_partition: None }));
                }
            });
        }
        Ok(decoded)
    }

    /// Decides every message. The barrier has passed: the snapshot holds every acknowledged change.
    pub(super) fn judge(
        &self,
        batch: &Batch<'c>,
        messages: &[Decoded<'_>],
        approved_before: &[Decoded<'_>],
    ) -> Result<Verdicts, LaneError> {
        let snapshot = self.parts.store.snapshot();
        let consent_positions = snapshot.positions()?;
        let policies = self.parts.policies.current();
        let context = BatchContext {
            policies: &policies,
            consent_topic: &self.parts.consent_topic,
            consent_positions: &consent_positions,
            evaluated_at: now(),
        };
        let rows = KeptRows { store: &self.parts.sent, pepper_id: self.seal.pepper_id() };
        let inputs = Inputs {
            keys: &*self.parts.pepper,
            policies: &policies,
            states: &snapshot,
            approvals: &rows,
            now: context.evaluated_at,
        };
        let in_hand = batch.next_offsets();
        let repairs = self.approvals.repairs(|partition| in_hand.contains_key(&partition));
        let before = records(batch.approved_before(), approved_before);
        let judged =
            gate_engine::judge(inputs, &records(batch.messages(), messages), &before, &repairs)
                .map_err(|error| match error {
                    JudgeError::States(error) => LaneError::from(error),
                    JudgeError::Approvals(error) => LaneError::from(error),
                })?;
        self.note_oddities(&judged, messages);
        let written = self.write_headers(&context, batch, messages, judged.decisions);
        let at = |partition, now| self.approvals.written(partition, now);
        Ok(Verdicts { rows: judged.history.sealed(&self.seal, at), ..written })
    }

    fn note_oddities(&self, judged: &gate_engine::Judged, messages: &[Decoded<'_>]) {
        let metrics = &self.parts.metrics;
        (0..judged.n_full).for_each(|_| metrics.bound_reached(Bound::SentMessages));
        if judged.n_uncounted > 0 {
            tracing::error!(
                n = judged.n_uncounted,
                "approvals that count were judged without their history; blocked"
            );
        }
        for why in messages.iter().filter_map(|message| message.as_ref().err()) {
            metrics.invalid(Topic::OutboundMessage, why.class.as_str());
        }
    }

    /// What goes into the headers of each output.
    fn write_headers(
        &self,
        context: &BatchContext<'_>,
        batch: &Batch<'c>,
        messages: &[Decoded<'_>],
        decisions: Vec<Decision>,
    ) -> Verdicts {
        let mut judged = Vec::with_capacity(messages.len());
        let mut headers = DecisionWriter::new(context, messages.len());
        for ((record, message), decision) in batch.messages().iter().zip(messages).zip(decisions) {
            let source = SourceRef {
                topic: &self.parts.outbound_topic,
                partition: record.partition(),
                record_offset: record.offset(),
            };
            let message = message.as_ref().ok();
            let channel = message.and_then(|message| message.channel);
            let message_id = message.map(|message| &*message.message_id);
            let header = headers.write(&decision, &source, message_id, channel);
            let probe = message.and_then(|message| {
                probe_recipient(message.contact_id.as_ref(), message.address.as_ref())
            });
            let named = self.parts.metrics.named();
            let named = named.map(|named| named.places(message, record.payload()));
            let named = named.unwrap_or_default();
            judged.push(Judged { decision, channel, named, probe, header });
        }
        Verdicts { judged, headers: headers.finish(), rows: Vec::new() }
    }
}

/// Messages as the engine takes them.
fn records<'m>(messages: &[Message<'_>], decoded: &'m [Decoded<'m>]) -> Vec<Record<'m>> {
    let partitions = messages.iter().map(Message::partition);
    partitions.zip(decoded).map(|(partition, message)| Record { partition, message }).collect()
}
