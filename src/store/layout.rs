//! Column families, RocksDB options and the memory cap.
//!
//! | column family | key | value |
//! |---|---|---|
//! | `state` | subject | covered addresses and `ConsentState` bytes, see `row.rs` |
//! | `timeline` | subject, at, event, partition, offset | the facts of that event |
//! | `meta` | `header`, `positions`, `times` | see `header.rs` |
//!
//! One number bounds memory: data, index and filter blocks and the memtables are all charged to one
//! cache, and the writer waits for a flush when the memtables outgrow their share. INVARIANT: the shares
//! below add up to less than `state.memory_bytes`.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DataBlockIndexType,
    LogLevel, MemtableFactory, Options, ReadOptions, SliceTransform, WriteBufferManager,
    WriteOptions, statistics::StatsLevel,
};

/// Bytes of a subject at the head of a key.
pub(super) const SUBJECT_BYTES: usize = 16;
/// The directory of the RocksDB inside the state directory.
pub(super) const DB_DIR: &str = "db";

/// The least `state.memory_bytes` with which the shares below still make sense.
pub const MEMORY_BYTES_MIN: usize = 64 << 20;

pub(super) const STATE: &str = "state";
pub(super) const TIMELINE: &str = "timeline";
pub(super) const META: &str = "meta";
const DEFAULT: &str = "default"; // RocksDB insists on it; always empty
pub(super) const COLUMN_FAMILIES: [&str; 4] = [DEFAULT, STATE, TIMELINE, META];

/// Small, because nearly every read wants one state of about a hundred bytes.
const BLOCK_BYTES: usize = 2 << 10;
/// Also the granularity in which index and filter blocks enter the cache.
/// Keys between two points a search can start from. Keys are hashes without common beginnings, so longer runs
/// save no bytes and cost a comparison each: 16, RocksDB's own, took 9% longer to read a state.
const RESTART_INTERVAL: i32 = 2;
const SST_BYTES: u64 = 32 << 20;
const BASE_LEVEL_BYTES: u64 = 128 << 20;
const OPEN_FILES_MAX: i32 = 512;
const FILTER_BITS_PER_KEY: f64 = 10.0;
/// One flush and one compaction at a time; lanes need the cores.
const BACKGROUND_JOBS: i32 = 2;
/// Memtables of one column family before RocksDB itself stops writes.
const MEMTABLES_MAX: i32 = 4;
const MEMTABLE_FILTER_SHARE: f64 = 0.05;
const ARENA_BLOCK_BYTES: usize = 256 << 10;
const MANIFEST_BYTES_MAX: usize = 16 << 20;
const INFO_LOG_BYTES_MAX: usize = 1 << 20;
const INFO_LOGS_MAX: usize = 2;
/// Overwritten and erased values leave the disk at the latest after this long (promise P6).
const REWRITE_EVERY_SECONDS: u64 = 7 * 24 * 3600;

/// How `state.memory_bytes` is divided.
pub(super) struct Memory {
    /// Blocks and memtables together.
    pub(super) cache_bytes: usize,
    /// Memtables at which RocksDB starts a flush; part of the cache.
    pub(super) flush_at_bytes: usize,
    /// Memtables at which the writer waits for the flush; part of the cache.
    pub(super) wait_at_bytes: usize,
    /// The writer's uncommitted batch.
    pub(super) batch_bytes: usize,
}

impl Memory {
    /// The batch counts twice, since RocksDB gets a copy at commit. Two sixteenths belong to the store of
    /// approvals (`approvals/open.rs`); the rest, one, is for open table files, iterators and answers being read.
    pub(super) fn divide(memory_bytes: usize) -> Self {
        let sixteenth = memory_bytes / 16;
        Self {
            cache_bytes: sixteenth.saturating_mul(11),
            flush_at_bytes: sixteenth.saturating_mul(4),
            wait_at_bytes: sixteenth.saturating_mul(6),
            batch_bytes: sixteenth,
        }
    }
}

/// Options of the database and its column families, with the pools they charge.
pub(super) struct Layout {
    pub(super) cache: Cache,
    pub(super) memtables: WriteBufferManager,
    pub(super) memory: Memory,
    /// Carries the counters of RocksDB, which every copy of it shares.
    pub(super) tickers: Options,
}

