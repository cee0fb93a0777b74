//! Opening the store of approvals: it is used if it belongs to this changelog and is sound, else discarded.
//!
//! Nothing is kept aside: everything in it can be read again from the changelog.

use super::store::{DISCARD_FILE, HEADER_KEY, is_damage, read_options, text_of, write_options};
use super::{SentError, SentStore};
use crate::files;
use gate_engine::FORMAT;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, LogLevel, Options,
    WriteBufferManager,
};
use std::fs;
use std::path::Path;

const SENT_DIR: &str = "sent";
const DB_DIR: &str = "db";
const BLOCK_BYTES: usize = 4 << 10;
const FILTER_BITS_PER_KEY: f64 = 10.0;
const ARENA_BLOCK_BYTES: usize = 256 << 10;
const OPEN_FILES_MAX: i32 = 128;
const INFO_LOG_BYTES_MAX: usize = 1 << 20;
const INFO_LOGS_MAX: usize = 2;

/// Which changelog the rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentIdentity {
    /// Kafka's cluster id.
    pub cluster_id: String,
    /// Name of the changelog topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: u32,
    /// Which pepper the keys were made with.
    pub pepper_id: [u8; 8],
}

impl SentIdentity {
    fn header(&self) -> Vec<u8> {
        let mut header = vec![FORMAT];
        header.extend_from_slice(&self.pepper_id);
        header.extend_from_slice(&self.partitions.to_le_bytes());
        for text in [&self.cluster_id, &self.topic] {
            header.extend_from_slice(&(text.len() as u64).to_le_bytes());
            header.extend_from_slice(text.as_bytes());
        }
        header
    }
}

/// What became of the store that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none.
    Fresh,
    /// It goes on from its checkpoints.
    Reused,
    /// It was deleted, and a fresh one opened.
    Discarded(String),
}

impl SentStore {
    /// Opens the store below the state directory, which the caller has locked (the consent store does).
    ///
    /// # Errors
    /// When the disk refuses. Damage and mismatch are no errors: see [`Opened::Discarded`].
    pub fn open(
        state_dir: &Path,
        identity: &SentIdentity,
        memory_bytes: usize,
    ) -> Result<(Self, Opened), SentError> {
        let dir = state_dir.join(SENT_DIR);
        let io = |doing: &'static str| {
            let dir = dir.clone();
            move |error: std::io::Error| SentError::io(&dir, doing, &error)
        };
        let make = || files::private_dir(&dir);
        make().map_err(io("create the directory"))?;
        let options = options(memory_bytes);
        let db_dir = dir.join(DB_DIR);
        let mut opened = Opened::Fresh;
        // before RocksDB makes it with a mode of its own
        let private = || files::private_dir(&db_dir);
        if fs::exists(&db_dir).map_err(io("look for a store"))? {
            private().map_err(io("look at the store"))?;
            match reuse(&dir, &db_dir, identity, &options)? {
                Ok(db) => return Ok((Self::new(db, &dir), Opened::Reused)),
                Err(why) => opened = Opened::Discarded(why),
            }
        }
        fs::remove_dir_all(&dir).map_err(io("discard the store"))?;
        make().and_then(|()| private()).map_err(io("create the directory"))?;
        let fail =
            |error: &rocksdb::Error| SentError::Io { dir: dir.clone(), what: text_of(error) };
        let db = open_database(&options, &db_dir).map_err(|error| fail(&error))?;
        db.put_opt(HEADER_KEY, identity.header(), &write_options())
            .map_err(|error| fail(&error))?;
        let store = Self::new(db, &dir);
        store.flush(true)?;
        Ok((store, opened))
    }
}

/// The family is named, because only so it has a handle, which sorted reads of many rows need.
fn open_database(options: &Options, db_dir: &Path) -> Result<DB, rocksdb::Error> {
    let family = ColumnFamilyDescriptor::new(rocksdb::DEFAULT_COLUMN_FAMILY_NAME, options.clone());
    DB::open_cf_descriptors(options, db_dir, [family])
}

/// The stored database, or why it is of no use.
fn reuse(
    dir: &Path,
    db_dir: &Path,
    identity: &SentIdentity,
    options: &Options,
) -> Result<Result<DB, String>, SentError> {
    if dir.join(DISCARD_FILE).exists() {
        return Ok(Err("the last process found it damaged".to_owned()));
    }
    let sort = |error: &rocksdb::Error| {
        let what = text_of(error);
        if is_damage(error) { Ok(what) } else { Err(SentError::Io { dir: dir.to_owned(), what }) }
    };
    let db = match open_database(options, db_dir) {
        Ok(db) => db,
        Err(error) => return sort(&error).map(Err),
    };
    match db.get_opt(HEADER_KEY, &read_options()) {
        Ok(Some(header)) if header == identity.header() => Ok(Ok(db)),
        Ok(_) => {
            Ok(Err("it belongs to another cluster, topic, pepper, format or number of partitions"
                .to_owned()))
        }
        Err(error) => sort(&error).map(Err),
    }
}

/// An eighth of `state.memory_bytes`; the consent store leaves that much (`store/layout.rs`).
fn options(memory_bytes: usize) -> Options {
    let share = memory_bytes / 8;
    // three quarters for blocks, to which the memtables are charged; the rest is for a flush under way, open
    // files and answers
    let cache = Cache::new_hyper_clock_cache(share / 4 * 3, 0);
    let memtables =
        WriteBufferManager::new_write_buffer_manager_with_cache(share / 4, false, cache.clone());
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&cache);
    table.set_block_size(BLOCK_BYTES);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_bloom_filter(FILTER_BITS_PER_KEY, false);
    table.set_checksum_type(rocksdb::ChecksumType::XXH3);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_paranoid_checks(true);
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_manager(&memtables);
    options.set_write_buffer_size(share / 4);
    options.set_arena_block_size(ARENA_BLOCK_BYTES);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_max_background_jobs(2);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(INFO_LOG_BYTES_MAX);
    options.set_keep_log_file_num(INFO_LOGS_MAX);
    options
}
