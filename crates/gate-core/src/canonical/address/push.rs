//! Push tokens, install ids and Web Push endpoints: opaque, case kept.

/// Fewest bytes of a token that is recognised without its channel: a word such as `unknown` is none.
const TOKEN_BYTES_MIN: usize = 8;
/// From so many bytes on anything without blanks is a token.
const LONG_TOKEN_BYTES: usize = 32;

/// A token as it is compared: `<ab12 cd34>`, as an old system printed it, is `ab12cd34`.
pub(super) fn token(cleaned: &str) -> String {
    let bracketed = cleaned.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let is_hex = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_hexdigit());
    match bracketed {
        Some(inner) if is_hex(inner) && !inner.trim().is_empty() => inner.replace(' ', ""),
        _ => cleaned.to_owned(),
    }
}

/// A link to a push service. An at sign in it makes no e-mail address.
pub(super) fn is_endpoint(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })
}

/// Whether a text can be nothing but a token, where no channel says so: no number and no word has letters and
/// digits without a blank, and hardly anything is so long.
pub(super) fn is_token(text: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| text.bytes().any(|byte| wanted(&byte));
    let is_mixed = has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit);
    let is_long = text.len() >= LONG_TOKEN_BYTES;
    let is_id = text.len() >= TOKEN_BYTES_MIN && is_mixed;
    !text.contains(' ') && !text.starts_with('+') && text.is_ascii() && (is_long || is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_as_an_old_system_printed_it() {
        for (written, expected) in [
            ("<ab12 cd34>", "ab12cd34"),
            ("<xy12>", "<xy12>"),
            ("< >", "< >"),
            ("<ab12", "<ab12"),
            ("ab12 cd34", "ab12 cd34"),
        ] {
            assert_eq!(token(written), expected, "{written}");
        }
    }

    #[test]
    fn what_can_be_nothing_but_a_token() {
        let long = |n| "a".repeat(n);
        for text in ["abcdefg1", "1234567a", &long(LONG_TOKEN_BYTES)] {
            assert!(is_token(text), "{text}");
        }
        for text in [
            "abcdef1",
            "abcdefgh",
            "12345678",
            "abcd efg1",
            "+1234567a",
            "abcdefg\u{e9}1",
            &long(LONG_TOKEN_BYTES - 1),
        ] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn endpoints() {
        for (text, is) in [
            ("https://push.example.com/a", true),
            ("HTTP://push.example.com/a", true),
            ("https:/", false),
            ("ftp://push.example.com/a", false),
        ] {
            assert_eq!(is_endpoint(text), is, "{text}");
        }
    }
}
