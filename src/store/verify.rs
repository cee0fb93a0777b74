//! What is checked when a store is opened.
//!
//! Every block of a table file carries a checksum that each read verifies, so damage is found at the
//! latest when it matters. Opening looks for it early, at bounded cost: the footer and properties of
//! every table file, all of `meta`, and up to [`VERIFY_BYTES_MAX`] of states, decoded. A small store is
//! covered whole; of a larger one each start checks another part, beginning at a random subject.
//!
//! Deliberately absent: a full pass over a large store, which would delay takeover by minutes. RocksDB's
//! own `VerifyChecksum` is not exposed by the binding.

use super::layout::SUBJECT_BYTES;
use super::layout::{COLUMN_FAMILIES, META, STATE, scan_options};
use super::row::Row;
use gate_core::ConsentState;
use rocksdb::{ColumnFamily, DB, properties};
use std::hash::{BuildHasher, RandomState};

/// Bytes of keys and states read at open (about a third of a second).
pub(super) const VERIFY_BYTES_MAX: usize = 64 << 20;

/// What is wrong with a store.
pub(super) enum Finding {
    /// Stored data is not what was written.
    Damaged(&'static str),
    /// RocksDB says so.
    Error(rocksdb::Error),
}

/// Looks for damage in an opened store.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn verify(db: &DB) -> Result<(), Finding> {
    for name in COLUMN_FAMILIES {
        table_properties(db, name)?;
    }
    let mut budget = VERIFY_BYTES_MAX;
    scan(db, META, &[], &mut budget, |_| true)?;
    let random = RandomState::new();
    let start = [random.hash_one(0), random.hash_one(1)].map(u64::to_be_bytes);
    let start = start.as_flattened();
    let mut budget = VERIFY_BYTES_MAX;
    scan(db, STATE, start, &mut budget, |_| true)?;
    // round the end: the part before the start, unless the budget is used up
    scan(db, STATE, &[], &mut budget, |key| key < start)
}

/// Reads the footer, the properties and their checksums of every live table file.
fn table_properties(db: &DB, name: &str) -> Result<(), Finding> {
    let family = family(db, name)?;
    match db.property_value_cf(family, properties::AGGREGATED_TABLE_PROPERTIES) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Finding::Damaged("a table file cannot be opened")),
        Err(error) => Err(Finding::Error(error)),
    }
}

/// Reads from a key on while `goes_on` and the budget last, decoding states.
fn scan(
    db: &DB,
    name: &str,
    from: &[u8],
    budget: &mut usize,
    goes_on: impl Fn(&[u8]) -> bool,
) -> Result<(), Finding> {
    let family = family(db, name)?;
    let mut entries = db.raw_iterator_cf_opt(family, scan_options());
    entries.seek(from);
    while let Some((key, value)) = entries.item() {
        if *budget == 0 || !goes_on(key) {
            return Ok(());
        }
        if name == STATE && (key.len() != SUBJECT_BYTES || !is_row(value)) {
            return Err(Finding::Damaged("a stored consent state cannot be read"));
        }
        *budget = budget.saturating_sub(key.len().saturating_add(value.len()));
        entries.next();
    }
    entries.status().map_err(Finding::Error)
}

fn is_row(value: &[u8]) -> bool {
    Row::read(value).is_some_and(|row| ConsentState::decode(row.state).is_ok())
}

fn family<'a>(db: &'a DB, name: &str) -> Result<&'a ColumnFamily, Finding> {
    db.cf_handle(name).ok_or(Finding::Damaged("a column family is missing"))
}
