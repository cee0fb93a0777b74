//! The consent store: what the gate knows about each subject, in an embedded RocksDB.
//!
//! There is no write-ahead log of our own, because the consent topic in Kafka is one. The next offsets
//! are written in the same batch as the states they cover and all column families are flushed
//! atomically, so after a crash the store stands at some earlier moment of the topic and the rest is
//! read again. Joining is idempotent, so reading again changes nothing (promise P4).
//!
//! INVARIANT: the store is a cache of the topic. Whatever does not match (another cluster, topic, pepper
//! or format) or is damaged is moved aside and rebuilt, never repaired and never trusted.
//!
//! Reading order: `open.rs` (what is reused), `writer.rs` (the fold), `snapshot.rs` (what a lane reads),
//! `layout.rs` (column families and the memory cap), `checkpoint/` (copies to begin from).
//!
//! Deliberately absent: Kafka, hashing of identities, encryption (keys are keyed hashes already, values
//! name no person), merge operators, repair, and any way to go on after a failed write.

mod checkpoint;
mod error;
mod header;
mod layout;
mod marker;
mod open;
mod overlay;
mod quarantine;
mod rebuild;
mod reuse;
mod row;
mod snapshot;
mod timeline;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use checkpoint::{
    CheckpointError, Checkpoints, FileEntry, FillFrom, Found, Made, Maker, Manifest, Pace,
    Rejection, Seal,
};
pub use error::StoreError;
pub use header::PARTITIONS_MAX;
pub use layout::MEMORY_BYTES_MIN;
pub use marker::mark_for_rebuild;
pub use open::Opened;
pub use rebuild::RebuildReason;
pub use snapshot::{DiskSpace, PinnedState, Snapshot, Store, StoreStats};
pub use timeline::{Source, TimelineCursor, TimelineEntry};
pub use writer::Writer;

/// Which log this store is a fold of. A store with another identity is not reused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Kafka's cluster id.
    pub cluster_id: String,
    /// Name of the consent topic.
    pub topic: String,
    /// Kafka's id of that topic, which a deleted and recreated topic does not share. May be empty when
    /// unknown: an unknown id is not compared.
    pub topic_id: String,
    /// Number of its partitions.
    pub partitions: u32,
    /// Which pepper the subject keys were made with: a fingerprint, not the pepper.
    pub pepper_id: [u8; 8],
    /// Which mapping its records were read by: a digest of its files, zeros without one.
    pub mapping_id: [u8; 8],
}
