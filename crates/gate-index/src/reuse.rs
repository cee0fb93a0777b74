//! Whether a database on disk is one that goes on.

use crate::layout::{DB_DIR, Layout, META};
use crate::marker::private_dir;
use crate::notes::Notes;
use crate::options::{read_options, write_options};
use crate::state::{
    BIRTH_BYTES, BIRTH_KEY, HEADER_KEY, NOTES_KEY, STATE_KEY, State, check_header, header,
};
use crate::{Identity, IndexError, Rebuilt};
use rocksdb::{DB, WriteBatch};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::atomic::Ordering;

/// A database and what it says of itself.
pub(crate) struct Found {
    pub(crate) db: DB,
    pub(crate) state: State,
    pub(crate) notes: Notes,
    pub(crate) birth: [u8; BIRTH_BYTES],
}

/// The stored database, or why it does not go on.
pub(crate) fn reuse(
    dir: &Path,
    identity: &Identity,
    layout: &Layout,
) -> Result<Result<Found, Rebuilt>, IndexError> {
    let damage = |error: &rocksdb::Error| match IndexError::of_rocksdb(dir, error) {
        IndexError::Damaged { .. } => Ok(Err(Rebuilt::Damaged)),
        other => Err(other),
    };
    let db = match open_database(dir, layout) {
        Ok(db) => db,
        Err(error) => return damage(&error),
    };
    let Some(meta) = db.cf_handle(META) else {
        return Ok(Err(Rebuilt::Damaged));
    };
    let read = |key: &[u8]| db.get_cf_opt(meta, key, &read_options());
    let stored =
        (|| Ok((read(HEADER_KEY)?, read(STATE_KEY)?, read(NOTES_KEY)?, read(BIRTH_KEY)?)))();
    let (stored_header, state, notes, birth) = match stored {
        Ok(stored) => stored,
        Err(error) => return damage(&error),
    };
    let is_learned = match check_header(&stored_header.unwrap_or_default(), identity) {
        Ok(is_learned) => is_learned,
        Err(why) => return Ok(Err(why)),
    };
    let state = state.and_then(|bytes| State::decode(&bytes));
    let notes = notes.map_or_else(|| Some(Notes::default()), |bytes| Notes::decode(&bytes));
    let birth = birth.and_then(|bytes| bytes.try_into().ok());
    let (Some(state), Some(notes), Some(birth)) = (state, notes, birth) else {
        return Ok(Err(Rebuilt::Damaged));
    };
    if is_learned
        && let Err(error) = db.put_cf_opt(meta, HEADER_KEY, header(identity), &write_options())
    {
        return damage(&error);
    }
    layout.floors.decisions.store(state.floor, Ordering::Release);
    layout.floors.changes_ms.store(state.changes_floor_ms, Ordering::Release);
    Ok(Ok(Found { db, state, notes, birth }))
}

impl Found {
    /// An empty database.
    pub(crate) fn create(
        dir: &Path,
        identity: &Identity,
        layout: &Layout,
    ) -> Result<Self, IndexError> {
        let fail = |error: rocksdb::Error| IndexError::of_rocksdb(dir, &error);
        // before RocksDB makes it with a mode of its own
        private_dir(&dir.join(DB_DIR)).map_err(|error| IndexError::io(dir, "create", &error))?;
        let db = open_database(dir, layout).map_err(fail)?;
        let state = State::default();
        let birth = RandomState::new().hash_one(dir).to_be_bytes();
        let mut batch = WriteBatch::default();
        if let Some(meta) = db.cf_handle(META) {
            batch.put_cf(meta, HEADER_KEY, header(identity));
            batch.put_cf(meta, STATE_KEY, state.encode());
            batch.put_cf(meta, BIRTH_KEY, birth);
            db.write_opt(batch, &write_options()).map_err(fail)?;
            db.flush_cf(meta).map_err(fail)?;
        }
        Ok(Self { db, state, notes: Notes::default(), birth })
    }
}

fn open_database(dir: &Path, layout: &Layout) -> Result<DB, rocksdb::Error> {
    DB::open_cf_descriptors(&layout.database(), dir.join(DB_DIR), layout.families())
}
