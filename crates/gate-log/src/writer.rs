//! From the decisions of a batch to the records of the log.

use crate::batch::{
    ADDRESS_BYTES, BatchError, CONTACT_BYTES, Context, DecisionBatch, EVIDENCE_BYTES, Instant,
};
use crate::context::BatchContext;
use crate::shape::Shape;
use gate_core::{Channel, Decision, OutboundMessage, Reason, SubjectKey};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Decisions of one record; a batch with more of one partition has several.
pub const RECORD_DECISIONS_MAX: usize = 8_192;
/// Bytes of one record before it is compressed, at most by one decision more: Kafka takes a megabyte unless told otherwise.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a decision beside its message id.
const DECISION_BYTES: usize = CONTACT_BYTES + ADDRESS_BYTES + EVIDENCE_BYTES + 24;

/// A decision that was made.
#[derive(Clone, Copy)]
pub struct Decided<'a> {
    /// Partition of its message.
    pub partition: i32,
    /// Offset of its message.
    pub offset: i64,
    /// The message; `None` when it could not be read.
    pub message: Option<&'a OutboundMessage<'a>>,
    /// What was decided.
    pub decision: &'a Decision,
    /// The contact.
    pub contact: Option<SubjectKey>,
    /// The address.
    pub address: Option<SubjectKey>,
    /// Whether it is the synthetic probe's, behind which nobody is.
    pub is_probe: bool,
}

/// A decision that is out, and whose record is in the lost part of a transaction that was committed in part.
#[derive(Clone, Copy, Default)]
pub struct Reconstructed<'a> {
    /// Partition of its message.
    pub partition: i32,
    /// Offset of its message.
    pub offset: i64,
    /// What its output says; `None` when that is no reason of this version.
    pub reason: Option<Reason>,
    /// The message, where it is still in hand.
    pub message: Option<&'a OutboundMessage<'a>>,
    /// The contact.
    pub contact: Option<SubjectKey>,
    /// The address.
    pub address: Option<SubjectKey>,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Partition of the messages, and of the record.
    pub partition: i32,
    /// The smallest of the messages' offsets.
    pub first_offset: i64,
    /// The largest.
    pub last_offset: i64,
    /// The record.
    pub value: Vec<u8>,
    /// Number of decisions.
    pub n_decisions: usize,
}

/// Collects the decisions of a batch.
pub struct LogWriter<'a> {
    context: BatchContext<'a>,
    open: BTreeMap<i32, Open<'a>>,
    done: Vec<LogRecord>,
}

/// A record that is being filled.
struct Open<'a> {
    batch: DecisionBatch<'a>,
    shapes: FxHashMap<(Option<Channel>, Decision), i32>,
    contexts: FxHashMap<Context<'a>, i32>,
    last_offset: i64,
    bytes: usize,
    range: (i64, i64),
}

impl<'a> LogWriter<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(context: BatchContext<'a>) -> Self {
        Self { context, open: BTreeMap::new(), done: Vec::new() }
    }

    /// Adds a decision behind those of its partition.
    ///
    /// # Errors
    /// As [`LogWriter::finish`].
    pub fn add(&mut self, decided: &Decided<'a>) -> Result<(), BatchError> {
        let policies = self.context.policies;
        let open = self.open(decided.partition, decided.offset)?;
        let channel = decided.message.and_then(|message| message.channel);
        let decision = decided.decision;
        let shape = match open.shapes.get(&(channel, decision.shape())) {
            Some(place) => *place,
            None => {
                let place = open.put(Shape::of(decision, channel, policies));
                open.shapes.insert((channel, decision.shape()), place);
                place
            }
        };
        let context = open.context(decided.message, decided.is_probe);
        let message_id = decided.message.map(|message| Cow::Borrowed(&*message.message_id));
        let nth = open.column(decided.offset, message_id, shape, context);
        let batch = &mut open.batch;
        put_key(&mut batch.contacts, decided.contact.map(|key| key.0), CONTACT_BYTES);
        put_key(&mut batch.addresses, decided.address.map(|key| key.0), ADDRESS_BYTES);
        put_key(&mut batch.evidence, decision.basis().map(|(_, event)| event.0), EVIDENCE_BYTES);
        let instants = [
            (&mut batch.not_before, decision.not_before()),
            (&mut batch.registry_checked_at, decision.registry_checked()),
        ];
        for (column, at) in instants {
            column.extend(at.map(|at| Instant { nth, at: at.as_micros() }));
        }
        Ok(())
    }

    /// Adds what the outputs say of a decision whose record was lost.
    ///
    /// # Errors
    /// As [`LogWriter::finish`].
    pub fn add_reconstructed(&mut self, lost: &Reconstructed<'a>) -> Result<(), BatchError> {
        let open = self.open(lost.partition, lost.offset)?;
        let channel = lost.message.and_then(|message| message.channel);
        let shape = open.put(Shape {
            channel: channel.map(Channel::as_str).map(Cow::Borrowed),
            outcome: Cow::Borrowed(lost.reason.map_or("unknown", |it| it.outcome().as_str())),
            reason: Cow::Borrowed(lost.reason.map_or("unknown", Reason::code)),
            is_reconstructed: true,
            ..Shape::default()
        });
        let context = open.context(lost.message, false);
        let message_id = lost.message.map(|message| Cow::Borrowed(&*message.message_id));
        open.column(lost.offset, message_id, shape, context);
        let batch = &mut open.batch;
        put_key(&mut batch.contacts, lost.contact.map(|key| key.0), CONTACT_BYTES);
        put_key(&mut batch.addresses, lost.address.map(|key| key.0), ADDRESS_BYTES);
        put_key::<EVIDENCE_BYTES>(&mut batch.evidence, None, EVIDENCE_BYTES);
        Ok(())
    }

    /// The records, those of a partition in their order.
    ///
    /// # Errors
    /// Only when this program's own schema is wrong.
    pub fn finish(mut self) -> Result<Vec<LogRecord>, BatchError> {
        for (partition, open) in std::mem::take(&mut self.open) {
            self.done.push(open.close(partition)?);
        }
        Ok(self.done)
    }

    /// The record of a partition that the next decision goes into.
    fn open(&mut self, partition: i32, offset: i64) -> Result<&mut Open<'a>, BatchError> {
        let is_full = |open: &Open<'_>| {
            open.batch.len() >= RECORD_DECISIONS_MAX
                || open.bytes >= RECORD_BYTES_MAX
                || i32::try_from(offset.saturating_sub(open.last_offset)).is_err()
        };
        if self.open.get(&partition).is_some_and(is_full)
            && let Some(full) = self.open.remove(&partition)
        {
            self.done.push(full.close(partition)?);
        }
        let context = &self.context;
        Ok(self.open.entry(partition).or_insert_with(|| Open::new(context, partition, offset)))
    }
}

