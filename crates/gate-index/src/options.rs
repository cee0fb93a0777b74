//! How the index reads and writes.

use rocksdb::{ReadOptions, WriteOptions};

/// No write goes to a write-ahead log: Kafka has it.
pub(crate) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.disable_wal(true);
    options
}

pub(crate) fn read_options() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options
}
