//! The style and the small script, with addresses that change when they do.

use std::sync::LazyLock;

use crate::digest::short;

/// What a browser fetches beside the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its path: `/assets/door.css`.
    pub path: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// Its text.
    pub body: &'static str,
}

impl Asset {
    /// Sixteen hexadecimal digits that change with the text: pages ask for `{path}?v={version}`, so it may be kept for ever.
    #[must_use]
    pub fn version(&self) -> String {
        short(self.body)
    }
}

/// The style.
pub const CSS: Asset = Asset {
    path: "/assets/door.css",
    content_type: CSS_TYPE,
    body: include_str!("../assets/door.css"),
};
/// The script; every page works without it.
pub const JS: Asset = Asset {
    path: "/assets/door.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_str!("../assets/door.js"),
};
/// The content type of `/brand/{id}.css` as well.
pub const CSS_TYPE: &str = "text/css; charset=utf-8";

pub(crate) static CSS_HREF: LazyLock<String> = LazyLock::new(|| versioned(&CSS));
pub(crate) static JS_HREF: LazyLock<String> = LazyLock::new(|| versioned(&JS));

fn versioned(asset: &Asset) -> String {
    format!("{}?v={}", asset.path, asset.version())
}