impl<'a> Open<'a> {
    fn new(context: &BatchContext<'a>, partition: i32, offset: i64) -> Self {
        let batch = DecisionBatch {
            source_topic: Cow::Borrowed(context.source_topic),
            source_partition: partition,
            first_offset: offset,
            evaluated_at: context.evaluated_at.as_micros(),
            policy_revision: Cow::Borrowed(context.policies.revision()),
            tz_version: Cow::Borrowed(context.policies.tz_version()),
            consent_topic: Cow::Borrowed(context.consent_topic),
            consent_position: Cow::Borrowed(context.consent_positions),
            gate_version: Cow::Borrowed(context.gate_version),
            instance: Cow::Borrowed(context.instance),
            ..DecisionBatch::default()
        };
        Self {
            batch,
            shapes: FxHashMap::default(),
            contexts: FxHashMap::default(),
            last_offset: offset,
            bytes: 0,
            range: (offset, offset),
        }
    }

    /// Adds a shape; its words are part of the record's bytes.
    fn put(&mut self, shape: Shape<'a>) -> i32 {
        let texts =
            [&shape.reasons, &shape.jurisdictions, &shape.packs, &shape.rules, &shape.zones];
        self.bytes += 128 + texts.into_iter().flatten().map(|text| text.len() + 2).sum::<usize>();
        self.batch.shapes.push(shape);
        place_of_last(&self.batch.shapes)
    }

    fn context(&mut self, message: Option<&'a OutboundMessage<'a>>, probe: bool) -> i32 {
        let context = match message {
            None => Context { probe, ..Context::default() },
            Some(message) => Context {
                purpose: message.purpose.as_deref().map(Cow::Borrowed),
                brand: message.brand.as_deref().map(Cow::Borrowed),
                controller: message.controller.as_deref().map(Cow::Borrowed),
                campaign: message.campaign.as_deref().map(Cow::Borrowed),
                probe,
            },
        };
        if let Some(place) = self.contexts.get(&context) {
            return *place;
        }
        let Context { purpose, brand, controller, campaign, .. } = &context;
        let texts = [purpose, brand, controller, campaign].into_iter().flatten();
        self.bytes += 8 + texts.map(|text| text.len()).sum::<usize>();
        self.batch.contexts.push(context.clone());
        let place = place_of_last(&self.batch.contexts);
        self.contexts.insert(context, place);
        place
    }

    /// Adds to the columns that every decision has. Returns its place in them.
    fn column(
        &mut self,
        offset: i64,
        message_id: Option<Cow<'a, str>>,
        shape: i32,
        context: i32,
    ) -> i32 {
        self.bytes += DECISION_BYTES + message_id.as_ref().map_or(0, |id| id.len());
        // a distance that is none has begun another record
        let distance = offset.saturating_sub(self.last_offset);
        self.batch.offsets.push(i32::try_from(distance).unwrap_or_default());
        self.last_offset = offset;
        self.range = (self.range.0.min(offset), self.range.1.max(offset));
        self.batch.message_ids.push(message_id);
        self.batch.shape.push(shape);
        self.batch.context.push(context);
        place_of_last(&self.batch.offsets)
    }

    fn close(self, partition: i32) -> Result<LogRecord, BatchError> {
        let (first_offset, last_offset) = self.range;
        let n_decisions = self.batch.len();
        let value = self.batch.encode()?;
        Ok(LogRecord { partition, first_offset, last_offset, value, n_decisions })
    }
}

/// Records are bounded far below.
fn place_of_last<T>(list: &[T]) -> i32 {
    i32::try_from(list.len().saturating_sub(1)).unwrap_or(i32::MAX)
}

/// The beginning of a key, or zeros. A key that begins with nothing but zeros is one in 2³² and reads as none.
fn put_key<const N: usize>(column: &mut Vec<u8>, key: Option<[u8; N]>, len: usize) {
    match key.as_ref().and_then(|key| key.get(..len)) {
        Some(key) => column.extend_from_slice(key),
        None => column.resize(column.len() + len, 0),
    }
}
