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
/// Most purposes of one request to be written to: they are asked for in one mail, and read on one page.
pub const ASKED_MAX: usize = 8;
/// Longest token of a confirmation link.
pub const CONFIRM_TOKEN_CHARS_MAX: usize = 2_000;
/// Shortest life of a confirmation link, in hours: a weekend is no reason to ask again.
pub const OPT_IN_HOURS_MIN: u32 = 48;
/// Longest life of a confirmation link, in hours.
pub const OPT_IN_HOURS_MAX: u32 = 7 * 24;
/// For how long the same wish is the same request, in seconds.
pub const REPEAT_SECONDS: i64 = 60;
/// Longest body of a sign-up form.
pub const SIGN_UP_BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest value of a field of it.
pub const SIGN_UP_FIELD_BYTES_MAX: usize = 1024;
/// Longest text of a mail that asks for a confirmation: eight notices and what surrounds them.
pub const REQUEST_MAIL_BYTES_MAX: usize = 256 * 1024;
/// Longest subject of it.
pub const REQUEST_SUBJECT_BYTES_MAX: usize = 1024;
