//! The style and the small script, with addresses that change when they do.

use std::sync::LazyLock;

/// What a browser fetches beside the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its path: `/assets/desk.css`.
    pub path: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: &'static str,
    /// Sixteen hexadecimal digits that change with the body; pages ask for `{path}?v={hash}`, so it may be kept for ever.
    pub hash: [u8; 16],
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, body: &'static str) -> Self {
        Self { path, content_type, body, hash: hex(fnv1a(body.as_bytes())) }
    }

    /// The hash as text, for an `ETag`.
    #[must_use]
    pub fn version(&self) -> &str {
        std::str::from_utf8(&self.hash).unwrap_or_default()
    }

    fn href(&self) -> String {
        format!("{}?v={}", self.path, self.version())
    }
}

/// The style.
pub const CSS: Asset =
    Asset::new("/assets/desk.css", "text/css; charset=utf-8", include_str!("../assets/desk.css"));
/// The script; every page works without it.
pub const JS: Asset = Asset::new(
    "/assets/desk.js",
    "text/javascript; charset=utf-8",
    include_str!("../assets/desk.js"),
);

pub(crate) static CSS_HREF: LazyLock<String> = LazyLock::new(|| CSS.href());
pub(crate) static JS_HREF: LazyLock<String> = LazyLock::new(|| JS.href());

/// FNV-1a: it tells versions of our own two files apart, and nobody has to be kept from forging one.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut rest = bytes;
    while let [byte, more @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = more;
    }
    hash
}

const fn hex(hash: u64) -> [u8; 16] {
    let mut out = [b'0'; 16];
    let mut rest: &mut [u8] = &mut out;
    let mut left = hash;
    while let [digit, more @ ..] = rest {
        let value = (left >> 60) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        left <<= 4;
        rest = more;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_fnv() {
        assert_eq!(&hex(fnv1a(b"foobar")), b"85944171f73967e8");
        assert_eq!(CSS_HREF.len(), "/assets/desk.css?v=".len() + 16);
        assert_ne!(CSS.hash, JS.hash);
    }
}
