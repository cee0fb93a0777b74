//! What stands between a value and a page: markup is escaped, and characters that would turn or hide text are shown by number.
//!
//! Askama calls this for every expression of every template (`askama.toml`). Its own escaper lets a type mark itself safe; this
//! one does not.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The only escaper of this crate's templates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page;

impl Escaper for Page {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let entity = match c {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\'' => "&#39;",
                c if is_unseen(c) => "",
                _ => continue,
            };
            to.write_str(text.get(plain..at).unwrap_or_default())?;
            if entity.is_empty() {
                write!(to, "[U+{:04X}]", u32::from(c))?;
            } else {
                to.write_str(entity)?;
            }
            plain = at + c.len_utf8();
        }
        to.write_str(text.get(plain..).unwrap_or_default())
    }
}

/// Characters that change how their neighbours look and have no look of their own: an address with one of them is not the
/// address it seems to be, and a right-to-left override would turn the rest of the line round.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
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
        assert_eq!(escaped("Zoë 👩‍🚀 שלום\nzweite"), "Zoë 👩‍🚀 שלום\nzweite");
    }

    #[test]
    fn what_turns_or_hides_text_is_shown() {
        assert_eq!(escaped("ana\u{202e}moc"), "ana[U+202E]moc");
        assert_eq!(escaped("a\u{200b}b\r\nc\0"), "a[U+200B]b[U+000D]\nc[U+0000]");
    }
}
