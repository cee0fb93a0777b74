//! Column families, RocksDB options and the memory cap.
//!
//! | column family | key | value |
//! |---|---|---|
//! | `rows` | decided at, source | what is a decision's own, see `row.rs` |
//! | `sources` | source | decided at |
//! | `people` | person, decided at, source | nothing |
//! | `messages` | hash of the message id, decided at, source | nothing |
//! | `changes` | person, received at, place | number of the action |
//! | `counts` | half hour, verdict, context | how many |
//! | `words` | kind, number or word | the other of the two, see `dictionary.rs` |
//! | `meta` | `header`, `birth`, `state`, `notes`, positions, highest offsets | see `state.rs` |
//!
//! What is older than the bound is not read, and leaves the disk when its file is compacted, at the latest after
//! [`REWRITE_EVERY_SECONDS`]. There is no write-ahead log: Kafka is one.

use crate::key::{CHANGE_BYTES, MESSAGE_BYTES, PREFIX_BYTES, of_sorted};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options,
    WriteBufferManager, compaction_filter::Decision,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The directory of the RocksDB inside that of the index.
pub(crate) const DB_DIR: &str = "db";

pub(crate) const ROWS: &str = "rows";
pub(crate) const SOURCES: &str = "sources";
pub(crate) const PEOPLE: &str = "people";
pub(crate) const MESSAGES: &str = "messages";
pub(crate) const CHANGES: &str = "changes";
pub(crate) const COUNTS: &str = "counts";
pub(crate) const WORDS: &str = "words";
pub(crate) const META: &str = "meta";
const DEFAULT: &str = "default"; // RocksDB insists on it; always empty
pub(crate) const FAMILIES: [&str; 9] =
    [DEFAULT, ROWS, SOURCES, PEOPLE, MESSAGES, CHANGES, COUNTS, WORDS, META];

/// Large, because what packs is what lies together.
const BLOCK_BYTES: usize = 16 << 10;
const SST_BYTES: u64 = 32 << 20;
const BASE_LEVEL_BYTES: u64 = 256 << 20;
const OPEN_FILES_MAX: i32 = 512;
const BACKGROUND_JOBS: i32 = 2;
const MEMTABLES_MAX: i32 = 4;
const MANIFEST_BYTES_MAX: usize = 16 << 20;
const INFO_LOG_BYTES_MAX: usize = 1 << 20;
const INFO_LOGS_MAX: usize = 2;
/// What is older than the bound leaves the disk at the latest after this long.
pub(crate) const REWRITE_EVERY_SECONDS: u64 = 7 * 24 * 3600;

/// Before which instant nothing is kept: in microseconds, and in half hours.
#[derive(Default)]
pub(crate) struct Floors {
    /// Of decisions, in microseconds.
    pub(crate) decisions: AtomicI64,
    /// Of consent changes, in milliseconds.
    pub(crate) changes_ms: AtomicI64,
}

impl Floors {
    pub(crate) fn at(decisions: i64, changes_ms: i64) -> Self {
        Self { decisions: decisions.into(), changes_ms: changes_ms.into() }
    }
}

/// Options of the database and its column families, with the pools they charge.
pub(crate) struct Layout {
    pub(crate) cache: Cache,
    pub(crate) memtables: WriteBufferManager,
    pub(crate) floors: Arc<Floors>,
    flush_at_bytes: usize,
}

impl Layout {
    pub(crate) fn new(memory_bytes: usize) -> Self {
        // memtables are part of the cache; the rest is for the batch that is written, open files and answers
        let cache_bytes = memory_bytes / 4 * 3;
        let flush_at_bytes = memory_bytes / 4;
        let cache = Cache::new_hyper_clock_cache(cache_bytes, 0);
        let memtables = WriteBufferManager::new_write_buffer_manager_with_cache(
            flush_at_bytes,
            true,
            cache.clone(),
        );
        // nothing is deleted before the bound is known
        let floors = Arc::new(Floors::at(i64::MIN, i64::MIN));
        Self { cache, memtables, floors, flush_at_bytes }
    }

    pub(crate) fn database(&self) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_paranoid_checks(true);
        options.set_atomic_flush(true);
        options.set_write_buffer_manager(&self.memtables);
        options.set_max_open_files(OPEN_FILES_MAX);
        options.set_max_background_jobs(BACKGROUND_JOBS);
        options.set_allow_concurrent_memtable_write(false); // there is one writer
        options.set_max_manifest_file_size(MANIFEST_BYTES_MAX);
        options.set_bytes_per_sync(1 << 20);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options.set_log_level(LogLevel::Warn);
        options.set_max_log_file_size(INFO_LOG_BYTES_MAX);
        options.set_keep_log_file_num(INFO_LOGS_MAX);
        options
    }

    pub(crate) fn families(&self) -> Vec<ColumnFamilyDescriptor> {
        FAMILIES
            .into_iter()
            .map(|name| ColumnFamilyDescriptor::new(name, self.family(name)))
            .collect()
    }

    fn family(&self, name: &str) -> Options {
        let mut options = Options::default();
        options.set_write_buffer_size(self.flush_at_bytes);
        options.set_max_write_buffer_number(MEMTABLES_MAX);
        options.set_compression_per_level(&[DBCompressionType::None, DBCompressionType::Lz4]);
        options.set_bottommost_compression_type(DBCompressionType::Zstd);
        options.set_target_file_size_base(SST_BYTES);
        options.set_max_bytes_for_level_base(BASE_LEVEL_BYTES);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_periodic_compaction_seconds(REWRITE_EVERY_SECONDS);
        options.set_block_based_table_factory(&self.table());
        let floors = Arc::clone(&self.floors);
        if let Some(is_old) = is_old(name) {
            options.set_compaction_filter(name, move |_, key, value| {
                if is_old(&floors, key, value) { Decision::Remove } else { Decision::Keep }
            });
        }
        options
    }

    fn table(&self) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&self.cache);
        table.set_block_size(BLOCK_BYTES);
        table.set_format_version(5);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_checksum_type(rocksdb::ChecksumType::XXH3);
        table
    }
}

type IsOld = fn(&Floors, key: &[u8], value: &[u8]) -> bool;

/// How the entries of a column family tell their age.
fn is_old(family: &str) -> Option<IsOld> {
    Some(match family {
        ROWS => |floors, key, _| is_below(floors, key),
        SOURCES => |floors, _, value| is_below(floors, value),
        PEOPLE => |floors, key, _| is_below(floors, key.get(PREFIX_BYTES..).unwrap_or_default()),
        MESSAGES => |floors, key, _| is_below(floors, key.get(MESSAGE_BYTES..).unwrap_or_default()),
        COUNTS => |floors, key, _| {
            let half_hour = key.first_chunk().map(|bytes| of_sorted(*bytes));
            half_hour.is_some_and(|it| it < crate::half_hour::of(floors.decisions()))
        },
        CHANGES => |floors, key, _| {
            let at = key.get(PREFIX_BYTES..).filter(|rest| rest.len() == CHANGE_BYTES);
            let at = at.and_then(|rest| rest.first_chunk()).map(|bytes| of_sorted(*bytes));
            at.is_some_and(|at| at < floors.changes_ms.load(Ordering::Acquire))
        },
        _ => return None,
    })
}

impl Floors {
    pub(crate) fn decisions(&self) -> i64 {
        self.decisions.load(Ordering::Acquire)
    }
}

/// Whether the time that these bytes begin with is before the bound. What has none stays.
fn is_below(floors: &Floors, bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|at| of_sorted(*at) < floors.decisions())
}
