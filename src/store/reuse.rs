//! Whether a database on disk is one that the gate goes on with: the checks behind [`Store::open`](super::Store::open).

use super::layout::{self, DB_DIR, Layout, META};
use super::verify::{self, Finding};
use super::{Identity, RebuildReason, StoreError, header};
use crate::files;
use gate_core::Timestamp;
use rocksdb::{DB, WriteBatch};
use std::path::Path;

/// A database that passed every check.
pub(super) struct Reused {
    pub(super) db: DB,
    /// The next offsets stored in it.
    pub(super) positions: Vec<i64>,
}

/// The stored database, or why it is not reused.
pub(super) fn reuse(
    dir: &Path,
    wanted: &Identity,
    layout: &Layout,
) -> Result<Result<Reused, RebuildReason>, StoreError> {
    let damage = |error: &rocksdb::Error| match StoreError::of_rocksdb(dir, error) {
        StoreError::Corrupt { what, .. } => {
            tracing::warn!(what, "the consent store is damaged");
            Ok(Err(RebuildReason::Damaged))
        }
        other => Err(other),
    };
    files::private_dir(&dir.join(DB_DIR))
        .map_err(|error| StoreError::io(dir, "look at the store", &error))?;
    let db = match open_database(dir, layout, false) {
        Ok(db) => db,
        Err(error) => return damage(&error),
    };
    let Meta { header, positions, times } = match read_meta(&db, wanted) {
        Ok(Ok(read)) => read,
        Ok(Err(reason)) => return Ok(Err(reason)),
        Err(error) => return damage(&error),
    };
    match verify::verify(&db) {
        Ok(()) => {}
        Err(Finding::Damaged(what)) => {
            tracing::warn!(what, "the consent store is damaged");
            return Ok(Err(RebuildReason::Damaged));
        }
        Err(Finding::Error(error)) => return damage(&error),
    }
    let n_known = positions.len();
    let positions = header::with_added(positions, wanted.partitions as usize);
    let is_learned = header.topic_id.is_empty() && !wanted.topic_id.is_empty();
    if is_learned || n_known < positions.len() {
        if n_known < positions.len() {
            let now = positions.len();
            tracing::warn!(
                n_known,
                now,
                "partitions were added to the consent topic: they are read from their beginning"
            );
        }
        let times = header::with_added(times, positions.len());
        let meta = [
            (header::HEADER_KEY, header::encode(wanted)),
            (header::POSITIONS_KEY, header::encode_positions(&positions)),
            (header::TIMES_KEY, header::encode_times(&times)),
        ];
        if let Err(error) = write_meta(&db, &meta) {
            return damage(&error);
        }
    }
    Ok(Ok(Reused { db, positions }))
}

/// What a store says about itself.
struct Meta {
    header: Identity,
    positions: Vec<i64>,
    times: Vec<Timestamp>,
}

fn read_meta(db: &DB, wanted: &Identity) -> Result<Result<Meta, RebuildReason>, rocksdb::Error> {
    let Some(meta) = db.cf_handle(META) else {
        return Ok(Err(RebuildReason::NoHeader));
    };
    let read = |key: &[u8]| db.get_cf_opt(meta, key, &layout::read_options());
    let Some(stored) = read(header::HEADER_KEY)? else {
        return Ok(Err(RebuildReason::NoHeader));
    };
    let header = match header::check(&stored, wanted) {
        Ok(found) => found,
        Err(reason) => return Ok(Err(reason)),
    };
    let positions = read(header::POSITIONS_KEY)?;
    let n_partitions = header.partitions as usize;
    let times = read(header::TIMES_KEY)?;
    let times = times.and_then(|stored| header::decode_times(&stored, n_partitions));
    let positions = positions.and_then(|stored| header::decode_positions(&stored, n_partitions));
    let exact = positions.zip(times);
    let meta = exact.map(|(positions, times)| Meta { header, positions, times });
    Ok(meta.ok_or(RebuildReason::Damaged))
}

pub(super) fn write_meta(db: &DB, entries: &[(&[u8], Vec<u8>)]) -> Result<(), rocksdb::Error> {
    let mut batch = WriteBatch::default();
    if let Some(meta) = db.cf_handle(META) {
        for (key, value) in entries {
            batch.put_cf(meta, key, value);
        }
        db.write_opt(batch, &layout::write_options())?;
        db.flush_cf(meta)?;
    }
    Ok(())
}

pub(super) fn open_database(
    dir: &Path,
    layout: &Layout,
    create: bool,
) -> Result<DB, rocksdb::Error> {
    DB::open_cf_descriptors(&layout.database(create), dir.join(DB_DIR), layout.column_families())
}
