//! The messages a lane has in hand, and the offsets that are to be committed for them.

use crate::kafka::native::Message;
use crate::kafka::source::SourcePartition;
use crate::records::Headers;
use gate_core::Reason;
use std::collections::{BTreeMap, HashMap};

/// A message of the input topic, as far as a lane looks at it before it is decided.
pub(super) trait Incoming: Headers {
    /// Topic and partition.
    fn source(&self) -> SourcePartition;
    /// Offset.
    fn offset(&self) -> i64;
    /// Key; `None` is null, not empty.
    fn key(&self) -> Option<&[u8]>;
    /// Value; `None` is null, not empty.
    fn payload(&self) -> Option<&[u8]>;
    /// Whether it has a header of exactly this name.
    fn has_header(&self, name: &[u8]) -> bool;
}

impl Incoming for Message<'_> {
    fn source(&self) -> SourcePartition {
        self.source()
    }

    fn offset(&self) -> i64 {
        self.offset()
    }

    fn key(&self) -> Option<&[u8]> {
        self.key()
    }

    fn payload(&self) -> Option<&[u8]> {
        self.payload()
    }

    fn has_header(&self, name: &[u8]) -> bool {
        self.headers().any(|(known, _)| known == name)
    }
}

/// A batch of messages of the input topic.
///
/// INVARIANT: `next_offsets` names, per partition in hand, the offset behind its last message, also for
/// messages that turned out to be decided already; it is what the transaction commits.
pub(super) struct Batch<M> {
    messages: Vec<M>,
    next_offsets: BTreeMap<SourcePartition, i64>,
    /// Approved in a transaction that was committed only by half: out already, and perhaps not remembered.
    approved_before: Vec<M>,
    /// Partition and offset of what is out already and is no approval.
    others_before: Vec<(SourcePartition, i64)>,
    /// Those of both whose entry in the decision log was lost.
    unlogged: Vec<Unlogged>,
    value_bytes: usize,
    is_attempted: bool,
}

/// Sources whose output is there.
pub(super) type Emitted = HashMap<(SourcePartition, i64), Out>;

/// What is known of a decision that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Out {
    pub(super) is_approval: bool,
    /// Whether the decision log has it too.
    pub(super) is_logged: bool,
    /// What its output says; `None` when that is no reason of this version.
    pub(super) reason: Option<Reason>,
}

/// A decision that is out, and is not in the decision log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unlogged {
    pub(super) partition: SourcePartition,
    pub(super) offset: i64,
    /// What its output says.
    pub(super) reason: Option<Reason>,
}

impl<M> Default for Batch<M> {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            next_offsets: BTreeMap::new(),
            approved_before: Vec::new(),
            others_before: Vec::new(),
            unlogged: Vec::new(),
            value_bytes: 0,
            is_attempted: false,
        }
    }
}

impl<M: Incoming> Batch<M> {
    /// Adds a message behind those of its partition.
    pub(super) fn push(&mut self, message: M) {
        self.next_offsets.insert(message.source(), message.offset() + 1);
        let bytes = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        self.value_bytes += bytes(message.payload()) + bytes(message.key());
        self.messages.push(message);
    }

    /// Puts messages of one topic behind those of another, each partition in its order: the order in which the decision log
    /// has them, so that whoever decides again counts as it was counted.
    pub(super) fn order_by_topic(&mut self) {
        if !self.messages.is_sorted_by_key(|message| message.source().topic) {
            self.messages.sort_by_key(|message| message.source().topic);
        }
    }

    /// The messages, in the order of each partition.
    pub(super) fn messages(&self) -> &[M] {
        &self.messages
    }

    /// Number of messages.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether nothing is left to commit.
    pub(super) fn is_done(&self) -> bool {
        self.next_offsets.is_empty()
    }

    /// Bytes of keys and values in hand.
    pub(super) fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// Notes that a transaction was begun for it: from now on an output of it may exist.
    pub(super) fn attempted(&mut self) {
        self.is_attempted = true;
    }

    /// Whether a transaction was ever begun for it.
    pub(super) fn is_attempted(&self) -> bool {
        self.is_attempted
    }

    /// Partition and offset of each message, those that are out already included.
    pub(super) fn in_hand(&self) -> impl Iterator<Item = (SourcePartition, i64)> {
        let messages = self.messages.iter().chain(&self.approved_before);
        messages.map(|m| (m.source(), m.offset())).chain(self.others_before.iter().copied())
    }

    /// Number of partitions in hand.
    pub(super) fn n_partitions(&self) -> usize {
        self.next_offsets.len()
    }

    /// What to commit.
    pub(super) fn next_offsets(&self) -> &BTreeMap<SourcePartition, i64> {
        &self.next_offsets
    }

    /// Committed: lets go of everything.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.approved_before.clear();
        self.others_before.clear();
        self.unlogged.clear();
        self.next_offsets.clear();
        self.value_bytes = 0;
        self.is_attempted = false;
    }

    /// Lets go of a partition that was taken away; its messages are somebody else's now.
    pub(super) fn drop_partition(&mut self, partition: SourcePartition) {
        self.next_offsets.remove(&partition);
        self.messages.retain(|message| message.source() != partition);
        self.approved_before.retain(|message| message.source() != partition);
        self.others_before.retain(|(of, _)| *of != partition);
        self.unlogged.retain(|it| it.partition != partition);
    }

    /// Keeps what has no output. Returns whether outputs and offsets contradict each other: a transaction was
    /// committed in part. What the group takes for decided and has no output is still due.
    pub(super) fn keep_undecided(
        &mut self,
        committed: &BTreeMap<SourcePartition, i64>,
        emitted: &Emitted,
    ) -> bool {
        let committed_of =
            |partition: SourcePartition| committed.get(&partition).copied().unwrap_or(i64::MIN);
        let next_offsets = self.next_offsets.clone();
        for (partition, next) in &next_offsets {
            // beyond the batch somebody else has gone on
            if committed_of(*partition) > *next {
                self.drop_partition(*partition);
            }
        }
        let is_torn = self.messages.iter().any(|message| {
            let out = emitted.get(&(message.source(), message.offset()));
            out.is_some() != (committed_of(message.source()) > message.offset())
                || out.is_some_and(|out| !out.is_logged)
        });
        self.drop_emitted(emitted);
        for (partition, next) in &next_offsets {
            let is_due = self.messages.iter().any(|message| message.source() == *partition)
                || self.unlogged.iter().any(|it| it.partition == *partition);
            if committed_of(*partition) >= *next && !is_due {
                self.drop_partition(*partition);
            }
        }
        is_torn
    }

    /// Drops messages whose decision is already in an output; their offsets stay due. What counts of the approved must
    /// be remembered with the offsets, and what the decision log lacks is written there.
    pub(super) fn drop_emitted(&mut self, emitted: &Emitted) {
        for message in std::mem::take(&mut self.messages) {
            let (partition, offset) = (message.source(), message.offset());
            let Some(Out { is_approval, is_logged, reason }) = emitted.get(&(partition, offset))
            else {
                self.messages.push(message);
                continue;
            };
            if !is_logged {
                self.unlogged.push(Unlogged { partition, offset, reason: *reason });
            }
            if *is_approval {
                self.approved_before.push(message);
            } else {
                self.others_before.push((partition, offset));
            }
        }
    }

    /// What is out already and the decision log lacks.
    pub(super) fn unlogged(&self) -> &[Unlogged] {
        &self.unlogged
    }

    /// What is out already and perhaps not remembered.
    pub(super) fn approved_before(&self) -> &[M] {
        &self.approved_before
    }
}
