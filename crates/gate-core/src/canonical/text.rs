//! The canonical form of a text: what a reader sees, without how it was typed.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::borrow::Cow;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();

/// How often a form may change its own form before it is taken as it is; one more pass than any text needs.
const PASSES_MAX: usize = 4;

/// The canonical form of a text: two texts that a person would read as the same word have the same one.
///
/// Invisible characters go (format, zero width, control, whatever Unicode calls ignorable), compatible forms
/// become one (NFKC), case is folded fully (`ß` is `ss`, `ς` is `σ`; the Turkish `İ` and `ı` are `i`, since nobody
/// knows the writer's language), typographic quotation marks and dashes become plain ones, blanks of every
/// kind become one space, and none is left at the ends. Empty when nothing visible was written.
///
/// Borrows when the text is its own canonical form within blanks, as most ASCII is.
///
/// ```
/// use gate_core::canonical::fold;
/// assert_eq!(fold("  GROẞMARKT\u{a0}\tNord\u{200d} "), fold("grossmarkt nord"));
/// assert_eq!(fold("Bu\u{308}ro"), "b\u{fc}ro");
/// assert_eq!(fold("\u{feff}\u{200b} "), "");
/// ```
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = pass(text);
    for _ in 1..PASSES_MAX {
        let again = pass(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    Cow::Owned(folded)
}

/// A text without what nobody sees and with one form of each compatible character (NFKC), its case kept and
/// each blank a space, none at the ends: the start of whatever is no word, such as an address. Borrows when
/// it is so already.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let trimmed = text.trim_matches(|c: char| is_blank_char(c) || c.is_ascii_control());
    if trimmed.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Cow::Borrowed(trimmed);
    }
    let pass = |text: &str| -> String {
        let visible = text.chars().filter(|c| !is_invisible(*c));
        let seen: String = visible.map(|c| if is_blank_char(c) { ' ' } else { c }).collect();
        NFKC.normalize(seen.trim_matches(' ')).into_owned()
    };
    let mut cleaned = pass(text);
    for _ in 1..PASSES_MAX {
        let again = pass(&cleaned);
        if again == cleaned {
            break;
        }
        cleaned = again;
    }
    Cow::Owned(cleaned)
}

/// [`fold`] of a text that is all ASCII.
fn fold_ascii(text: &str) -> Cow<'_, str> {
    if is_folded(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let trimmed = text.trim_matches(|c: char| c == ' ' || c.is_ascii_control());
    if is_folded(trimmed.as_bytes()) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    for byte in trimmed.bytes() {
        match byte {
            b' ' | b'\t'..=b'\r' if out.ends_with(' ') => {}
            b' ' | b'\t'..=b'\r' => out.push(' '),
            byte if byte.is_ascii_control() => {}
            byte => out.push(char::from(byte.to_ascii_lowercase())),
        }
    }
    Cow::Owned(out)
}

/// Whether ASCII is its own canonical form. Most has no blank at all, which is seen at once.
fn is_folded(text: &[u8]) -> bool {
    let is_lower = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    let is_spaced = || {
        !text.starts_with(b" ")
            && !text.ends_with(b" ")
            && text.iter().all(|byte| *byte == b' ' || is_lower(byte))
            && !text.windows(2).any(|pair| pair == b"  ")
    };
    text.iter().all(is_lower) || is_spaced()
}

fn pass(text: &str) -> String {
    let seen: String = text.chars().filter_map(as_seen).collect();
    let composed = NFKC.normalize(&seen);
    let folded = CASE.fold_string(&composed);
    let undotted = folded.replace("i\u{307}", "i");
    let composed = NFKC.normalize(&undotted);
    single_spaced(composed.chars().filter_map(as_seen))
}

/// A character as a reader sees it; `None` for one that nobody sees.
fn as_seen(c: char) -> Option<char> {
    match c {
        c if is_blank_char(c) => Some(' '),
        '\u{130}' | '\u{131}' => Some('i'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' => Some('-'),
        '\u{2018}'..='\u{201b}' | '\u{2bc}' | '\u{2032}' | '\u{b4}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{2033}' => Some('"'),
        c => Some(c).filter(|c| !is_invisible(*c)),
    }
}

/// Whether nothing visible was written: such a field counts as absent.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| is_blank_char(c) || is_invisible(c))
}

