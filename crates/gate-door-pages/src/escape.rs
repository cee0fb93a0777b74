//! What stands between a value and a page: markup is escaped, and characters that would turn or hide text are shown by number.
//!
//! As in the desk's pages, with one difference: marks that Arabic needs (U+200E, U+200F, U+061C, and joiners) stay, because an
//! approved text must be shown to the letter. They turn nothing but their neighbours.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The only escaper of this crate's templates; no type can mark itself safe past it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page;

/// The five characters that mean something in HTML.
pub(crate) const ENTITIES: [(char, &str); 5] =
    [('<', "&lt;"), ('>', "&gt;"), ('&', "&amp;"), ('"', "&quot;"), ('\'', "&#39;")];

impl Escaper for Page {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let entity = ENTITIES.iter().find(|(sign, _)| *sign == c).map(|(_, entity)| *entity);
            if entity.is_none() && !is_unseen(c) {
                continue;
            }
            to.write_str(text.get(plain..at).unwrap_or_default())?;
            match entity {
                Some(entity) => to.write_str(entity)?,
                None => write!(to, "[U+{:04X}]", u32::from(c))?,
            }
            plain = at + c.len_utf8();
        }
        to.write_str(text.get(plain..).unwrap_or_default())
    }
}

/// Characters that have no look of their own and change that of others.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{e000}'..='\u{f8ff}')
        || (c.is_control() && !matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Page.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn markup_is_escaped_and_text_stays() {
        assert_eq!(escaped("a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
        assert_eq!(escaped("Zoë 👩‍🚀 \u{200f}العربية\nzweite"), "Zoë 👩‍🚀 \u{200f}العربية\nzweite");
    }

    #[test]
    fn what_turns_or_hides_text_is_shown() {
        assert_eq!(escaped("ana\u{202e}moc"), "ana[U+202E]moc");
        assert_eq!(escaped("a\u{200b}b\r\nc\0"), "a[U+200B]b[U+000D]\nc[U+0000]");
    }
}