impl Layout {
    pub(super) fn new(memory_bytes: usize) -> Self {
        let memory = Memory::divide(memory_bytes);
        // 0: entries differ widely in size (data, index, filter, memtable charges)
        let cache = Cache::new_hyper_clock_cache(memory.cache_bytes, 0);
        let memtables = WriteBufferManager::new_write_buffer_manager_with_cache(
            memory.flush_at_bytes,
            false, // a stalled write would hang when the flush fails; the writer waits by itself
            cache.clone(),
        );
        let mut tickers = Options::default();
        tickers.enable_statistics();
        // counts without times; the binding's name is one off, this is RocksDB's own `kExceptTimers`
        tickers.set_statistics_level(StatsLevel::ExceptHistogramOrTimers);
        Self { cache, memtables, memory, tickers }
    }

    pub(super) fn database(&self, create: bool) -> Options {
        let mut options = self.shared(self.tickers.clone());
        options.create_if_missing(create);
        options.create_missing_column_families(create);
        options.set_error_if_exists(create);
        options.set_paranoid_checks(true);
        options.set_atomic_flush(true);
        options.set_write_buffer_manager(&self.memtables);
        options.set_max_open_files(OPEN_FILES_MAX);
        options.set_max_background_jobs(BACKGROUND_JOBS);
        options.set_allow_concurrent_memtable_write(false); // there is one writer
        options.set_enable_write_thread_adaptive_yield(false);
        options.set_max_manifest_file_size(MANIFEST_BYTES_MAX);
        options.set_bytes_per_sync(1 << 20);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options.set_log_level(LogLevel::Warn);
        options.set_max_log_file_size(INFO_LOG_BYTES_MAX);
        options.set_keep_log_file_num(INFO_LOGS_MAX);
        options
    }

    pub(super) fn column_families(&self) -> Vec<ColumnFamilyDescriptor> {
        COLUMN_FAMILIES
            .into_iter()
            .map(|name| ColumnFamilyDescriptor::new(name, self.column_family(name)))
            .collect()
    }

    fn column_family(&self, name: &str) -> Options {
        let mut options = self.shared(Options::default());
        let mut table = self.table();
        match name {
            STATE => {
                options.set_memtable_whole_key_filtering(true);
                options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_SHARE);
                table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
                table.set_data_block_hash_ratio(0.75);
            }
            TIMELINE => {
                options.set_prefix_extractor(SliceTransform::create_fixed_prefix(SUBJECT_BYTES));
                table.set_whole_key_filtering(false);
                // appended and sorted at flush: half the cost of a write, for a slow rare read
                options.set_memtable_factory(MemtableFactory::Vector);
            }
            _ => {}
        }
        options.set_block_based_table_factory(&table);
        options
    }

    fn shared(&self, mut options: Options) -> Options {
        // the write buffer manager decides when to flush; these only have to be out of its way
        options.set_write_buffer_size(self.memory.flush_at_bytes);
        options.set_max_write_buffer_number(MEMTABLES_MAX);
        options.set_arena_block_size(ARENA_BLOCK_BYTES);
        // fresh files are merged soon: packing them first would be a quarter of a flush
        options.set_compression_per_level(&[DBCompressionType::None, DBCompressionType::Lz4]);
        options.set_target_file_size_base(SST_BYTES);
        options.set_max_bytes_for_level_base(BASE_LEVEL_BYTES);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_periodic_compaction_seconds(REWRITE_EVERY_SECONDS);
        options
    }

    fn table(&self) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&self.cache);
        table.set_block_size(BLOCK_BYTES);
        table.set_block_restart_interval(RESTART_INTERVAL);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_bloom_filter(FILTER_BITS_PER_KEY, false);
        table.set_checksum_type(rocksdb::ChecksumType::XXH3);
        table
    }
}

/// No write goes to a write-ahead log: Kafka has it.
pub(super) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.disable_wal(true);
    options
}

pub(super) fn read_options() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options
}

/// For reading much once: does not push useful blocks out of the cache.
pub(super) fn scan_options() -> ReadOptions {
    let mut options = read_options();
    options.fill_cache(false);
    options.set_readahead_size(2 << 20);
    options.set_total_order_seek(true);
    options
}

#[cfg(test)]
mod tests {
    use super::{MEMORY_BYTES_MIN, Memory};

    #[test]
    fn shares_add_up_to_less_than_the_cap() {
        for bytes in [MEMORY_BYTES_MIN, 256 << 20, 3 << 30] {
            let memory = Memory::divide(bytes);
            let approvals = bytes / 8;
            assert!(memory.cache_bytes + 2 * memory.batch_bytes + approvals < bytes);
            assert!(memory.flush_at_bytes < memory.wait_at_bytes);
            assert!(memory.wait_at_bytes < memory.cache_bytes);
        }
    }
}
