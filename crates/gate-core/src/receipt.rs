//! When a record was received, by all that its log says of it.
//!
//! On a topic with `message.timestamp.type=LogAppendTime` the broker dates each record as it comes: the truth.
//! With `CreateTime` the producer does, and a device without a clock battery, a tool that keeps timestamps or
//! one that counts in seconds dates it back. A refusal must not be dated back with it, so beside a record's own
//! time stands how far the log had come: the greatest record time of its partition up to and including it. It is
//! the same for everybody who reads the log, and never before a record that stands before this one.
//!
//! One record dated far ahead moves the log's time for good, and a fold has no clock to tell. So a refusal takes
//! from it no more than it claims itself ([`Receipt::of_claim`]): such a record can move a refusal from the time of
//! its record to the instant that the refusal names, and no further. What cannot be read claims nothing: it has
//! the log's time alone, and stands until something dated later than all before it is received.

use crate::{CLOCK_SKEW_MAX, Timestamp};

/// When a record was received. What is not known is the epoch or before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The record's own time.
    pub at: Timestamp,
    /// The greatest record time of its partition up to and including it.
    pub log: Timestamp,
    /// The broker dated the record, not its producer.
    pub is_broker: bool,
}

impl Receipt {
    /// Of a record that the broker dated.
    #[must_use]
    pub const fn by_broker(at: Timestamp) -> Self {
        Self { at, log: at, is_broker: true }
    }

    /// Of a record that its producer dated, in a log that had come as far as `log`.
    #[must_use]
    pub fn by_producer(at: Timestamp, log: Timestamp) -> Self {
        Self { at, log: log.max(at), is_broker: false }
    }

    /// The best that is known about when a refusal was received that claims to be of `claim`: the broker's
    /// word, else the later of the record's time and the log's, of which nothing beyond the claim is believed.
    pub(crate) fn of_claim(&self, claim: Timestamp) -> Timestamp {
        if self.is_broker { self.at } else { self.at.max(self.log.min(claim)) }
    }

    /// Whether anything dated the record or one before it.
    pub(crate) fn is_known(at: Timestamp) -> bool {
        at > Timestamp::default()
    }

    /// Whether an event of `at` claims to be from after its receipt, by more than clocks may differ.
    pub(crate) fn is_before(received: Timestamp, at: Timestamp) -> bool {
        at > received.saturating_add(CLOCK_SKEW_MAX)
    }
}
