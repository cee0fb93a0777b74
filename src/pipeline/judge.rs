//! Decides a batch on one snapshot of the consent state.

use super::LaneError;
use super::batch::{Batch, Incoming, Unlogged};
use super::parts::Settings;
use super::restore::{Approvals, ChangelogReader};
use crate::barrier::Hold;
use crate::clock::now;
use crate::headers::probe_recipient;
use crate::identity::Pepper;
use crate::kafka::source::SourcePartition;
use crate::links::Minted;
use crate::metrics::{Bound, HoldCause, Metrics, NamedPlaces, ProbeRecipient, Topic};
use crate::policies::Policies;
use crate::records::{MessageRecords, Origin};
use crate::store::Store;
use gate_codec::{Class, DecodeError, told_by_headers};
use gate_core::{Decision, OutboundMessage, Outcome};
use gate_engine::{Decoded, Inputs, JudgeError, People, Record, RowKey};
use gate_log::{
    BatchContext, Decided, HeaderWriter, LogRecord, LogWriter, Reconstructed, SourceRef, Written,
};

/// A decision with what goes into its headers.
pub(super) struct Judged {
    pub(super) decision: Decision,
    pub(super) channel: Option<gate_core::Channel>,
    /// Its brand and campaign among those that are counted.
    pub(super) named: NamedPlaces,
    /// It is about a contact of the synthetic probe: marked, and counted apart.
    pub(super) probe: Option<ProbeRecipient>,
    /// Its unsubscribe link, if it carries one.
    pub(super) link: Minted,
    /// Where its header stands in [`Verdicts::headers`]; `None` unless outputs carry whole decisions.
    pub(super) header: Option<Written>,
}

/// A judged batch.
pub(super) struct Verdicts {
    /// One for each message.
    pub(super) judged: Vec<Judged>,
    /// The decision headers, behind each other.
    pub(super) headers: Vec<u8>,
    /// What the decision log is told.
    pub(super) log: Vec<LogRecord>,
    /// What is to be remembered of the approvals.
    pub(super) rows: Vec<(RowKey, Vec<u8>)>,
}

/// What a batch is judged with.
pub(super) struct Judge<'a> {
    /// Of each input topic its own.
    pub(super) messages: &'a [MessageRecords],
    pub(super) pepper: &'a Pepper,
    pub(super) store: &'a Store,
    pub(super) policies: &'a Policies,
    pub(super) metrics: &'a Metrics,
    pub(super) settings: &'a Settings,
}

