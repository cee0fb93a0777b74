//! What stands around an address in the field: links, brackets, quotation marks, separators, display names.

use crate::canonical::is_blank_char;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Most wrappers around one address, one within the other.
const WRAPPERS_MAX: usize = 12;

/// What a wrapper says the address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapper {
    /// `mailto:`
    Email,
    /// `tel:`, `sms:` and their like.
    Phone,
    /// `whatsapp:`, `wa.me`: digits without plus are a number there.
    Whatsapp,
}

/// An address without what stood around it.
pub(super) struct Unwrapped<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) wrapper: Option<Wrapper>,
}

const SCHEMES: [(&str, Wrapper); 15] = [
    ("mailto", Wrapper::Email),
    ("email", Wrapper::Email),
    ("e-mail", Wrapper::Email),
    ("tel", Wrapper::Phone),
    ("phone", Wrapper::Phone),
    ("mobile", Wrapper::Phone),
    ("callto", Wrapper::Phone),
    ("voice", Wrapper::Phone),
    ("sms", Wrapper::Phone),
    ("smsto", Wrapper::Phone),
    ("mms", Wrapper::Phone),
    ("mmsto", Wrapper::Phone),
    ("rcs", Wrapper::Phone),
    ("whatsapp", Wrapper::Whatsapp),
    ("wa", Wrapper::Whatsapp),
];

/// Takes away what stands around an address, whatever the order; borrows when nothing does.
pub(super) fn unwrapped(text: &str) -> Unwrapped<'_> {
    let mut out = Unwrapped { text: Cow::Borrowed(text), wrapper: None };
    // letters and digits with an at sign, dots and a plus: most addresses as they come
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"@.+-_".contains(&byte);
    if text.bytes().all(is_bare) {
        return out;
    }
    for _ in 0..WRAPPERS_MAX {
        let Some((inner, wrapper)) = peeled(&out.text) else { break };
        out.text = Cow::Owned(inner);
        out.wrapper = wrapper.or(out.wrapper);
    }
    out
}

/// One wrapper less; `None` when there is none.
fn peeled(text: &str) -> Option<(String, Option<Wrapper>)> {
    let bare = text.trim_matches(is_separator);
    if bare.len() < text.len() {
        return Some((bare.to_owned(), None));
    }
    if let Some(number) = whatsapp_link(text) {
        return Some((decoded(number)?, Some(Wrapper::Whatsapp)));
    }
    if let Some((scheme, rest)) = text.split_once(':') {
        let known = SCHEMES.iter().find(|(name, _)| scheme.trim().eq_ignore_ascii_case(name));
        if let Some((_, wrapper)) = known {
            return Some((linked(rest, *wrapper)?, Some(*wrapper)));
        }
    }
    let within = quoted(text).or_else(|| bracketed(text)).or_else(|| angled(text));
    if let Some(inner) = within {
        return Some((inner.to_owned(), None));
    }
    let has_code = |code: &str| text.to_ascii_lowercase().contains(code);
    if !text.contains('@') && ["%40", "%2b", "%3a"].into_iter().any(has_code) {
        return Some((decoded(text)?, None));
    }
    None
}

fn is_separator(c: char) -> bool {
    is_blank_char(c) || matches!(c, ';' | ',' | '\u{60c}' | '\u{61b}' | '\u{3001}' | '\u{ff64}')
}

/// Between quotation marks of any kind.
fn quoted(text: &str) -> Option<&str> {
    const MARKS: &str = "\"'`\u{b4}\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{201f}\u{ab}\u{bb}\u{2039}\u{203a}\u{300c}\u{300d}\u{300e}\u{300f}";
    let is_mark = |c: char| MARKS.contains(c);
    text.strip_prefix(is_mark)?.strip_suffix(is_mark)
}

/// Between brackets that belong together: `(312) 555 (0147)` is not.
fn bracketed(text: &str) -> Option<&str> {
    [('(', ')'), ('[', ']'), ('{', '}')].into_iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        let mut depth = 0_i32;
        let is_within = inner.chars().all(|c| {
            depth += i32::from(c == open) - i32::from(c == close);
            depth >= 0
        });
        is_within.then_some(inner)
    })
}

/// Between angle brackets, whatever name stands before them and whatever remark behind.
fn angled(text: &str) -> Option<&str> {
    let (_, inner) = text.rsplit_once('<')?;
    let inner = inner.split('>').next().unwrap_or_default();
    (!inner.trim().is_empty()).then_some(inner)
}

