//! What the gate has approved, per recipient: what frequency caps and "once" rules count.
//!
//! The truth is a compacted changelog in Kafka (`topics.sent_log`), written in the same transaction as the
//! decisions it comes from, into the partition with the number of the message's partition. [`SentStore`] is a
//! cache of it on local disk. A lane writes rows only after their transaction was committed, and reads the
//! changelog to its end before it decides anything in a partition it has just been given.
//!
//! Whoever may write to the changelog could take approvals away, and with them what a cap has counted. So rows
//! carry a tag, rows are joined and never replaced, and what no gate has written counts against its recipient
//! (`changelog.rs`). The gate never writes a null value: one that is found is a stranger's.
//!
//! INVARIANT: rows hold keyed hashes, times and codes; nothing in them names a person.
//!
//! Reading order: `row.rs` of `gate-engine` (what is remembered, and for how long), `changelog.rs` (what a record says, and whether
//! it is ours), `store.rs` (where rows are), `tail.rs` (whose pepper the changelog was written with).
//!
//! Deliberately absent: Kafka (`pipeline/restore/` reads the changelog), the counting (gate-core), a
//! write-ahead log of our own.

mod changelog;
mod error;
mod open;
mod seal;
mod store;
mod tail;

#[cfg(test)]
mod tests;

pub use changelog::{LogRecord, Reading, Restored, Trail};
pub use error::SentError;
pub use gate_engine::{Horizon, Row, RowError, RowKey};
pub use open::{Opened, SentIdentity};
pub use seal::RowSeal;
pub use store::{Checkpoint, KeptRows, SentStore};
pub use tail::{ANNOUNCEMENT, Named, Tail, announcement};
