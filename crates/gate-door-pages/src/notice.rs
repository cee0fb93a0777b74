//! Texts that somebody has approved, shown to the letter, and the text of a page as it was shown: what evidence hashes.

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;
use crate::escape::{ENTITIES, is_unseen};
use crate::language::Language;

/// As many characters as a notice may have. Nobody reads more, and the page has to be read before the button is pressed.
pub const NOTICE_CHARS_MAX: usize = 4_000;
/// As long as a version may be.
pub const VERSION_CHARS_MAX: usize = 64;

/// An approved text in one language. It is shown exactly as it stands, so its hash is that of what was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Plain", into = "Plain")]
pub struct Notice {
    version: String,
    locale: Language,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    version: String,
    locale: Language,
    text: String,
}

/// Why a text cannot be shown to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// No version, too long a version, or one with spaces.
    #[error("the version is empty, has spaces or more than {VERSION_CHARS_MAX} characters")]
    Version,
    /// No text.
    #[error("the text is empty")]
    Empty,
    /// Too much text.
    #[error("the text has more than {NOTICE_CHARS_MAX} characters")]
    Long,
    /// White space that a page would not show.
    #[error("the text begins or ends with white space")]
    Edges,
    /// A character that is not seen and changes how others look.
    #[error("the text holds U+{0:04X}, which is not seen and changes how the text looks")]
    Unseen(u32),
}

impl Notice {
    /// An approved text.
    ///
    /// # Errors
    /// When it could not be shown to the letter.
    pub fn new(version: &str, locale: Language, text: &str) -> Result<Self, NoticeError> {
        let fits = (1..=VERSION_CHARS_MAX).contains(&version.chars().count());
        if !fits || version.chars().any(|c| c.is_whitespace() || is_unseen(c)) {
            return Err(NoticeError::Version);
        }
        if text.is_empty() {
            return Err(NoticeError::Empty);
        }
        if text.chars().count() > NOTICE_CHARS_MAX {
            return Err(NoticeError::Long);
        }
        if text.trim() != text {
            return Err(NoticeError::Edges);
        }
        if let Some(c) = text.chars().find(|c| is_unseen(*c) || *c == '\t') {
            return Err(NoticeError::Unseen(u32::from(c)));
        }
        Ok(Self { version: version.to_owned(), locale, text: text.to_owned() })
    }

    /// The version, for `evidence.notice_version`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The language, for `evidence.locale`.
    #[must_use]
    pub fn locale(&self) -> Language {
        self.locale
    }

    /// The text as it is shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text as it is shown, for `evidence.notice_text_sha256`.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256_hex(&self.text)
    }
}

impl TryFrom<Plain> for Notice {
    type Error = NoticeError;

    fn try_from(plain: Plain) -> Result<Self, NoticeError> {
        Self::new(&plain.version, plain.locale, &plain.text)
    }
}

impl From<Notice> for Plain {
    fn from(notice: Notice) -> Self {
        Self { version: notice.version, locale: notice.locale, text: notice.text }
    }
}

/// The words between `<main>` and `</main>` of a page of ours, a line for each stretch of text: what a person had before them when
/// they pressed a button. Its [`sha256_hex`] is evidence for pages that show no notice. Tokens and links are no words.
#[must_use]
pub fn shown_text(html: &str) -> String {
    let main = html.split_once("<main").map_or("", |(_, after)| after);
    let main = main.split_once("</main>").map_or(main, |(before, _)| before);
    let stretches = main.split('<').filter_map(|piece| piece.split_once('>'));
    let texts = stretches.map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
    texts.map(unescaped).collect::<Vec<_>>().join("\n")
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let known = ENTITIES.iter().find_map(|(c, e)| Some((*c, entity.strip_prefix(e)?)));
        let (c, after) = known.unwrap_or(('&', entity.get(1..).unwrap_or_default()));
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_to_the_letter_is_no_notice() {
        let new = |text: &str| Notice::new("2026-11", Language::Arabic, text).map(|n| n.sha256());
        assert_eq!(new("نعم\u{200f}، Tents\nLtd"), Ok(sha256_hex("نعم\u{200f}، Tents\nLtd")));
        assert_eq!(new(""), Err(NoticeError::Empty));
        assert_eq!(new(" yes"), Err(NoticeError::Edges));
        assert_eq!(new(&"a".repeat(NOTICE_CHARS_MAX + 1)), Err(NoticeError::Long));
        for unseen in ['\r', '\0', '\t', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{e000}']
        {
            assert_eq!(new(&format!("a{unseen}b")), Err(NoticeError::Unseen(u32::from(unseen))));
        }
        assert_eq!(Notice::new("", Language::English, "yes"), Err(NoticeError::Version));
        assert_eq!(Notice::new("a b", Language::English, "yes"), Err(NoticeError::Version));
    }

    #[test]
    fn the_words_of_a_page_are_read_back() {
        let html = "<title>x</title><main id=\"main\"> <h1>a &amp;lt; <b>b</b></h1>\n<p></p>c&#39;d&nbsp;</main>e";
        assert_eq!(shown_text(html), "a &lt;\nb\nc'd&nbsp;");
        assert_eq!(shown_text("nothing"), "");
        assert_eq!(shown_text("<main"), "");
    }
}
