//! How much the door reads of one request. Each bound has a name; what is over one is refused before it costs anything.

/// Longest body of a request, in bytes (docs/door-sources.md).
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most items of one request.
pub const ITEMS_MAX: usize = 1_000;
/// Deepest JSON that is parsed.
pub const JSON_DEPTH_MAX: usize = 32;
/// Longest path with query.
pub const PATH_BYTES_MAX: usize = 16 * 1024;
/// Most headers that are looked at.
pub const HEADERS_MAX: usize = 128;
/// Most fields of a form.
pub const FORM_FIELDS_MAX: usize = 1_000;
/// Most signatures in one header that are tried.
pub const SIGNATURES_MAX: usize = 8;
/// Most keys of one kind at a source: the one in use and the one that comes or goes.
pub const KEYS_MAX: usize = 2;
/// Longest body of a one-click request.
pub const ONE_CLICK_BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest token in its text form.
pub const TOKEN_CHARS_MAX: usize = 4 * 1024;
/// Longest event id that is made of a provider's own; a longer one is hashed.
pub const EVENT_ID_BYTES_MAX: usize = 512;
/// Most headers and blocks of a report by mail.
pub const REPORT_BLOCKS_MAX: usize = 1_000;
/// Longest window a source may configure, in seconds: a week.
pub const TOLERANCE_SECONDS_MAX: u32 = 7 * 24 * 3600;
/// How far a provider's clock may be ahead of ours, in seconds.
pub const AHEAD_SECONDS_MAX: i64 = 300;
