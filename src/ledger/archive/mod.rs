//! The decisions as Parquet files by day, so that DuckDB, Spark or pandas answer what no page foresaw.
//!
//! A file is a stretch of the decision log: `date=2026-11-30/3-1200-1288.parquet` has the decisions of its partition 3, offsets
//! 1200 to 1288, all of that day. Its name comes with its last byte, and the next one begins behind it: so names are all the
//! memory there is, and no decision is in two files or in none, however often the ledger is killed.

mod columns;
mod files;
mod follow;
mod read;

pub use columns::{MESSAGE_TYPE, Rows};
pub use files::{Files, Stretch};
pub(super) use follow::Archive;

/// Decisions in memory, of all files that are open, by about one record more.
const ROWS_MAX: usize = 50_000;
