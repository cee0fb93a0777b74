//! Regular expressions of JSON Schema for what the reader takes besides types. Plain enough for every dialect: classes of ASCII,
//! no flags, no look-around.

/// Blanks and control characters of ASCII: a text of nothing else counts as absent.
const BLANK: &str = r"[\x00-\x20\x7f]";
const DATE: &str = r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const TIME: &str = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?";
/// `[UTC]`, as Java prints it, may only stand behind an offset of zero.
const OFFSET: &str = r"(([Zz]|[+-]00:?00)(\[UTC\])?|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])";
/// A part of a dotted path.
const PART: &str = r"[^.\x00-\x20\x7f]+";

/// Something visible in it.
pub(super) fn visible() -> String {
    r"[^\x00-\x20\x7f]".to_owned()
}

/// Nothing visible in it.
pub(super) fn blank() -> String {
    format!("^{BLANK}*$")
}

/// An instant, or nothing.
pub(super) fn instant() -> String {
    format!("^({BLANK}*|{DATE}[Tt ]{TIME}{OFFSET})$")
}

/// A day, or nothing.
pub(super) fn date() -> String {
    format!("^({BLANK}*|{DATE})$")
}

/// A dotted path, or nothing.
pub(super) fn path() -> String {
    format!(r"^{BLANK}*({PART}(\.{PART})*{BLANK}*)?$")
}

/// One of the symbols in any case.
pub(super) fn symbol<'s>(symbols: impl IntoIterator<Item = &'s str>) -> String {
    format!("^{BLANK}*({}){BLANK}*$", in_any_case(symbols))
}

/// The same, or nothing.
pub(super) fn symbol_or_blank<'s>(symbols: impl IntoIterator<Item = &'s str>) -> String {
    format!("^{BLANK}*(({}){BLANK}*)?$", in_any_case(symbols))
}

fn in_any_case<'s>(symbols: impl IntoIterator<Item = &'s str>) -> String {
    let one = |symbol: &str| -> String {
        let letter = |c: char| match c.is_ascii_alphabetic() {
            true => format!("[{}{c}]", c.to_ascii_uppercase()),
            false => c.to_string(),
        };
        symbol.chars().map(letter).collect()
    };
    let all: Vec<String> = symbols.into_iter().map(one).collect();
    all.join("|")
}
