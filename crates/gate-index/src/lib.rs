//! The desk's index: where in the decision log and among the consent changes something stands.
//!
//! ```text
//! decision log ──▶ Applied::Decisions ─┐           ┌─ rows by time ── list, at
//! consent-change ▶ Applied::Change ────┤─ Writer ──┼─ people, messages ── of_person, of_message, changes_of
//! offsets, gaps ─▶ Applied::Position ──┘  (1 batch) └─ counts per half hour ── counts
//! ```
//! INVARIANT: rows, counts and positions of a record are written in one batch, so that after a crash the index stands at some
//! earlier moment of both topics and the rest is read again. A record that was applied is not applied again.
//!
//! INVARIANT: the index can be thrown away. Whatever is another's, of another format or damaged is deleted and built again, and
//! only directories that carry this crate's marker are ever deleted.
//!
//! It holds in clear what messages say of themselves (id, purpose, brand, controller, campaign, jurisdictions) and what was
//! decided. People are beginnings of keyed hashes: no address, no contact id.
//!
//! Reading order: `writer.rs` (what becomes of a record), `layout.rs` (what is kept where), `list.rs`, `person.rs`, `counts.rs`.
//!
//! Deliberately absent: Kafka, clocks, the hashing of identities, content of messages, what a consent change says.

#![forbid(unsafe_code)]

mod bucket;
mod change;
mod counts;
mod cursor;
mod dictionary;
mod error;
mod expiry;
mod figures;
mod filter;
mod half_hour;
mod identity;
mod index;
mod key;
mod layout;
mod list;
mod marker;
mod notes;
mod open;
mod options;
mod page;
mod person;
mod reuse;
mod row;
mod state;
mod wire;
mod word;
mod writer;

#[cfg(test)]
mod tests;

use rocksdb::{Cache, DB, WriteBufferManager};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

pub use change::ChangePlace;
pub use counts::{Bucket, Count, Counts, Dimension, Label, ROWS_MAX, SERIES_SCANNED_MAX, Window};
pub use cursor::{CURSOR_HALF_HOURS_MAX, SEAL_BYTES, Seal};
pub use error::{IndexError, Rebuilt};
pub use figures::Figures;
pub use filter::Filter;
pub use half_hour::HALF_HOUR_MICROS;
pub use identity::{Identity, MEMORY_BYTES_MIN, Settings, Topic};
pub use index::{Index, Opened};
pub use key::{Log, PREFIX_BYTES, Place, Prefix, Source};
pub use list::SCANNED_MAX;
pub use notes::{CLASSES_MAX, GAPS_MAX, Gap, UNREADABLE_MAX, UnreadableRecord};
pub use page::{LIMIT_MAX, Page};
pub use person::Person;
pub use row::DecisionRow;
pub use word::{Context, Shape, Verdict, WORD_BYTES_MAX};
pub use writer::{Applied, Writer};

/// The open database.
pub(crate) struct Inner {
    pub(crate) db: DB, // first, so that it is closed before the lock is released
    pub(crate) dir: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) words: dictionary::Words,
    pub(crate) floors: Arc<layout::Floors>,
    pub(crate) memtables: WriteBufferManager,
    pub(crate) cache: Cache,
    /// Seals cursors.
    pub(crate) seal: Box<Seal>,
    /// Drawn when the index was begun: numbers of topics are of this one alone.
    pub(crate) birth: [u8; state::BIRTH_BYTES],
    pub(crate) _lock: File,
}