/// White space of every kind, and the Braille pattern without dots.
pub(crate) fn is_blank_char(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Whether a character leaves no trace on the page: format characters such as direction marks, joiners,
/// byte order marks, variation selectors, fillers, and control characters that are no blanks.
pub(crate) fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !is_blank_char(c);
    }
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Format | GeneralCategory::Control
        )
}

/// Runs of blanks as one space, none at the ends.
fn single_spaced(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        if c != ' ' || !(out.is_empty() || out.ends_with(' ')) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_text() {
        for (one, other) in [
            ("B\u{fc}ro Nord", "Bu\u{308}ro Nord"),
            ("Tents Ltd", "Tents\tLtd"),
            ("Tents Ltd", "Tents \t Ltd"),
            ("B\u{fc}ro Nord", "B\u{fc}ro \u{a0} Nord"),
            ("Tents Ltd", "\u{3000}Tents\u{a0}\u{2009}Ltd\u{85}"),
            ("Tents", "Te\u{200d}nts"),
            ("Tents", "T\u{ad}e\u{200b}n\u{fe0f}ts\u{2060}\u{e0041}"),
            ("GROSSMARKT", "Gro\u{df}markt"),
            ("GROSSMARKT", "GRO\u{1e9e}MARKT"),
            ("\u{3a3}\u{39f}\u{3a6}\u{39f}\u{3a3}", "\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c2}"),
            ("\u{130}stanbul", "ISTANBUL"),
            ("I\u{307}stanbul", "\u{131}stanbul"),
            ("\u{fb01}t", "FIT"),
            ("\u{ff21}\u{ff23}\u{ff2d}\u{ff25}", "acme"),
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("McDonald\u{2019}s", "McDonald's"),
            ("Rhein\u{2013}Main", "Rhein\u{2011}Main"),
            ("\u{feff}c-88", "c-88"),
            ("c-\u{0}88", "C-88"),
            ("\u{1c4}", "\u{1c6}"),
            ("\u{2126}", "\u{3c9}"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
            // a mathematical i without its dot: what it becomes composes only then
            ("\u{1d6a4}\u{301}", "\u{ed}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} {other:?}");
        }
        for (one, other) in [("acme", "acne"), ("tents ltd", "tentsltd"), ("e", "\u{e9}")] {
            assert_ne!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn nothing_visible_is_nothing() {
        for text in ["", " ", "\u{200b}", "\t\u{feff}\r\n", "\u{2800}\u{3164}", "\u{0}\u{202e}"] {
            assert_eq!(fold(text), "", "{text:?}");
        }
    }

    #[test]
    fn a_canonical_ascii_text_is_borrowed() {
        for text in ["acme", " acme-ltd ", "big tents", "\tc-88\n", "marketing.offers", ""] {
            assert!(matches!(fold(text), Cow::Borrowed(_)), "{text:?}");
        }
        assert!(matches!(fold("Acme"), Cow::Owned(_)));
        for text in ["ben@example.net", " Ben B. <ben@example.net>\n", "Acme Ltd", " "] {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text:?}");
        }
    }

    /// An accent that stands alone is a blank with a mark, and a blank goes from the ends.
    #[test]
    fn a_clean_text_is_clean() {
        for (written, read) in [("\u{b4}ben", "\u{301}ben"), ("\u{a8} ben", "\u{308} ben")] {
            assert_eq!(clean(written), read);
            assert_eq!(clean(read), read);
        }
    }

    /// Every character of the scripts, between letters, has a form that is its own form.
    #[test]
    fn a_form_is_its_own_form() {
        let scripts =
            ('\0'..='\u{3fff}').chain('\u{a000}'..='\u{abff}').chain('\u{d7a0}'..='\u{ffff}');
        let further = ('\u{10000}'..='\u{12fff}').chain('\u{1d000}'..='\u{1ffff}');
        let marks = '\u{e0000}'..='\u{e01ff}';
        let all: Vec<char> = scripts.chain(further).chain(marks).collect();
        for chunk in all.chunks(64) {
            let text: String = chunk.iter().flat_map(|c| ['a', *c, 'i', *c]).collect();
            let once = fold(&text);
            assert_eq!(fold(&once), once, "{:?}", chunk.first());
        }
    }
}
