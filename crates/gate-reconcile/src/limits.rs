//! How much is read, kept and sent at a time. Each bound has a name; what is over one is an error that says so.

/// Longest answer of a list that comes in pages, in bytes.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest answer of a list that the provider gives only as a whole, in bytes: some three million entries.
pub const WHOLE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Longest answer to a call that writes, in bytes.
pub const CALL_BYTES_MAX: usize = 1024 * 1024;
/// Most pages of one reading, over all lists.
pub const PAGES_MAX: u32 = 1_000_000;
/// Most times in a row that a provider may say "later" before that is an error.
pub const WAITS_MAX: u32 = 12;
/// Longest wait that a provider may ask for, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 15 * 60;
/// Most groups, topics or tags of one source.
pub const GROUPS_MAX: usize = 1_024;
/// Longest line of a file, in bytes: more is a quotation mark that was opened and never closed.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most columns of a file.
pub const COLUMNS_MAX: usize = 512;
/// Most problems of single entries that are kept with their place; the others are counted.
pub const PROBLEMS_KEPT_MAX: usize = 100;
/// Most bytes of rows that are sorted in memory at a time. One run of that size is one file of the caller's.
pub const RUN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most runs that are merged, and files that are open: 16 GiB of rows, twice what 50 million people with two rows each need.
pub const RUNS_MAX: usize = 256;
/// Longest text of a bounce that is kept, in bytes; the status code stands at its beginning.
pub const SMTP_BYTES_MAX: usize = 512;
/// Entries that a provider rejects one after another, and takes none between, until the writing ends: it is not about an address then.
pub const REJECTED_IN_A_ROW_MAX: u32 = 100;