impl<'a> Judge<'a> {
    /// Reads every message; an unreadable one is an answer.
    ///
    /// # Errors
    /// A hold when the schema registry cannot be asked, which is none.
    pub(super) fn decode<'m, M: Incoming>(
        &self,
        messages: &'m [M],
    ) -> Result<Vec<Decoded<'m>>, Hold>
    where
        'a: 'm,
    {
        messages.iter().map(|message| self.read(message)).collect()
    }

    fn read<'m, M: Incoming>(&self, message: &'m M) -> Result<Decoded<'m>, Hold>
    where
        'a: 'm,
    {
        let Settings { value_bytes_max, topics, .. } = self.settings;
        if message.payload().is_some_and(|value| value.len() > *value_bytes_max) {
            return Ok(Err(Class::TooLarge.into()));
        }
        let origin = Origin { key: message.key(), headers: message };
        let source = message.source();
        let Some(records) = self.messages.get(source.topic) else {
            // there is one for each topic; without, nobody could say what the record is
            return Ok(Err(Class::Malformed.into()));
        };
        match records.read(message.payload(), origin) {
            Ok(message) => Ok(Ok(message)),
            Err(DecodeError::Unreadable(why)) => {
                Ok(Err(told_by_headers(why, |wanted| message.has_header(wanted.to_bytes()))))
            }
            Err(DecodeError::Unavailable { cause }) => {
                let (place, offset) = (topics.told(source), message.offset());
                let detail = format!(
                    "{place} offset {offset}: the schema registry cannot be asked now: {cause}"
                );
                Err(Hold::new(HoldCause::RegistryUnavailable, detail))
            }
        }
    }

    /// Decides every message. The barrier has passed: the snapshot holds every acknowledged change.
    ///
    /// # Errors
    /// When a store cannot be read, or what it holds.
    pub(super) fn judge<M: Incoming, R: ChangelogReader>(
        &self,
        approvals: &Approvals<R>,
        batch: &Batch<M>,
        messages: &[Decoded<'_>],
        approved_before: &[Decoded<'_>],
    ) -> Result<Verdicts, LaneError> {
        let snapshot = self.store.snapshot();
        let consent_positions = snapshot.positions()?;
        let policies = self.policies.current();
        let evaluated_at = now();
        let context = |source_topic| BatchContext {
            policies: &policies,
            source_topic,
            consent_topic: &self.settings.consent_topic,
            consent_positions: &consent_positions,
            evaluated_at,
            gate_version: env!("CARGO_PKG_VERSION"),
            instance: &self.settings.instance_id,
        };
        let inputs = Inputs {
            keys: self.pepper,
            policies: &policies,
            states: &snapshot,
            approvals: &approvals.kept(),
            now: evaluated_at,
        };
        let in_hand = batch.next_offsets();
        let is_in_hand = |partition| in_hand.keys().any(|source| source.partition == partition);
        let repairs = approvals.repairs(is_in_hand);
        let before = records(batch.approved_before(), approved_before);
        let judged =
            gate_engine::judge(inputs, &records(batch.messages(), messages), &before, &repairs)
                .map_err(|error| match error {
                    JudgeError::States(error) => LaneError::from(error),
                    JudgeError::Approvals(error) => LaneError::from(error),
                })?;
        note_oddities(self.metrics, &judged, batch.messages(), messages);
        let topics = || self.settings.topics.names().map(context);
        let mut logs: Vec<LogWriter<'_>> = topics().map(LogWriter::new).collect();
        for (topic, lost) in lost(batch, approved_before, &judged.people_before) {
            if let Some(log) = logs.get_mut(topic) {
                log.add_reconstructed(&lost)?;
            }
        }
        let headers = self.settings.has_full_headers.then(|| {
            // what it says of the topic comes with each source
            topics().next().map(|context| HeaderWriter::new(context, messages.len()))
        });
        let (decided, headers) =
            self.tell(headers.flatten(), batch.messages(), messages, &judged, &mut logs)?;
        let mut log = Vec::new();
        for writer in logs {
            log.extend(writer.finish()?);
        }
        let at = |partition, now| approvals.written(partition, now);
        let rows = judged.history.sealed(approvals.seal(), at);
        Ok(Verdicts { judged: decided, headers, log, rows })
    }

    /// What goes into the headers of each output, and into the decision log.
    fn tell<'m, M: Incoming>(
        &self,
        mut headers: Option<HeaderWriter<'_>>,
        records: &[M],
        messages: &'m [Decoded<'_>],
        judged: &'m gate_engine::Judged,
        logs: &mut [LogWriter<'m>],
    ) -> Result<(Vec<Judged>, Vec<u8>), LaneError> {
        let mut told = Vec::with_capacity(messages.len());
        let decided = judged.decisions.iter().zip(&judged.people);
        for ((record, message), (decision, people)) in records.iter().zip(messages).zip(decided) {
            let SourcePartition { topic: place, partition } = record.source();
            let (topic, offset) = (self.settings.topics.name(place), record.offset());
            let source = SourceRef { topic, partition, record_offset: offset };
            let message = message.as_ref().ok();
            let channel = message.and_then(|message| message.channel);
            let message_id = message.map(|message| &*message.message_id);
            let header = headers
                .as_mut()
                .map(|headers| headers.write(decision, &source, message_id, channel));
            let probe = message.and_then(|message| {
                probe_recipient(message.contact_id.as_ref(), message.address.as_ref())
            });
            if let Some(log) = logs.get_mut(place) {
                log.add(&Decided {
                    partition,
                    offset,
                    message,
                    decision,
                    contact: people.contact,
                    address: people.address,
                    is_probe: probe == Some(ProbeRecipient::Synthetic),
                })?;
            }
            let named = self.metrics.named().map(|named| named.places(message));
            let named = named.unwrap_or_default();
            let link = self.link(message, decision);
            told.push(Judged { decision: *decision, channel, named, probe, link, header });
        }
        Ok((told, headers.map(HeaderWriter::finish).unwrap_or_default()))
    }

    /// The link with which the recipient of an approved e-mail stops what it is.
    fn link(&self, message: Option<&OutboundMessage<'_>>, decision: &Decision) -> Minted {
        let approved = message.filter(|_| decision.outcome() == Outcome::Approved);
        let minted = self.settings.links.as_ref().zip(approved);
        minted.map_or(Minted::NotWanted, |(links, message)| links.link(message))
    }
}

/// What is out already and not in the log, each with its topic's place: as much as is known of it.
fn lost<'m, M: Incoming>(
    batch: &Batch<M>,
    approved_before: &'m [Decoded<'m>],
    people: &[People],
) -> Vec<(usize, Reconstructed<'m>)> {
    let of = |unlogged: &Unlogged| {
        let Unlogged { partition, offset, reason } = *unlogged;
        let is_it = |record: &M| (record.source(), record.offset()) == (partition, offset);
        let nth = batch.approved_before().iter().position(is_it);
        let message = nth.and_then(|nth| approved_before.get(nth)?.as_ref().ok());
        let People { contact, address } =
            nth.and_then(|nth| people.get(nth).copied()).unwrap_or_default();
        let SourcePartition { topic, partition } = partition;
        (topic, Reconstructed { partition, offset, reason, message, contact, address })
    };
    batch.unlogged().iter().map(of).collect()
}

fn note_oddities<M: Incoming>(
    metrics: &Metrics,
    judged: &gate_engine::Judged,
    records: &[M],
    messages: &[Decoded<'_>],
) {
    (0..judged.n_full).for_each(|_| metrics.bound_reached(Bound::SentMessages));
    if judged.n_uncounted > 0 {
        tracing::error!(
            n = judged.n_uncounted,
            "approvals that count were judged without their history; blocked"
        );
    }
    for (record, message) in records.iter().zip(messages) {
        if let Err(why) = message {
            metrics.invalid(Topic::Outbound(record.source().topic), why.class.as_str());
        }
    }
}

/// Messages as the engine takes them.
fn records<'m, M: Incoming>(messages: &[M], decoded: &'m [Decoded<'m>]) -> Vec<Record<'m>> {
    let partitions = messages.iter().map(|message| message.source().partition);
    partitions.zip(decoded).map(|(partition, message)| Record { partition, message }).collect()
}
