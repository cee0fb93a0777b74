//! Instants and bytes as text.

use gate_core::Timestamp;
use std::fmt::Write as _;

/// RFC 3339 in UTC with microseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| String::from("out-of-range"), |at| at.to_string())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // writing to a String cannot fail
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}
