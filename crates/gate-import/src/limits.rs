//! How much an import reads and keeps at once. Each bound has a name; what is over one is a problem with a line, or an error.

/// Longest row of a table, and longest line of JSON, in bytes of UTF-8.
pub const ROW_BYTES_MAX: usize = 256 * 1024;
/// Most columns of a table, and most members of a row of JSON.
pub const COLUMNS_MAX: usize = 1_024;
/// Deepest nesting of a row of JSON; the row itself is at depth 1.
pub const JSON_DEPTH_MAX: usize = 16;
/// Most bytes of a file after unpacking: a terabyte. What unpacks to more is no list of people.
pub const UNPACKED_BYTES_MAX: u64 = 1 << 40;
/// Longest text of a plan, in bytes.
pub const PLAN_BYTES_MAX: usize = 256 * 1024;
/// Most statements of a plan, each of which may make a change of every row.
pub const STATEMENTS_MAX: usize = 32;
/// Most rows of one table of values.
pub const VALUES_MAX: usize = 10_000;
/// Longest import id, in bytes.
pub const IMPORT_ID_BYTES_MAX: usize = 64;
/// Most lines that are skipped before the header.
pub const SKIPPED_LINES_MAX: u32 = 100;
/// Lines that a preview names for each kind of problem.
pub const SAMPLE_LINES_MAX: usize = 5;
/// Kinds of problems by column, and counts by action, channel and purpose, that a preview keeps apart.
pub const GROUPS_MAX: usize = 1_000;
/// People (with what they speak about) among whom a preview looks for duplicates and conflicts, unless it is told another
/// number: as many as fit a table of 2^23 places, 200 MB.
pub const PEOPLE_MAX: usize = 7_340_032;
/// Contacts and addresses whose operator suppressions an undo tells apart; beyond it, suppressions stay.
pub const SUPPRESSED_MAX: usize = 10_000_000;

/// Bytes that are read at once.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;