/// The address of a link, without its parameters; `None` when it names two.
fn linked(rest: &str, wrapper: Wrapper) -> Option<String> {
    let rest = rest.trim_start_matches('/');
    let (head, query) = rest.split_once('?').unwrap_or((rest, ""));
    let named = ["to", "phone"].into_iter().find_map(|name| parameter(query, name));
    let head = match named {
        Some(named) if head.trim().is_empty() || wrapper == Wrapper::Whatsapp => named,
        Some(_) if wrapper == Wrapper::Email => return None, // two people
        Some(_) | None => head,
    };
    if wrapper == Wrapper::Email {
        return decoded(head);
    }
    // RFC 3966: `;ext=`, `;isub=` and the like are no part of the number, but the context may be
    let mut parts = head.split(';');
    let number = decoded(parts.next().unwrap_or_default())?;
    let context = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("phone-context").then(|| value.trim())
    });
    match context.map(decoded) {
        Some(Some(context)) if context.starts_with('+') && !number.trim().starts_with('+') => {
            Some(context + &number)
        }
        _ => Some(number),
    }
}

/// The number in `wa.me/<number>` or `…whatsapp.com/send?phone=<number>`.
fn whatsapp_link(text: &str) -> Option<&str> {
    let after = |text: &'_ str, head: &str| -> Option<usize> {
        let is_head = text.get(..head.len())?.eq_ignore_ascii_case(head);
        is_head.then_some(head.len())
    };
    let strip = |text| ["https://", "http://"].into_iter().find_map(|head| after(text, head));
    let bare = text.get(strip(text).unwrap_or_default()..)?;
    let bare = bare.get(after(bare, "www.").unwrap_or_default()..)?;
    if let Some(at) = after(bare, "wa.me/") {
        return bare.get(at..)?.split(['?', '/', '#']).next();
    }
    let sends = ["api.whatsapp.com/send", "web.whatsapp.com/send", "whatsapp.com/send"];
    sends.into_iter().find_map(|head| after(bare, head))?;
    parameter(bare.split_once('?')?.1, "phone")
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split(['&', '#']).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value)
    })
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_is_taken_away() {
        use Wrapper::{Email, Phone, Whatsapp};
        for (text, inner, wrapper) in [
            ("ben@example.com", "ben@example.com", None),
            ("MAILTO:ben@example.com", "ben@example.com", Some(Email)),
            ("<mailto:ben%40example.com?subject=no>;", "ben@example.com", Some(Email)),
            ("mailto:?to=ben@example.com", "ben@example.com", Some(Email)),
            ("'\u{201c}ben@example.com\u{201d}',", "ben@example.com", None),
            ("\"Ben, B.\" <ben@example.com>", "ben@example.com", None),
            ("Ben <ben@example.com", "ben@example.com", None),
            ("[<ben@example.com>]", "ben@example.com", None),
            ("ben%40example.com", "ben@example.com", None),
            ("tel:+44-7700-900456;ext=12", "+44-7700-900456", Some(Phone)),
            ("tel:7700900456;phone-context=+44", "+447700900456", Some(Phone)),
            ("sms:+447700900456?body=STOP", "+447700900456", Some(Phone)),
            ("SMSTO:%2B447700900456", "+447700900456", Some(Phone)),
            ("(+44 7700 900456)", "+44 7700 900456", None),
            ("(312) 555-0147", "(312) 555-0147", None),
            ("(312) 555 (0147)", "(312) 555 (0147)", None),
            ("a%2bb@example.com", "a%2bb@example.com", None),
            ("tel:+447700900456;phone-context=+1", "+447700900456", Some(Phone)),
            ("tel:7700900456;phone-context=example.com", "7700900456", Some(Phone)),
            ("tel:7700900456;isub=+44", "7700900456", Some(Phone)),
            ("sms:7700900456?to=%2B447700900457", "7700900456", Some(Phone)),
            ("sms:?to=%2B447700900456", "+447700900456", Some(Phone)),
            ("mailto:?to=&to=ben@example.com", "ben@example.com", Some(Email)),
            ("http://www.wa.me/447700900456", "447700900456", Some(Whatsapp)),
            ("https://web.whatsapp.com/send?phone=447700900456", "447700900456", Some(Whatsapp)),
            ("whatsapp:+447700900456", "+447700900456", Some(Whatsapp)),
            ("whatsapp%3A%2B447700900456", "+447700900456", Some(Whatsapp)),
            ("whatsapp://send?phone=447700900456", "447700900456", Some(Whatsapp)),
            ("https://wa.me/447700900456?text=hi", "447700900456", Some(Whatsapp)),
            ("api.whatsapp.com/send?text=a&phone=%2B44770", "+44770", Some(Whatsapp)),
            ("Ben <>", "Ben <>", None),
            ("\u{ab}rcs:+447700900456\u{bb}", "+447700900456", Some(Phone)),
        ] {
            let out = unwrapped(text);
            assert_eq!((&*out.text, out.wrapper), (inner, wrapper), "{text}");
        }
    }
}
