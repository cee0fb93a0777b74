//! The messages a lane has in hand, and the offsets that are to be committed for them.

use crate::kafka::native::Message;
use std::collections::{BTreeMap, HashMap};

/// A batch of messages of the input topic.
///
/// INVARIANT: `next_offsets` names, per partition in hand, the offset behind its last message, also for
/// messages that turned out to be decided already; it is what the transaction commits.
#[derive(Default)]
pub struct Batch<'c> {
    messages: Vec<Message<'c>>,
    next_offsets: BTreeMap<i32, i64>,
    /// Approved in a transaction that was committed only by half: out already, and perhaps not remembered.
    approved_before: Vec<Message<'c>>,
    value_bytes: usize,
    attempted_at_ms: Option<i64>,
}

impl<'c> Batch<'c> {
    /// Adds a message behind those of its partition.
    pub fn push(&mut self, message: Message<'c>) {
        self.next_offsets.insert(message.partition(), message.offset() + 1);
        let bytes = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        self.value_bytes += bytes(message.payload()) + bytes(message.key());
        self.messages.push(message);
    }

    /// The messages, in the order of each partition.
    #[must_use]
    pub fn messages(&self) -> &[Message<'c>] {
        &self.messages
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it holds no message; offsets may still be due.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether nothing is left to commit.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next_offsets.is_empty()
    }

    /// Bytes of keys and values in hand.
    #[must_use]
    pub fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// Notes the first attempt to commit it, in Unix milliseconds: no output of it can be older.
    pub fn attempted(&mut self, now_ms: i64) {
        self.attempted_at_ms.get_or_insert(now_ms);
    }

    /// When it was first tried.
    #[must_use]
    pub fn attempted_at_ms(&self) -> Option<i64> {
        self.attempted_at_ms
    }

    /// Number of partitions in hand.
    #[must_use]
    pub fn n_partitions(&self) -> usize {
        self.next_offsets.len()
    }

    /// What to commit.
    #[must_use]
    pub fn next_offsets(&self) -> &BTreeMap<i32, i64> {
        &self.next_offsets
    }

    /// Committed: lets go of everything.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.approved_before.clear();
        self.next_offsets.clear();
        self.value_bytes = 0;
        self.attempted_at_ms = None;
    }

    /// Lets go of a partition that was taken away; its messages are somebody else's now.
    pub fn drop_partition(&mut self, partition: i32) {
        self.next_offsets.remove(&partition);
        self.messages.retain(|message| message.partition() != partition);
        self.approved_before.retain(|message| message.partition() != partition);
    }

    /// Drops what a former transaction has committed after all.
    pub fn drop_committed(&mut self, committed: &BTreeMap<i32, i64>) {
        let is_due = |message: &Message<'c>| {
            committed.get(&message.partition()).is_none_or(|next| message.offset() >= *next)
        };
        self.messages.retain(is_due);
        self.approved_before.retain(is_due);
        self.next_offsets
            .retain(|partition, next| committed.get(partition).is_none_or(|known| known < next));
    }

    /// Drops messages whose decision is already in an output; their offsets stay due. The value says whether
    /// they were approved: what counts of those must be remembered with the offsets.
    pub fn drop_emitted(&mut self, emitted: &HashMap<(i32, i64), bool>) {
        for message in std::mem::take(&mut self.messages) {
            match emitted.get(&(message.partition(), message.offset())) {
                None => self.messages.push(message),
                Some(true) => self.approved_before.push(message),
                Some(false) => {}
            }
        }
    }

    /// What is out already and perhaps not remembered.
    #[must_use]
    pub fn approved_before(&self) -> &[Message<'c>] {
        &self.approved_before
    }
}
