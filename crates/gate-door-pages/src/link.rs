//! Where a page leads and what its forms carry: paths on the door itself, and the token against forged forms. Both can hold a
//! person's token, so neither shows itself in `Debug`.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::Language;

/// As long as a path with its query may be: more than any token that opens. A link of ours has about 200 characters.
pub const LINK_BYTES_MAX: usize = 4_352;

/// A path on the door itself, perhaps with a query: `/u/AbC…`. It cannot lead to another host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Link(String);

/// A text is no path of ours. The text is not repeated: it may be somebody's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a link is a path on the door: `/`, then no second `/`, only visible ASCII without quotes, `<`, `>`, `\\` and `#`, at most \
     {LINK_BYTES_MAX} bytes"
)]
pub struct NoLink;

impl Link {
    /// The link to `path`.
    ///
    /// # Errors
    /// When it is no path on the door.
    pub fn new(path: &str) -> Result<Self, NoLink> {
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\#`".contains(&b);
        let own = path.starts_with('/') && !path.starts_with("//");
        if own && path.len() <= LINK_BYTES_MAX && path.bytes().all(plain) {
            Ok(Self(path.to_owned()))
        } else {
            Err(NoLink)
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same page in another language: its field `lang` is set.
    pub(crate) fn in_language(&self, language: impl Borrow<Language>) -> String {
        let (path, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let kept = query.split('&').filter(|f| !f.is_empty() && !f.starts_with("lang="));
        let mut out = format!("{path}?lang={}", language.borrow().code());
        for field in kept {
            out.push('&');
            out.push_str(field);
        }
        out
    }
}

impl TryFrom<String> for Link {
    type Error = NoLink;

    fn try_from(path: String) -> Result<Self, NoLink> {
        Self::new(&path)
    }
}

impl From<Link> for String {
    fn from(link: Link) -> Self {
        link.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the hidden field `csrf` holds; the shell makes it and checks it. The one-click form carries none (RFC 8058 section 3.1).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Csrf(pub String);

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_on_the_door_are_links() {
        assert!(Link::new("/u/AbC-_9?lang=de&x=%20").is_ok());
        assert!(Link::new(&format!("/{}", "a".repeat(LINK_BYTES_MAX - 1))).is_ok());
        for no in [
            "",
            "u",
            "//evil.example",
            "/\\evil",
            "https://a",
            "/a b",
            "/a\r\nb",
            "/a\"b",
            "/a<",
            "/ü",
            "/#a",
        ] {
            assert_eq!(Link::new(no), Err(NoLink), "{no}");
        }
        assert_eq!(Link::new(&format!("/{}", "a".repeat(LINK_BYTES_MAX))), Err(NoLink));
    }

    #[test]
    fn the_switch_keeps_the_other_fields() {
        let switched = |path| Link::new(path).unwrap().in_language(Language::Arabic);
        assert_eq!(switched("/u/x"), "/u/x?lang=ar");
        assert_eq!(switched("/u/x?lang=de&a=1"), "/u/x?lang=ar&a=1");
    }

    #[test]
    fn tokens_do_not_show_themselves() {
        let link = Link::new("/u/secret").unwrap();
        assert!(!format!("{link:?}{:?}", Csrf("secret".to_owned())).contains("secret"));
        assert!(!format!("{}", Link::new("/secret secret").unwrap_err()).contains("secret"));
    }
}
