//! SHA-256 in hexadecimal, for evidence and for addresses of files.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 of a text's UTF-8 bytes: 64 hexadecimal digits, as `evidence.notice_text_sha256` takes them.
#[must_use]
pub fn sha256_hex(text: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        let _never_fails = write!(out, "{byte:02x}");
    }
    out
}

/// The beginning of the hash: it tells versions of our own files apart.
pub(crate) fn short(text: &str) -> String {
    let mut hash = sha256_hex(text);
    hash.truncate(16);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // FIPS 180-4, example "abc"
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex("abc"), abc);
        assert_eq!(short("abc"), "ba7816bf8f01cfea");
    }
}
